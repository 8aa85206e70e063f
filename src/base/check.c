/* SPDX-License-Identifier: Apache-2.0 */
#include "base/check.h"

#include <stdio.h>
#include <stdlib.h>

void check_failed(const char *file, int line, const char *condition)
{
    char text[512];
    int size = snprintf(text, sizeof(text), "%s:%d: this must hold and does not: %s\n", file, line, condition);
    if (size > 0)
        (void)fwrite(text, 1, (size_t)size < sizeof(text) ? (size_t)size : sizeof(text) - 1, stderr);
    abort();
}
