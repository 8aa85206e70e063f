/* SPDX-License-Identifier: Apache-2.0 */
#include "os/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "os/clock.h"
#include "os/file_inside.h"

enum {
    READ_SIZE = 16 * 1024,
    FOLDER_MODE = 0700,
    OTHERS_MODE = 077,
    PID_SIZE_MAX = 32,
};

static bool is_folder(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

static enum result folder_make_one(const char *path)
{
    if (mkdir(path, FOLDER_MODE) == 0)
        return RESULT_OK;
    int error = errno;
    if (is_folder(path))
        return RESULT_OK;
    return file_result_of_errno(error) == RESULT_REFUSED ? RESULT_REFUSED : RESULT_FAILED;
}

enum result os_folder_make(const char *path)
{
    char start[PATH_MAX];
    size_t size = strlen(path);
    if (size == 0 || size >= sizeof(start))
        return RESULT_FAILED;
    for (size_t index = 1; index < size; index++) {
        if (path[index] != '/')
            continue;
        memcpy(start, path, index);
        start[index] = '\0';
        enum result result = is_folder(start) ? RESULT_OK : folder_make_one(start);
        if (result != RESULT_OK)
            return result;
    }
    return folder_make_one(path);
}

void os_file_remove(const char *path)
{
    (void)unlink(path); /* what is gone, or not ours to remove, is somebody else's matter */
}

bool os_file_exists(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0;
}

/* Reads on to the end. */
static enum result read_all(int descriptor, struct builder *out)
{
    for (;;) {
        uint8_t bytes[READ_SIZE];
        ssize_t size = read(descriptor, bytes, sizeof(bytes));
        if (size == 0)
            return RESULT_OK;
        if (size < 0 && errno == EINTR)
            continue;
        if (size < 0)
            return RESULT_FAILED;
        builder_add(out, bytes, (size_t)size);
        if (!builder_ok(out))
            return RESULT_FULL;
    }
}

static enum result result_of_open(int error)
{
    enum result result = file_result_of_errno(error);
    return result == RESULT_NOT_FOUND || result == RESULT_REFUSED ? result : RESULT_FAILED;
}

enum result os_file_read(const char *path, struct builder *out)
{
    /* Non-blocking: a pipe put in a file's place must not hold us for ever. */
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0)
        return result_of_open(errno);
    enum result result = read_all(descriptor, out);
    (void)close(descriptor); /* only read from */
    return result;
}

/* Gives the file its name unless there is one of that name. */
static enum result name_new(const char *temporary, const char *path)
{
    if (renameat2(AT_FDCWD, temporary, AT_FDCWD, path, RENAME_NOREPLACE) == 0)
        return RESULT_OK;
    if (errno != EINVAL && errno != ENOSYS)
        return errno == EEXIST ? RESULT_EXISTS : RESULT_FAILED;
    /* Some file systems cannot do that in one; a hard link does not replace either. */
    if (link(temporary, path) != 0)
        return errno == EEXIST ? RESULT_EXISTS : RESULT_FAILED;
    (void)unlink(temporary); /* at worst a second name stays, which the next writing takes away */
    return RESULT_OK;
}

enum result os_file_write_new(const char *path, struct view content)
{
    char temporary[PATH_MAX];
    int size = snprintf(temporary, sizeof(temporary), "%s.new", path);
    if (size < 0 || (size_t)size >= sizeof(temporary))
        return RESULT_FAILED;
    if (os_file_exists(path))
        return RESULT_EXISTS;
    (void)unlink(temporary); /* what a crash may have left */
    int descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, FILE_MODE);
    if (descriptor < 0)
        return result_of_open(errno);
    enum result result = file_write_all(descriptor, content) == RESULT_OK ? RESULT_OK : RESULT_FAILED;
    if (result == RESULT_OK && fsync(descriptor) != 0)
        result = RESULT_FAILED;
    if (close(descriptor) != 0)
        result = RESULT_FAILED;
    if (result == RESULT_OK)
        result = name_new(temporary, path);
    if (result == RESULT_OK)
        return file_name_sync(path);
    (void)unlink(temporary); /* the failure is reported; a left-over goes with the next try */
    return result;
}

