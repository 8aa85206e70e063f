/* SPDX-License-Identifier: Apache-2.0 */
#include "net/conn_state.h"

const char *conn_state_label(enum conn_state state)
{
    static const char *const labels[CONN_STATE_COUNT] = {
#define X(symbol, label, next) [CONN_##symbol] = label,
        CONN_STATES(X)
#undef X
    };

    return labels[state];
}
