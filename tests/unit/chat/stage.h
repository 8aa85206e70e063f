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
/* The room, opened on first need. */
struct room *stage_room(struct stage *stage, const char *name);
/* A connection of that user, arrived; in no room yet. It ends with session_depart(). */
struct session *stage_session(struct stage *stage, struct user *user);
/* The lease of that member, the only one that runs, is over. */
void stage_end_lease(struct stage *stage, struct member *member);
/* The presence frame that is due now. Valid until the next frame is made. */
const char *stage_presence(struct stage *stage, struct room *room);
