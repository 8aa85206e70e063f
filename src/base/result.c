/* SPDX-License-Identifier: Apache-2.0 */
#include "base/result.h"

const char *result_text(enum result result)
{
    switch (result) {
    case RESULT_OK: return "ok";
    case RESULT_AGAIN: return "nothing to do yet";
    case RESULT_CLOSED: return "closed by the other side";
    case RESULT_FULL: return "no room left";
    case RESULT_NO_MEMORY: return "out of memory";
    case RESULT_NOT_FOUND: return "not found";
    case RESULT_EXISTS: return "exists already";
    case RESULT_REFUSED: return "not allowed";
    case RESULT_INVALID: return "not valid";
    case RESULT_FAILED: return "failed";
    }
    return "unknown result";
}
