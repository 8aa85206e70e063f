/* SPDX-License-Identifier: Apache-2.0 */
/* A chat with a store in memory and one shard without listeners, driven by hand in the test's own thread. */
#pragma once

#include "chat/chat_inside.h"
#include "chat_test.h"

struct stage {
    struct admission *admission;
    struct store *store;
    struct shard *shard;
    struct chat *chat;
    struct door *door;
};

/* `rate`: of every class of commands. */
void stage_start(struct stage *stage, struct chat_rate_option rate);
void stage_done(struct stage *stage);
/* A user with that name, made as an arrival makes one; the number is the last byte of its id. */
struct user *stage_user(struct stage *stage, uint8_t number, const char *name);
