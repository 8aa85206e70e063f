/* SPDX-License-Identifier: Apache-2.0 */
/* What file.c and tree.c share; nobody else. It is in tree.c. */
#pragma once

#include "base/result.h"
#include "base/view.h"

enum { FILE_MODE = 0600 };

/* RESULT_NOT_FOUND, RESULT_EXISTS (also a folder that is not empty), RESULT_REFUSED, RESULT_FULL, RESULT_NO_MEMORY,
 * else RESULT_FAILED. */
enum result file_result_of_errno(int error);
/* Writes on until all of it is written. RESULT_OK, RESULT_FULL, RESULT_FAILED. */
enum result file_write_all(int descriptor, struct view bytes);
/* Makes the name of that path, in its folder, survive a power cut. RESULT_OK, RESULT_FAILED. */
enum result file_name_sync(const char *path) MUST_USE;
