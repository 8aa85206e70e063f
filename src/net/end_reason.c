/* SPDX-License-Identifier: Apache-2.0 */
#include "net/end_reason.h"

static const struct {
    const char *label;
    int close_code;
} rows[END_REASON_COUNT] = {
#define X(symbol, label, code, whose) [END_##symbol] = {label, code},
    END_REASONS(X)
#undef X
};

const char *end_reason_label(enum end_reason reason)
{
    return rows[reason].label;
}

int end_reason_close_code(enum end_reason reason)
{
    return rows[reason].close_code;
}
