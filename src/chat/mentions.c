/* SPDX-License-Identifier: Apache-2.0 */
/* Whom a message names: the users of the room whose names stand behind an '@' in its text. Decided once, by the server,
 * and kept in the event as ids, so that every client agrees and a later name changes nothing. */
#include "chat/chat_inside.h"
#include "chat/mention.h"
#include "store/attention.h"

/* Look-ups for one text: a name can end at several places behind each '@'. Twenty ordinary mentions take about 100. Of
 * those who are away only names of a few words are looked for, since each look-up goes to the database. */
enum { TRIES_MAX = 200, AWAY_ENDS_MAX = 4, AWAY_TRIES_MAX = 40 };

struct search {
    struct chat *chat;
    struct room *room;
    struct builder *ids;
    size_t count;
    unsigned tries, away_tries;
};

static bool fold_of(struct view name, struct builder *out)
{
    builder_clear(out);
    return name_fold_room(name, out) && builder_ok(out);
}

/* Look-alikes share a key, which finds the user; whom a text names must be written as they are, apart from the case of
 * letters. */
static bool is_written(struct hub *hub, struct view name, struct view written)
{
    return fold_of(name, &hub->fold) && fold_of(written, &hub->skeleton)
           && view_equal(builder_view(&hub->fold), builder_view(&hub->skeleton));
}

static const struct user *find_named(struct search *search, struct view written)
{
    struct hub *hub = &search->chat->hub;

    builder_clear(&hub->skeleton);
    if (!name_skeleton(written, &hub->skeleton) || !builder_ok(&hub->skeleton) || hub->skeleton.size == 0)
        return NULL;
    const struct user *user = table_get(&hub->names, builder_view(&hub->skeleton));
    return user && member_of(user, search->room) && is_written(hub, user_name(user), written) ? user : NULL;
}

static bool is_listed(const struct builder *ids, struct view id)
{
    for (size_t at = 0; at < ids->size; at += EVENT_MENTION_BYTES) {
        if (memcmp(ids->at + at, id.at, id.size) == 0)
            return true;
    }
    return false;
}

static void add(struct search *search, const char *id)
{
    if (is_listed(search->ids, view_of(id, USER_ID_BYTES)))
        return;
    builder_add(search->ids, id, USER_ID_BYTES);
    search->count++;
}

/* Somebody who belongs to the room and is not here now. */
static void look_for_away(struct search *search, struct view rest, const uint8_t *sizes, size_t count)
{
    struct hub *hub = &search->chat->hub;
    char id[33];

    if (search->room->log->is_ephemeral)
        return;
    for (size_t i = count > AWAY_ENDS_MAX ? count - AWAY_ENDS_MAX : 0; i < count; i++) {
        if (search->away_tries++ >= AWAY_TRIES_MAX || !fold_of(view_first(rest, sizes[i]), &hub->fold))
            return;
        bool is_known = store_user_named(search->chat->store, search->room->log, builder_view(&hub->fold), id)
                        == RESULT_OK;
        if (is_known && strlen(id) == USER_ID_BYTES) {
            add(search, id);
            return;
        }
    }
}

/* The longest name counts: "Ada Lovelace", where an "Ada" is here as well. */
static void look_behind(struct search *search, struct view rest)
{
    uint8_t sizes[MENTION_ENDS_MAX];
    size_t count = mention_ends(rest, sizes);

    for (size_t i = 0; i < count && search->tries < TRIES_MAX; i++) {
        search->tries++;
        const struct user *user = find_named(search, view_first(rest, sizes[i]));
        if (user) {
            char id[USER_ID_BYTES + 1];
            token_user_text(user->id, id);
            add(search, id);
            return;
        }
    }
    look_for_away(search, rest, sizes, count);
}

struct view mentions_find(struct chat *chat, struct room *room, struct view text)
{
    struct hub *hub = &chat->hub;
    struct search search = {.chat = chat, .room = room, .ids = &hub->mentions};
    struct mention_scan scan = mention_scan_of(text);
    struct view rest;

    builder_clear(&hub->mentions);
    if (!memchr(text.at, '@', text.size)) /* as most are */
        return (struct view){NULL, 0};
    while (mention_next(&scan, &rest)) {
        if (search.count >= chat->options.mentions_max || search.tries >= TRIES_MAX) {
            counter_add(&hub->counters.mentions_cut, 1);
            break;
        }
        look_behind(&search, rest);
    }
    counter_add(&hub->counters.mentions, search.count);
    return builder_ok(&hub->mentions) ? builder_view(&hub->mentions) : (struct view){NULL, 0};
}
