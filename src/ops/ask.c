/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/ask.h"

#include <stdlib.h>

#include "os/clock.h"

void *asking_new(size_t size)
{
    struct asking *asking = calloc(1, size);

    if (!asking)
        return NULL;
    if (os_wakeup_init(&asking->wakeup) != RESULT_OK) {
        free(asking);
        return NULL;
    }
    atomic_init(&asking->references, 1);
    return asking;
}

void asking_unref(struct asking *asking)
{
    if (!asking || atomic_fetch_sub(&asking->references, 1) > 1)
        return;
    os_wakeup_done(&asking->wakeup);
    free(asking);
}

void asking_answer(struct asking *asking)
{
    atomic_store(&asking->is_answered, true);
    os_wakeup_signal(&asking->wakeup);
    asking_unref(asking);
}

static void begin(struct asking *asking)
{
    atomic_store(&asking->is_answered, false);
    atomic_fetch_add(&asking->references, 1);
}

static bool has_answer(struct asking *asking, uint64_t end_ms)
{
    uint64_t now_ms;

    mailboxes_send_signals(); /* they are held while a shard reads, as the operator's does now */
    while (!atomic_load(&asking->is_answered) && (now_ms = os_clock_monotonic_ms()) < end_ms)
        os_wakeup_wait(&asking->wakeup, (int)(end_ms - now_ms));
    return atomic_load(&asking->is_answered);
}

bool asking_shard(struct asking *asking, struct shard *shard, struct shard_call *call, uint64_t end_ms)
{
    begin(asking);
    shard_post_call(shard, call);
    return has_answer(asking, end_ms);
}

bool asking_store(struct asking *asking, struct chat *chat, struct hub_call *call, uint64_t end_ms)
{
    begin(asking);
    if (chat_post_call(chat, call) != RESULT_OK) {
        asking_unref(asking); /* the letter's */
        return false;
    }
    return has_answer(asking, end_ms);
}

uint64_t asking_end_ms(void)
{
    return os_clock_monotonic_ms() + ASK_WAIT_MS;
}
