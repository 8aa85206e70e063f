/* SPDX-License-Identifier: Apache-2.0 */
/* Users who are here: found again by their id, named so that nobody can be taken for somebody else who is here. */
#include <stdlib.h>

#include "chat/chat_inside.h"

enum { NAME_DRAWS_MAX = 64, SKELETON_BYTES_MAX = 4096 };

static bool has_long_name(const struct user *user)
{
    return user->name_size > USER_NAME_INLINE_MAX;
}

static uint8_t *long_name(const struct user *user)
{
    uint8_t *at;

    memcpy(&at, user->name, sizeof at);
    return at;
}

struct view user_name(const struct user *user)
{
    return view_of(has_long_name(user) ? long_name(user) : user->name, user->name_size);
}

/* `name` is not within the user. */
static enum result set_name(struct user *user, struct view name)
{
    uint8_t *copy = NULL;

    check(name.size <= USER_NAME_BYTES_MAX);
    if (name.size > USER_NAME_INLINE_MAX) {
        copy = malloc(name.size);
        if (!copy)
            return RESULT_NO_MEMORY;
        memcpy(copy, name.at, name.size);
    }
    if (has_long_name(user))
        free(long_name(user));
    user->name_size = (uint8_t)name.size;
    if (copy)
        memcpy(user->name, &copy, sizeof copy);
    else if (name.size > 0)
        memcpy(user->name, name.at, name.size);
    return RESULT_OK;
}

struct user_view user_shown(const struct user *user, char out_id[USER_ID_BYTES + 1])
{
    token_user_text(user->id, out_id);
    return (struct user_view){view_of(out_id, USER_ID_BYTES), user_name(user)};
}

bool user_has_id(const void *value, struct view key)
{
    const struct user *user = value;

    return view_equal(view_of(user->id, sizeof user->id), key);
}

/* The look-alike key of a name. It is not kept with the user: it is needed only when a name is taken or given up, or
 * when another's has the same hash. */
static bool skeleton_of(struct view name, struct builder *out)
{
    builder_clear(out);
    return name_skeleton(name, out) && builder_ok(out);
}

bool user_has_skeleton(const void *value, struct view key)
{
    struct builder skeleton;

    builder_init(&skeleton, SKELETON_BYTES_MAX);
    bool is_same = skeleton_of(user_name(value), &skeleton) && view_equal(builder_view(&skeleton), key);
    builder_done(&skeleton);
    return is_same;
}

static void give_up_name(struct hub *hub, struct user *user)
{
    if (!user->is_named)
        return;
    user->is_named = false;
    /* Without memory for its key, or for those that it is compared with, it must go all the same: the user may be
     * freed next. */
    bool has_key = skeleton_of(user_name(user), &hub->skeleton);
    if (!has_key || !table_remove(&hub->names, builder_view(&hub->skeleton)))
        (void)table_drop(&hub->names, user); /* it was there */
}

/* The name that the user has goes into the table. */
static bool take_name(struct hub *hub, struct user *user)
{
    user->is_named = skeleton_of(user_name(user), &hub->skeleton)
                     && table_put(&hub->names, builder_view(&hub->skeleton), user) == RESULT_OK;
    return user->is_named;
}

enum result user_rename(struct chat *chat, struct user *user, struct view name)
{
    struct hub *hub = &chat->hub;
    uint8_t old_name[USER_NAME_BYTES_MAX];
    size_t old_size = user->name_size;
    bool was_named = user->is_named;

    if (name.size > USER_NAME_BYTES_MAX || !skeleton_of(name, &hub->skeleton))
        return RESULT_NO_MEMORY;
    const struct user *holder = table_get(&hub->names, builder_view(&hub->skeleton));
    if (holder && holder != user)
        return RESULT_EXISTS;
    memcpy(old_name, user_name(user).at, old_size);
    give_up_name(hub, user);
    if (set_name(user, name) == RESULT_OK && take_name(hub, user))
        return RESULT_OK;
    if (was_named && set_name(user, view_of(old_name, old_size)) == RESULT_OK)
        (void)take_name(hub, user); /* its place in the table is still there */
    return RESULT_NO_MEMORY;
}

static void copy_string(char *out, size_t capacity, struct view text)
{
    check(text.size < capacity);
    if (text.size > 0)
        memcpy(out, text.at, text.size);
    out[text.size] = 0;
}

void user_store(struct chat *chat, struct user *user)
{
    struct store_user row = {.joined_ms = user->joined_ms};

    if (user->is_stored)
        return;
    token_user_text(user->id, row.id);
    copy_string(row.name, sizeof row.name, user_name(user));
    /* A name whose fold has no place is one that nobody can be mentioned by while they are away. */
    builder_clear(&chat->hub.fold);
    if (name_fold_room(user_name(user), &chat->hub.fold) && chat->hub.fold.size < sizeof row.fold)
        copy_string(row.fold, sizeof row.fold, builder_view(&chat->hub.fold));
    /* A failure is no reason to refuse anybody: it is tried again with the user's next event. */
    user->is_stored = store_user_put(chat->store, &row) == RESULT_OK;
    if (user->is_stored)
        belong_put_all(chat, user);
}

