/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes that come one after the other from a file, a pipe or a terminal. Blocks. */
#pragma once

#include "base/builder.h"
#include "base/result.h"

/* The file, or stdin where `path` is "-". RESULT_OK, RESULT_NOT_FOUND, RESULT_REFUSED, RESULT_FAILED. */
enum result os_stream_open(const char *path, int *out_descriptor) MUST_USE;
/* Appends at most `size` of the next bytes; nothing: that was the end. RESULT_OK, RESULT_NO_MEMORY, RESULT_FAILED. */
enum result os_stream_read(int descriptor, size_t size, struct builder *out) MUST_USE;
void os_stream_close(int descriptor);
