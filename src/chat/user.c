/* SPDX-License-Identifier: Apache-2.0 */
/* Users who are here: found again by their id, named so that nobody can be taken for somebody else who is here. */
#include <stdlib.h>

#include "chat/chat_inside.h"

enum { NAME_DRAWS_MAX = 64 };

/* The look-alike key of a name in memory of its own. Empty without memory. */
static struct view skeleton_of(struct view name)
{
    struct builder out;
    struct view skeleton = {NULL, 0};

    builder_init(&out, 4096);
    if (name_skeleton(name, &out) && builder_ok(&out)) {
        size_t size = 0;
        uint8_t *at = builder_take(&out, &size);
        skeleton = view_of(at, size);
    }
    builder_done(&out);
    return skeleton;
}

enum result user_rename(struct chat *chat, struct user *user, struct view name)
{
    struct hub *hub = &chat->hub;
    struct view skeleton = skeleton_of(name);

    if (!skeleton.at)
        return RESULT_NO_MEMORY;
    if (name.size > USER_NAME_BYTES_MAX) {
        free((void *)skeleton.at);
        return RESULT_NO_MEMORY;
    }
    struct user *holder = table_get(&hub->names, skeleton);
    if (holder && holder != user) {
        free((void *)skeleton.at);
        return RESULT_EXISTS;
    }
    if (user->skeleton.at)
        table_remove(&hub->names, user->skeleton);
    enum result result = table_put(&hub->names, skeleton, user);
    if (result != RESULT_OK) {
        if (user->skeleton.at && table_put(&hub->names, user->skeleton, user) != RESULT_OK) {
            free((void *)user->skeleton.at);
            user->skeleton = (struct view){NULL, 0};
        }
        free((void *)skeleton.at);
        return RESULT_NO_MEMORY;
    }
    free((void *)user->skeleton.at);
    user->skeleton = skeleton;
    memcpy(user->name, name.at, name.size);
    user->name[name.size] = 0;
    return RESULT_OK;
}

void user_store(struct chat *chat, struct user *user)
{
    struct store_user row = {.joined_ms = user->joined_ms};

    if (user->is_stored)
        return;
    (void)snprintf(row.id, sizeof row.id, "%s", user->id);
    (void)snprintf(row.name, sizeof row.name, "%s", user->name);
    /* A failure is no reason to refuse anybody: it is tried again with the user's next event. */
    user->is_stored = store_user_put(chat->store, &row) == RESULT_OK;
}

/* Names for those who chose none: the same one for the same id, unless somebody here looks like it. */
static enum result draw_name(struct chat *chat, struct user *user)
{
    uint8_t seed[8];
    char name[40];

    uint64_t hash = 0;
    for (size_t i = 0; user->id[i]; i++)
        hash = (hash ^ (uint8_t)user->id[i]) * UINT64_C(0x100000001b3);
    for (uint64_t i = 0; i < NAME_DRAWS_MAX; i++) {
        uint64_t mixed = (hash + i) * UINT64_C(0x9e3779b97f4a7c15);
        memcpy(seed, &mixed, sizeof seed);
        name_draw(seed, name);
        enum result result = user_rename(chat, user, view_of_string(name));
        if (result != RESULT_EXISTS)
            return result;
    }
    return user_rename(chat, user, view_of_string(user->id));
}

static void choose_name(struct chat *chat, struct user *user, const char *wanted_name, bool *out_name_is_taken)
{
    struct store_user row;
    bool has_row = store_user_get(chat->store, view_of_string(user->id), &row) == RESULT_OK;

    *out_name_is_taken = false;
    if (has_row) {
        user->joined_ms = row.joined_ms;
        user->is_stored = true;
    }
    if (wanted_name[0] && user_rename(chat, user, view_of_string(wanted_name)) == RESULT_OK) {
        user->has_chosen_name = true;
        if (!has_row || strcmp(row.name, wanted_name) != 0)
            user->is_stored = false;
        return;
    }
    *out_name_is_taken = wanted_name[0] != 0;
    if (has_row && user_rename(chat, user, view_of_string(row.name)) == RESULT_OK)
        return;
    (void)draw_name(chat, user);
}

struct user *user_find_or_make(struct chat *chat, const struct token_claims *claims, const char *wanted_name,
                               bool *out_name_is_taken)
{
    struct hub *hub = &chat->hub;
    char id[USER_ID_BYTES + 1];
    struct user *user;

    token_user_text(claims->user, id);
    user = table_get(&hub->users, view_of_string(id));
    *out_name_is_taken = false;
    if (user)
        return user;
    user = calloc(1, sizeof *user);
    if (!user)
        return NULL;
    memcpy(user->id, id, sizeof id);
    user->id_view = view_of_string(user->id);
    user->joined_ms = claims->joined_ms;
    list_init(&user->members);
    if (table_put(&hub->users, user->id_view, user) != RESULT_OK) {
        free(user);
        return NULL;
    }
    counter_add(&hub->counters.users, 1);
    choose_name(chat, user, wanted_name, out_name_is_taken);
    if (!user->skeleton.at) {
        user_release(chat, user);
        return NULL;
    }
    if (user->has_chosen_name)
        user_store(chat, user);
    return user;
}

/* Forgets a user who has no connection and is shown in no room any longer. */
void user_release(struct chat *chat, struct user *user)
{
    struct hub *hub = &chat->hub;

    if (user->session_count > 0 || !list_is_empty(&user->members))
        return;
    table_remove(&hub->users, user->id_view);
    if (user->skeleton.at) {
        table_remove(&hub->names, user->skeleton);
        free((void *)user->skeleton.at);
    }
    counter_subtract(&hub->counters.users, 1);
    free(user);
}