/* Names for those who chose none: the same one for the same id, unless somebody here looks like it. */
static enum result draw_name(struct chat *chat, struct user *user, const char *id)
{
    uint8_t seed[8];
    char name[40];

    uint64_t hash = 0;
    for (size_t i = 0; id[i]; i++)
        hash = (hash ^ (uint8_t)id[i]) * UINT64_C(0x100000001b3);
    for (uint64_t i = 0; i < NAME_DRAWS_MAX; i++) {
        uint64_t mixed = (hash + i) * UINT64_C(0x9e3779b97f4a7c15);
        memcpy(seed, &mixed, sizeof seed);
        name_draw(seed, name);
        enum result result = user_rename(chat, user, view_of_string(name));
        if (result != RESULT_EXISTS)
            return result;
    }
    return user_rename(chat, user, view_of_string(id));
}

/* What the database knows of the user; NULL: nothing. */
static const struct store_user *read_row(struct chat *chat, const struct user *user, struct store_user *row)
{
    char id[USER_ID_BYTES + 1];

    token_user_text(user->id, id);
    return store_user_get(chat->store, view_of_string(id), row) == RESULT_OK ? row : NULL;
}

/* `row` may be NULL. True: the wanted name could not be had. */
static bool choose_name(struct chat *chat, struct user *user, const struct store_user *row, const char *wanted_name)
{
    char id[USER_ID_BYTES + 1];

    if (row) {
        user->joined_ms = row->joined_ms;
        user->is_stored = true;
    }
    if (wanted_name[0] && user_rename(chat, user, view_of_string(wanted_name)) == RESULT_OK) {
        user->has_chosen_name = true;
        if (!row || strcmp(row->name, wanted_name) != 0)
            user->is_stored = false;
        return false;
    }
    if (!row || user_rename(chat, user, view_of_string(row->name)) != RESULT_OK) {
        token_user_text(user->id, id);
        (void)draw_name(chat, user, id); /* without memory for it the user is not let in */
    }
    return wanted_name[0] != 0;
}

struct user *user_find_or_make(struct chat *chat, const struct token_claims *claims, const char *wanted_name,
                               bool *out_name_is_taken)
{
    struct hub *hub = &chat->hub;
    struct view id = view_of(claims->user, sizeof claims->user);
    struct user *user = table_get(&hub->users, id);
    struct store_user row;

    *out_name_is_taken = false;
    if (user)
        return user;
    user = pool_take(&hub->user_pool);
    if (!user)
        return NULL;
    memcpy(user->id, claims->user, sizeof user->id);
    user->joined_ms = claims->joined_ms;
    if (table_put(&hub->users, id, user) != RESULT_OK) {
        pool_give(&hub->user_pool, user);
        return NULL;
    }
    counter_add(&hub->counters.users, 1);
    /* Of whom nobody has heard the database has not: a crowd of new guests costs no look-up. */
    const struct store_user *known = claims->is_drawn ? NULL : read_row(chat, user, &row);
    *out_name_is_taken = choose_name(chat, user, known, wanted_name);
    if (!user->is_named) {
        user_release(chat, user);
        return NULL;
    }
    if (user->has_chosen_name)
        user_store(chat, user);
    return user;
}

struct user *user_restore(struct chat *chat, const struct user *fields, struct view name)
{
    struct hub *hub = &chat->hub;
    struct view id = view_of(fields->id, sizeof fields->id);

    if (name.size > USER_NAME_BYTES_MAX || table_get(&hub->users, id))
        return NULL;
    struct user *user = pool_take(&hub->user_pool);
    if (!user)
        return NULL;
    memcpy(user->id, fields->id, sizeof user->id);
    user->joined_ms = fields->joined_ms;
    user->has_chosen_name = fields->has_chosen_name;
    user->is_stored = fields->is_stored;
    if (table_put(&hub->users, id, user) != RESULT_OK) {
        pool_give(&hub->user_pool, user);
        return NULL;
    }
    counter_add(&hub->counters.users, 1);
    if (user_rename(chat, user, name) == RESULT_OK)
        return user;
    user_release(chat, user);
    return NULL;
}

/* Forgets a user who has no connection and is shown in no room any longer. */
void user_release(struct chat *chat, struct user *user)
{
    struct hub *hub = &chat->hub;

    if (user->session_count > 0 || user->members)
        return;
    table_remove(&hub->users, view_of(user->id, sizeof user->id));
    give_up_name(hub, user);
    if (has_long_name(user))
        free(long_name(user));
    counter_subtract(&hub->counters.users, 1);
    pool_give(&hub->user_pool, user);
}
