/* SPDX-License-Identifier: Apache-2.0 */
/* What the operator's side can be told. Filled in by serve/config. */
#pragma once

#include "base/diag.h"
#include "os/socket.h"

struct ops_options {
    struct os_address listen; /* of /metrics and the health answers */
    bool is_on;
    enum diag_level log_level;
    int log_form; /* enum log_form */
};

enum log_form { LOG_AUTO /* human on a terminal, JSON otherwise */, LOG_HUMAN, LOG_JSON };
