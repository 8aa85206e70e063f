/* SPDX-License-Identifier: Apache-2.0 */
#include "os/program.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/builder.h"
#include "os/file.h"

enum { ARGUMENT_BYTES_MAX = 4 * 1024 * 1024, NAME_BYTES_MAX = 64, CHANNEL_IN_CHILD = 3, SIGNAL_STATUS = 128 };

extern char **environ;

/* /proc has the arguments one behind the other, each with a NUL. */
static char **split(char *at, size_t size)
{
    size_t count = 0;

    for (size_t i = 0; i < size; i++)
        count += at[i] == 0;
    char **arguments = calloc(count + 1, sizeof *arguments);
    for (size_t i = 0; arguments && i < count; i++) {
        arguments[i] = at;
        at += strlen(at) + 1;
    }
    return arguments;
}

static char **environment_with(const char *setting)
{
    size_t count = 0;

    while (environ[count])
        count++;
    char **environment = calloc(count + 2, sizeof *environment);
    if (!environment)
        return NULL;
    memcpy(environment, environ, count * sizeof *environment);
    environment[count] = (char *)(uintptr_t)setting; /* it is only read */
    return environment;
}

static enum result result_of_start(int code)
{
    switch (code) {
    case 0: return RESULT_OK;
    case ENOENT: return RESULT_NOT_FOUND;
    case EACCES:
    case EPERM: return RESULT_REFUSED;
    default: return RESULT_FAILED;
    }
}

/* The child begins with no signal blocked, and with the channel at a number that is free in every program. */
static int spawn(int channel, char **arguments, char **environment, int *out_pid)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none;
    pid_t pid = 0;

    sigemptyset(&none);
    if (posix_spawn_file_actions_init(&actions) != 0)
        return ENOMEM;
    if (posix_spawnattr_init(&attributes) != 0) {
        (void)posix_spawn_file_actions_destroy(&actions); /* cannot fail */
        return ENOMEM;
    }
    int code = posix_spawn_file_actions_adddup2(&actions, channel, CHANNEL_IN_CHILD);
    if (code == 0)
        code = posix_spawnattr_setsigmask(&attributes, &none);
    if (code == 0)
        code = posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    if (code == 0)
        code = posix_spawnp(&pid, arguments[0], &actions, &attributes, arguments, environment);
    (void)posix_spawnattr_destroy(&attributes); /* these two cannot fail */
    (void)posix_spawn_file_actions_destroy(&actions);
    *out_pid = pid;
    return code;
}

enum result os_program_start(const char *name, int channel, struct os_program *out_program)
{
    char setting[NAME_BYTES_MAX];
    struct builder text;

    builder_init(&text, ARGUMENT_BYTES_MAX);
    enum result result = os_file_read("/proc/self/cmdline", &text);
    builder_add_byte(&text, 0);
    if (result != RESULT_OK || !builder_ok(&text) || text.at[0] == 0) {
        builder_done(&text);
        return RESULT_FAILED;
    }
    (void)snprintf(setting, sizeof setting, "%s=%d", name, CHANNEL_IN_CHILD); /* the names are ours, and short */
    char **arguments = split((char *)text.at, text.size - 1);
    char **environment = environment_with(setting);
    result = RESULT_NO_MEMORY;
    if (arguments && environment)
        result = result_of_start(spawn(channel, arguments, environment, &out_program->pid));
    free(environment);
    free(arguments);
    builder_done(&text);
    return result;
}

int os_program_channel(const char *name)
{
    const char *text = getenv(name);
    uint64_t number;

    if (!text || !view_to_number(view_of_string(text), INT32_MAX, &number))
        return -1;
    (void)unsetenv(name); /* what this process starts must not take it for its own */
    if (fcntl((int)number, F_SETFD, FD_CLOEXEC) != 0 || fcntl((int)number, F_SETFL, O_NONBLOCK) != 0)
        return -1;
    return (int)number;
}

void os_program_kill(struct os_program *program)
{
    if (program->pid == 0)
        return;
    (void)kill(program->pid, SIGKILL); /* it may have ended by itself */
    while (waitpid(program->pid, NULL, 0) < 0 && errno == EINTR) {
    }
    program->pid = 0;
}

bool os_program_has_ended(struct os_program *program, int *out_status)
{
    int status = 0;

    if (program->pid == 0 || waitpid(program->pid, &status, WNOHANG) != program->pid)
        return false;
    program->pid = 0; /* the system may give the number to another one */
    *out_status = WIFSIGNALED(status) ? SIGNAL_STATUS + WTERMSIG(status) : WEXITSTATUS(status);
    return true;
}

bool os_program_is_first(void)
{
    return getpid() == 1;
}

void os_program_leave(int status)
{
    _exit(status);
}
