/* SPDX-License-Identifier: Apache-2.0 */
/* What natter answers to somebody who asks how their requests arrive: a report of one request, and a talk, which is a
 * WebSocket that belongs to no room and echoes, drips and keeps silent on demand. `natter doctor` is who mostly asks.
 * docs/reference/diagnosis.md is the contract. Nobody learns anything but what they sent themselves. Shard threads, one
 * desk each; bounded by rates per address, and by the number, the time and the bytes of talks. */
#pragma once

#include "base/counter.h"
#include "chat/chat.h"
#include "net/conn.h"
#include "ops/ops_options.h"

struct diagnosis;

/* Written by the shard that the desk belongs to. */
struct diagnosis_counters {
    struct counter reports;
    struct counter reports_refused; /* over the rate */
    struct counter talks;
    struct counter talks_live;    /* gauge */
    struct counter talks_refused; /* too many of them, or over the rate */
    struct counter talk_messages;
    struct counter talk_bytes; /* of messages, in both directions */
};

/* What a report says about the server itself. The chat is asked about origins. */
struct diagnosis_facts {
    const struct chat *chat; /* NULL: no origin is wrong */
    size_t text_bytes_max;
    size_t frame_bytes_max;
    uint32_t heartbeat_ms;
    bool has_compression;
};

/* NULL: no memory. The facts are copied; their chat must outlive it. */
struct diagnosis *diagnosis_new(const struct diagnosis_options *options, const struct diagnosis_facts *facts,
                                size_t shard_count);
/* After the shards have ended. Accepts NULL. */
void diagnosis_free(struct diagnosis *diagnosis);

/* Is it /ws?doctor? */
bool diagnosis_is_asked(const struct http_request *request);
/* Answers such a request with a report: 200; or, for an upgrade that did not arrive whole, 400 or 426. `fault`: why it
 * is none, or NULL. Beyond the rate: 429. */
void diagnosis_answer(struct diagnosis *diagnosis, struct conn *conn, const struct http_request *request,
                      const struct http_fault *fault);
/* The notices of talks: for net_events.aside. */
void diagnosis_events(struct diagnosis *diagnosis, struct net_events *out_events);

const struct diagnosis_counters *diagnosis_counters(const struct diagnosis *diagnosis, size_t shard_index);

/* The pure part of a report: appends the object. */
struct diagnosis_subject {
    const struct http_request *request;
    const struct http_fault *fault; /* of the upgrade; NULL: it is right, or was not asked for */
    const struct os_address *peer;  /* the nearest: a proxy's, where there is one */
    struct chat_aim aim;
    bool is_upgrade;
    enum conn_behind behind;
    int64_t now_ms;
};
void diagnosis_report(const struct diagnosis_facts *facts, const struct diagnosis_subject *subject,
                      struct builder *out);
