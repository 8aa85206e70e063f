/* SPDX-License-Identifier: Apache-2.0 */
/* What an operation that touches the world can come to. Each call documents which of these it returns. */
#pragma once

#include "base/check.h"

enum result {
    RESULT_OK,
    RESULT_AGAIN,  /* nothing to do now; the poller will say when */
    RESULT_CLOSED, /* the other side has ended it */
    RESULT_FULL,   /* a bounded queue or buffer has no room */
    RESULT_NO_MEMORY,
    RESULT_NOT_FOUND,
    RESULT_EXISTS,
    RESULT_REFUSED, /* not allowed, or in use by somebody else */
    RESULT_INVALID, /* the input or the file is not what it must be */
    RESULT_FAILED,  /* the operating system or a library said no; diag has the detail */
};

/* A few words for logs and messages, such as "not found". */
const char *result_text(enum result result);
