/* SPDX-License-Identifier: Apache-2.0 */
#include "os/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/file_inside.h"

enum { DEPTH_MAX = 16, COPY_BYTES = 1 << 20 };

enum result file_result_of_errno(int error)
{
    switch (error) {
    case ENOENT:
    case ENOTDIR: return RESULT_NOT_FOUND;
    case EEXIST:
    case ENOTEMPTY: return RESULT_EXISTS;
    case EACCES:
    case EPERM:
    case EROFS: return RESULT_REFUSED;
    case ENOSPC:
    case EDQUOT: return RESULT_FULL;
    case ENOMEM: return RESULT_NO_MEMORY;
    default: return RESULT_FAILED;
    }
}

static enum os_kind kind_of(const struct stat *status)
{
    if (S_ISREG(status->st_mode))
        return OS_KIND_FILE;
    return S_ISDIR(status->st_mode) ? OS_KIND_FOLDER : OS_KIND_OTHER;
}

enum os_kind os_path_kind(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 ? kind_of(&status) : OS_KIND_NONE;
}

static bool join(char out[PATH_MAX], const char *folder, const char *name)
{
    int size = snprintf(out, PATH_MAX, "%s/%s", folder, name);
    return size > 0 && size < PATH_MAX;
}

enum result os_folder_each(const char *path, bool (*each)(void *context, const char *name, enum os_kind kind),
                           void *context)
{
    DIR *folder = opendir(path);
    if (folder == NULL)
        return file_result_of_errno(errno) == RESULT_FULL ? RESULT_FAILED : file_result_of_errno(errno);
    enum result result = RESULT_OK;
    for (bool goes_on = true; goes_on;) {
        errno = 0;
        const struct dirent *entry = readdir(folder);
        if (entry == NULL) {
            result = errno == 0 ? RESULT_OK : RESULT_FAILED;
            break;
        }
        char inner[PATH_MAX];
        struct stat status;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (join(inner, path, entry->d_name) && lstat(inner, &status) == 0)
            goes_on = each(context, entry->d_name, kind_of(&status));
        else if (errno != ENOENT)
            result = RESULT_FAILED;
        if (result != RESULT_OK)
            break;
    }
    (void)closedir(folder); /* only read from */
    return result;
}

/* ---- taking away ---- */

struct removal {
    const char *path;
    int depth;
    enum result result;
};

static enum result remove_at(const char *path, int depth);

static bool remove_entry(void *context, const char *name, enum os_kind kind)
{
    struct removal *removal = context;
    char inner[PATH_MAX];
    if (!join(inner, removal->path, name))
        removal->result = RESULT_FAILED;
    else if (kind == OS_KIND_FOLDER)
        removal->result = remove_at(inner, removal->depth + 1);
    else if (unlink(inner) != 0 && errno != ENOENT)
        removal->result = file_result_of_errno(errno);
    return removal->result == RESULT_OK;
}

static enum result remove_at(const char *path, int depth)
{
    struct removal removal = {.path = path, .depth = depth};
    if (depth > DEPTH_MAX)
        return RESULT_FAILED;
    enum result result = os_folder_each(path, remove_entry, &removal);
    if (result == RESULT_OK)
        result = removal.result;
    if (result == RESULT_OK && rmdir(path) != 0)
        result = file_result_of_errno(errno);
    return result;
}

enum result os_tree_remove(const char *path)
{
    struct stat status;
    enum result result;
    if (lstat(path, &status) != 0)
        return errno == ENOENT ? RESULT_OK : RESULT_FAILED;
    if (S_ISDIR(status.st_mode))
        result = remove_at(path, 0);
    else
        result = unlink(path) == 0 ? RESULT_OK : file_result_of_errno(errno);
    return result == RESULT_OK || result == RESULT_REFUSED ? result : RESULT_FAILED;
}

/* ---- large files ---- */

enum result os_file_size(const char *path, uint64_t *out_size)
{
    struct stat status;
    if (stat(path, &status) != 0)
        return file_result_of_errno(errno);
    *out_size = (uint64_t)status.st_size;
    return RESULT_OK;
}

enum result os_file_read_part(const char *path, uint64_t offset, size_t size, struct builder *out)
{
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0)
        return file_result_of_errno(errno);
    enum result result = RESULT_OK;
    uint8_t *at = builder_reserve(out, size);
    size_t done = 0;
    while (at != NULL && done < size) {
        ssize_t got = pread(descriptor, at + done, size - done, (off_t)(offset + done));
        if (got == 0)
            break;
        if (got > 0)
            done += (size_t)got;
        else if (errno != EINTR) {
            result = RESULT_FAILED;
            break;
        }
    }
    if (at == NULL)
        result = RESULT_NO_MEMORY;
    else
        builder_wrote(out, done);
    (void)close(descriptor); /* only read from */
    return result;
}

enum result file_write_all(int descriptor, struct view bytes)
{
    while (bytes.size > 0) {
        ssize_t size = write(descriptor, bytes.at, bytes.size);
        if (size > 0)
            bytes = view_skip(bytes, (size_t)size);
        else if (size < 0 && errno != EINTR)
            return file_result_of_errno(errno) == RESULT_FULL ? RESULT_FULL : RESULT_FAILED;
    }
    return RESULT_OK;
}

static enum result append_with(const char *path, int more_flags, struct view bytes)
{
    int descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | more_flags, FILE_MODE);
    if (descriptor < 0)
        return file_result_of_errno(errno);
    enum result result = file_write_all(descriptor, bytes);
    if (close(descriptor) != 0 && result == RESULT_OK)
        result = RESULT_FAILED;
    return result;
}

enum result os_file_append(const char *path, struct view bytes)
{
    return append_with(path, 0, bytes);
}

enum result os_file_copy(const char *from, const char *to)
{
    struct builder part;
    builder_init(&part, COPY_BYTES);
    enum result result = append_with(to, O_EXCL, (struct view){0});
    for (uint64_t offset = 0; result == RESULT_OK; offset += part.size) {
        builder_clear(&part);
        result = os_file_read_part(from, offset, COPY_BYTES, &part);
        if (result == RESULT_OK && part.size == 0)
            break;
        if (result == RESULT_OK)
            result = append_with(to, 0, builder_view(&part));
    }
    builder_done(&part);
    return result;
}

enum result os_path_sync(const char *path)
{
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0)
        return RESULT_FAILED;
    bool is_synced = fsync(descriptor) == 0;
    (void)close(descriptor); /* fsync has told what there was to tell */
    return is_synced ? RESULT_OK : RESULT_FAILED;
}

enum result file_name_sync(const char *path)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    size_t size = slash == NULL || slash == path ? 1 : (size_t)(slash - path);
    if (size >= sizeof(folder))
        return RESULT_FAILED;
    memcpy(folder, slash == NULL ? "." : path, size);
    folder[size] = '\0';
    return os_path_sync(folder);
}

enum result os_path_rename(const char *from, const char *to, bool may_replace)
{
    int code = may_replace ? rename(from, to) : renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE);
    if (code != 0 && !may_replace && (errno == EINVAL || errno == ENOSYS)) {
        /* Some file systems cannot do that in one; what comes between the look and the renaming is lost there. */
        if (os_path_kind(to) != OS_KIND_NONE)
            return RESULT_EXISTS;
        code = rename(from, to);
    }
    if (code != 0) {
        enum result result = file_result_of_errno(errno);
        return result == RESULT_FULL || result == RESULT_NO_MEMORY ? RESULT_FAILED : result;
    }
    return file_name_sync(to) == RESULT_OK && file_name_sync(from) == RESULT_OK ? RESULT_OK : RESULT_FAILED;
}
