/* SPDX-License-Identifier: Apache-2.0 */
#include "os/service.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

enum { FIRST_PASSED = 3, DESCRIPTOR_COUNT_MAX = 65536, NOTIFY_WAIT_S = 5 };

static int socket_option(int descriptor, int option)
{
    int value = -1;
    socklen_t size = sizeof(value);
    return getsockopt(descriptor, SOL_SOCKET, option, &value, &size) == 0 ? value : -1;
}

static void read_path(const struct sockaddr_un *name, socklen_t size, char out[OS_PASSED_PATH_BYTES])
{
    size_t length = size > offsetof(struct sockaddr_un, sun_path) ? size - offsetof(struct sockaddr_un, sun_path) : 0;
    if (length >= OS_PASSED_PATH_BYTES)
        length = OS_PASSED_PATH_BYTES - 1;
    memcpy(out, name->sun_path, length);
    out[length] = '\0';
    if (length > 0 && out[0] == '\0')
        out[0] = '@';
}

static void look_at(struct os_passed *passed)
{
    struct sockaddr_un name = {.sun_family = AF_UNSPEC};
    socklen_t size = sizeof(name);
    passed->kind = OS_PASSED_OTHER;
    if (socket_option(passed->descriptor, SO_TYPE) != SOCK_STREAM)
        return;
    if (socket_option(passed->descriptor, SO_ACCEPTCONN) != 1) {
        passed->kind = OS_PASSED_NOT_LISTENING;
        return;
    }
    int family = socket_option(passed->descriptor, SO_DOMAIN);
    if (family == AF_UNIX && getsockname(passed->descriptor, (struct sockaddr *)&name, &size) == 0) {
        passed->kind = OS_PASSED_UNIX;
        read_path(&name, size, passed->path);
    } else if ((family == AF_INET || family == AF_INET6)
               && os_socket_name(passed->descriptor, &passed->address) == RESULT_OK) {
        passed->kind = OS_PASSED_TCP;
    }
}

/* "web:metrics": the next name; "unknown" where they have ended, as sd_listen_fds_with_names(3) has it. */
static const char *next_name(const char *names, char out[OS_PASSED_NAME_BYTES])
{
    size_t size = strcspn(names, ":");
    if (size == 0)
        (void)snprintf(out, OS_PASSED_NAME_BYTES, "unknown");
    else
        (void)snprintf(out, OS_PASSED_NAME_BYTES, "%.*s", (int)size, names);
    return names[size] == ':' ? names + size + 1 : names + size;
}

static const char *variable(const char *name)
{
    const char *value = getenv(name);
    return value != NULL ? value : "";
}

static void forget_variables(void)
{
    (void)unsetenv("LISTEN_PID"); /* fails for names with = only */
    (void)unsetenv("LISTEN_FDS");
    (void)unsetenv("LISTEN_FDNAMES");
}

static enum result count_passed(size_t *out_count)
{
    uint64_t pid;
    uint64_t count;
    *out_count = 0;
    if (!view_to_number(view_of_string(variable("LISTEN_PID")), INT32_MAX, &pid) || pid != (uint64_t)getpid())
        return RESULT_OK; /* they were meant for another process, or there are none */
    if (!view_to_number(view_of_string(variable("LISTEN_FDS")), DESCRIPTOR_COUNT_MAX, &count))
        return RESULT_INVALID;
    if (count > OS_PASSED_MAX)
        return RESULT_FULL;
    *out_count = (size_t)count;
    return RESULT_OK;
}

enum result os_passed_take(struct os_passed out[OS_PASSED_MAX], size_t *out_count)
{
    const char *names = variable("LISTEN_FDNAMES");
    size_t count;
    enum result result = count_passed(&count);
    for (size_t i = 0; i < count; i++) {
        struct os_passed *passed = &out[i];
        *passed = (struct os_passed){.descriptor = FIRST_PASSED + (int)i};
        names = next_name(names, passed->name);
        look_at(passed);
        int flags = fcntl(passed->descriptor, F_GETFL);
        if (flags >= 0) { /* else there is no such descriptor, and its kind says so */
            (void)fcntl(passed->descriptor, F_SETFL, flags | O_NONBLOCK);
            (void)fcntl(passed->descriptor, F_SETFD, FD_CLOEXEC);
        }
    }
    forget_variables();
    *out_count = count;
    return result;
}

enum result os_notify(const char *address, struct view text)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    size_t size = strlen(address);
    if ((address[0] != '/' && address[0] != '@') || size < 2 || size >= sizeof(to.sun_path))
        return RESULT_INVALID;
    memcpy(to.sun_path, address, size);
    if (address[0] == '@')
        to.sun_path[0] = '\0';
    int descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0)
        return RESULT_FAILED;
    const struct timeval patience = {.tv_sec = NOTIFY_WAIT_S};
    (void)setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)); /* else it may wait longer */
    socklen_t to_size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size);
    ssize_t sent;
    do {
        sent = sendto(descriptor, text.at, text.size, MSG_NOSIGNAL, (const struct sockaddr *)&to, to_size);
    } while (sent < 0 && errno == EINTR);
    (void)close(descriptor); /* what was sent is sent */
    return sent == (ssize_t)text.size ? RESULT_OK : RESULT_FAILED;
}

bool os_is_journal(int descriptor)
{
    struct stat status;
    char mine[64];
    const char *journal = getenv("JOURNAL_STREAM");
    if (journal == NULL || fstat(descriptor, &status) != 0)
        return false;
    (void)snprintf(mine, sizeof(mine), "%llu:%llu", (unsigned long long)status.st_dev,
                   (unsigned long long)status.st_ino);
    return strcmp(journal, mine) == 0;
}

int os_process_id(void)
{
    return (int)getpid();
}
