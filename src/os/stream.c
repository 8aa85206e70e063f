/* SPDX-License-Identifier: Apache-2.0 */
#include "os/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum result os_stream_open(const char *path, int *out_descriptor)
{
    int descriptor = strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor >= 0) {
        *out_descriptor = descriptor;
        return RESULT_OK;
    }
    if (errno == ENOENT || errno == ENOTDIR)
        return RESULT_NOT_FOUND;
    return errno == EACCES || errno == EPERM ? RESULT_REFUSED : RESULT_FAILED;
}

enum result os_stream_read(int descriptor, size_t size, struct builder *out)
{
    uint8_t *at = builder_reserve(out, size);
    ssize_t got;
    if (at == NULL)
        return RESULT_NO_MEMORY;
    do {
        got = read(descriptor, at, size);
    } while (got < 0 && errno == EINTR);
    builder_wrote(out, got > 0 ? (size_t)got : 0);
    return got >= 0 ? RESULT_OK : RESULT_FAILED;
}

void os_stream_close(int descriptor)
{
    if (descriptor != STDIN_FILENO)
        (void)close(descriptor); /* only read from */
}
