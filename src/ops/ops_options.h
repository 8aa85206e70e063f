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

/* Of what natter notices of its own deployment. */
struct notices_options {
    uint32_t window_ms;       /* how long evidence counts */
    uint32_t evidence_min;    /* so much of it is needed */
    uint32_t socket_ms;       /* the socket of a page must have come by then */
    uint32_t look_ms;         /* between two looks at the evidence */
    uint32_t repeat_ms;       /* between two lines of the log about the same notice */
    uint32_t one_address_min; /* connections of one address, and none of another, that are worth a remark */
    bool is_on_page;          /* visitors are told of faults, without addresses */
};

struct ops_options {
    struct os_address listen; /* of /metrics and the health answers */
    const char *path;         /* a unix socket instead; NULL: the address counts */
    bool is_on;
    const char *token_file; /* with the word that makes an operator of whoever brings it; "off": there is none */
    enum diag_level log_level;
    int log_form; /* enum log_form */
    struct diagnosis_options diagnosis;
    struct notices_options notices;
};

enum log_form { LOG_AUTO /* what stderr is for: human, journal or JSON */, LOG_HUMAN, LOG_JSON, LOG_JOURNAL };
