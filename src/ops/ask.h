/* SPDX-License-Identifier: Apache-2.0 */
/* Asking another loop something and waiting for the answer, as the operator's thread does, for which nobody waits. The
 * asker has a reference, and so has the letter on its way: who gives up waiting leaves the memory to whoever answers
 * late. */
#pragma once

#include <stdatomic.h>

#include "net/letters.h"
#include "ops/metrics.h"
#include "os/poller.h"

enum { ASK_WAIT_MS = 2000 /* for all answers to one request together */ };

/* First in what is asked; made by asking_new(). */
struct asking {
    _Atomic size_t references;
    _Atomic bool is_answered;
    struct os_wakeup wakeup;
};

/* Zeroed memory of that size, which begins with a struct asking. NULL: no memory. */
void *asking_new(size_t size);
void asking_unref(struct asking *asking);
/* Whoever answers, exactly once for each question: gives the letter's reference back. */
void asking_answer(struct asking *asking);
/* Posts the call and waits. False: no answer in time; nothing of it may be read, nor asked again. */
bool asking_shard(struct asking *asking, struct shard *shard, struct shard_call *call, uint64_t end_ms);
bool asking_store(struct asking *asking, struct chat *chat, struct hub_call *call, uint64_t end_ms);
/* When a question that begins now must be answered. */
uint64_t asking_end_ms(void);
