/* SPDX-License-Identifier: Apache-2.0 */
/* What the operator's side can be told. Filled in by serve/config. */
#pragma once

#include "base/diag.h"
#include "chat/chat_options.h"
#include "os/socket.h"

/* Of the answers to whoever asks how their requests arrive. */
struct diagnosis_options {
    struct chat_rate_option rate; /* reports and new talks of one address, on each shard */
    size_t talks_max;             /* at the same time, on each shard; 0: none */
    size_t talks_per_address_max; /* of these */
    uint32_t talk_ms;             /* how long one may last */
    size_t talk_bytes_max;        /* of its messages, in both directions */
};

struct ops_options {
    struct os_address listen; /* of /metrics and the health answers */
    bool is_on;
    enum diag_level log_level;
    int log_form; /* enum log_form */
    struct diagnosis_options diagnosis;
};

enum log_form { LOG_AUTO /* human on a terminal, JSON otherwise */, LOG_HUMAN, LOG_JSON };
