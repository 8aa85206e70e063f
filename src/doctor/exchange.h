/* SPDX-License-Identifier: Apache-2.0 */
/* One request and its answer, on a connection of its own. One thread; waits. */
#pragma once

#include "doctor/answer.h"
#include "doctor/link.h"
#include "doctor/url.h"

/* Where requests go. */
struct target {
    struct url url;
    struct os_address address;
    const struct tls_client *tls; /* NULL: plain */
};

struct exchange {
    struct link link;
    struct builder bytes; /* as they came */
    struct builder body;
    struct answer answer;
    int64_t begun_ms, answered_ms; /* wall clock */
    bool is_answered;
    char problem[160]; /* why not */
};

/* Sends GET of `path` with the further field lines of `fields` (each with CRLF), and reads the answer: of 101 only the
 * head, and the link stays open. exchange_done() in any case. */
void exchange_run(struct exchange *exchange, const struct target *target, const char *path, const char *fields);
void exchange_done(struct exchange *exchange);