enum result os_file_check_private(const char *path)
{
    struct stat status;
    if (stat(path, &status) != 0)
        return result_of_open(errno);
    return (status.st_mode & OTHERS_MODE) == 0 ? RESULT_OK : RESULT_REFUSED;
}

static int lock_read_pid(int descriptor)
{
    char text[PID_SIZE_MAX];
    ssize_t size = pread(descriptor, text, sizeof(text), 0);
    if (size <= 0)
        return 0;
    struct view digits = view_of(text, (size_t)size);
    if (digits.at[digits.size - 1] == '\n')
        digits.size--;
    uint64_t pid = 0;
    return view_to_number(digits, INT_MAX, &pid) ? (int)pid : 0;
}

/* Only a help for people who look for the holder: the lock itself is the kernel's, and ends with the process. Other
 * processes may share the descriptor, and the place in it. */
void os_lock_sign(int descriptor)
{
    char text[PID_SIZE_MAX];
    int size = snprintf(text, sizeof(text), "%d\n", (int)getpid());
    if (size > 0 && ftruncate(descriptor, 0) == 0 && lseek(descriptor, 0, SEEK_SET) == 0)
        (void)file_write_all(descriptor, view_of(text, (size_t)size)); /* a full disk must not keep us from starting */
}

enum result os_lock_take(const char *folder, int *out_descriptor, int *out_pid)
{
    char path[PATH_MAX];
    int size = snprintf(path, sizeof(path), "%s/lock", folder);
    if (size < 0 || (size_t)size >= sizeof(path))
        return RESULT_FAILED;
    int descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, FILE_MODE);
    if (descriptor < 0)
        return file_result_of_errno(errno) == RESULT_REFUSED ? RESULT_REFUSED : RESULT_FAILED;
    if (flock(descriptor, LOCK_EX | LOCK_NB) == 0) {
        os_lock_sign(descriptor);
        *out_descriptor = descriptor;
        return RESULT_OK;
    }
    enum result result = RESULT_FAILED;
    if (errno == EWOULDBLOCK) {
        *out_pid = lock_read_pid(descriptor);
        result = RESULT_EXISTS;
    }
    (void)close(descriptor); /* it holds no lock */
    return result;
}

/* The file stays: were it removed, somebody who has opened it already could lock a file that no path leads to. */
void os_lock_release(int descriptor)
{
    (void)close(descriptor); /* with it goes the lock; the pid left inside is read only while somebody holds it */
}

void os_print(int descriptor, struct view text)
{
    while (text.size > 0) {
        ssize_t size = write(descriptor, text.at, text.size);
        if (size >= 0) {
            text = view_skip(text, (size_t)size);
        } else if (errno == EAGAIN) {
            struct pollfd polled = {.fd = descriptor, .events = POLLOUT};
            (void)poll(&polled, 1, -1); /* whatever it says, write tells */
        } else if (errno != EINTR) {
            return; /* nobody reads it any more */
        }
    }
}

uint64_t os_disk_free_bytes(const char *path)
{
    struct statvfs status;
    if (statvfs(path, &status) != 0)
        return 0;
    return (uint64_t)status.f_bavail * (uint64_t)status.f_frsize;
}

enum result os_file_sync_time(const char *folder, uint64_t *out_ns)
{
    static const char content[] = "a few bytes, as a message has\n";
    char path[PATH_MAX];
    int size = snprintf(path, sizeof(path), "%s/sync-test-XXXXXX", folder);
    if (size < 0 || (size_t)size >= sizeof(path))
        return RESULT_FAILED;
    int descriptor = mkostemp(path, O_CLOEXEC);
    if (descriptor < 0)
        return result_of_open(errno);
    uint64_t begun_ns = os_clock_monotonic_ns();
    bool is_kept = write(descriptor, content, sizeof(content) - 1) == (ssize_t)sizeof(content) - 1
                   && fdatasync(descriptor) == 0;
    *out_ns = os_clock_monotonic_ns() - begun_ns;
    (void)close(descriptor); /* what it held is of no use any more */
    (void)unlink(path);
    return is_kept ? RESULT_OK : RESULT_FAILED;
}
