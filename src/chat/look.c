/* SPDX-License-Identifier: Apache-2.0 */
/* Commands that only look: a page of history, who is here, which rooms there are, a digest. What memory does not hold
 * is read by a reader thread (replay.c). */
#include <sodium.h>
#include <stdlib.h>

#include "chat/chat_inside.h"
#include "chat/replay.h"

enum { HISTORY_DEFAULT = 50 };

/* Since seq has no holes, a page is a range; it ends where the log begins. */
static void page_of(const struct chat *chat, const struct room *room, const struct command *command,
                    struct page *out_page)
{
    uint64_t newest = room->log->seq_committed, first = room->log->seq_first;
    uint64_t limit = command->has_limit ? command->limit : HISTORY_DEFAULT;

    if (limit > chat->options.history_events_max)
        limit = chat->options.history_events_max;
    if (command->has_before) {
        uint64_t end = command->before > newest ? newest + 1 : command->before;
        *out_page =
            (struct page){.from = end > limit ? end - limit : 1, .to = end > 0 ? end - 1 : 0, .keeps_newest = true};
        if (out_page->from < first)
            out_page->from = first;
    } else {
        uint64_t from = command->after < newest ? command->after + 1 : newest + 1;
        from = from < first ? first : from;
        uint64_t to = from + limit - 1;
        *out_page = (struct page){.from = from, .to = to < newest ? to : newest, .keeps_newest = false};
    }
    if (limit == 0)
        out_page->to = out_page->from - 1;
}

static void answer_history(struct chat *chat, struct request *request, const struct room *room, const struct page *page,
                           uint64_t from, uint64_t to)
{
    struct hub *hub = &chat->hub;
    uint64_t first = room->log->seq_first;
    bool has_more = page->keeps_newest ? from > first && page->to >= first : to < room->log->seq_committed;

    if (!builder_ok(&hub->events)) {
        refuse_request(chat, request, ERROR_INTERNAL, "The server is out of memory. Try again in a moment.");
        return;
    }
    builder_clear(&hub->text);
    history_encode(&hub->text, &(struct history_frame){.ref = request->command.ref,
                                                       .room = room->log->name,
                                                       .first = first,
                                                       .events = builder_view(&hub->events),
                                                       .has_more = has_more});
    answer_request(chat, request, &hub->text);
}

void room_history(struct chat *chat, struct request *request)
{
    struct hub *hub = &chat->hub;
    uint64_t from = 0, to = 0;
    struct member *member;
    struct page page;
    struct room *room = room_of_request(chat, request, &member);

    if (!room)
        return;
    page_of(chat, room, &request->command, &page);
    builder_clear(&hub->events);
    bool is_in_memory = page.from > page.to
                        || store_recent_range(room->log, page.from, page.to, chat->options.history_bytes_max,
                                              page.keeps_newest, &hub->events, &from, &to);
    if (page.from > page.to) {
        from = page.from;
        to = page.to;
    }
    if (is_in_memory || room->log->is_ephemeral) { /* an ephemeral room has nothing but its memory */
        answer_history(chat, request, room, &page, from, to);
        return;
    }
    if (replay_history(chat, request, room, &page) != RESULT_OK)
        refuse_request(chat, request, ERROR_BUSY,
                       "Too many clients read old messages just now. Ask again in a moment.");
}

void room_who(struct chat *chat, struct request *request)
{
    struct hub *hub = &chat->hub;
    struct member *member;
    struct room *room = room_of_request(chat, request, &member);

    if (!room)
        return;
    size_t count = people_in(hub, room, MEMBERS_IN_WHO_MAX);
    builder_clear(&hub->text);
    members_encode(&hub->text, request->command.ref, room->log->name, hub->people.views, count, room->member_count,
                   count < room->member_count);
    answer_request(chat, request, &hub->text);
}

static void digest_memory(struct chat *chat, struct request *request, struct room *room, uint64_t from, uint64_t to)
{
    struct hub *hub = &chat->hub;
    crypto_hash_sha256_state state;
    uint8_t hash[crypto_hash_sha256_BYTES];

    crypto_hash_sha256_init(&state);
    for (uint64_t seq = from; seq <= to; seq++)
        digest_add(&state, seq, store_recent_key(room->log, seq));
    crypto_hash_sha256_final(&state, hash);
    builder_clear(&hub->text);
    digest_encode(&hub->text, request->command.ref, room->log->name, from, to, hash);
    answer_request(chat, request, &hub->text);
}

void digest_add(void *state, uint64_t seq, struct view key)
{
    char number[24];
    int size = snprintf(number, sizeof number, "%llu:", (unsigned long long)seq);

    crypto_hash_sha256_update(state, (const uint8_t *)number, (unsigned long long)size);
    crypto_hash_sha256_update(state, key.at, key.size);
    crypto_hash_sha256_update(state, (const uint8_t *)"\n", 1);
}

void room_digest(struct chat *chat, struct request *request)
{
    struct member *member;
    struct room *room = room_of_request(chat, request, &member);

    if (!room)
        return;
    uint64_t from = request->command.from, to = request->command.to;
    if (from < room->log->seq_first || from > to || to > room->log->seq_committed) {
        refuse_request(chat, request, ERROR_NOT_FOUND,
                       "The room does not have all of these events. Ask for its first seq (1, or what joined and "
                       "history call first) <= from <= to <= its newest.");
        return;
    }
    if (to - from >= DIGEST_EVENTS_MAX) {
        refuse_request(chat, request, ERROR_TOO_LARGE, "A digest covers at most 100000 events. Ask for it in parts.");
        return;
    }
    bool is_in_memory = store_recent_oldest(room->log) <= from;
    if (is_in_memory)
        digest_memory(chat, request, room, from, to);
    else if (room->log->is_ephemeral)
        refuse_request(chat, request, ERROR_NOT_FOUND,
                       "This room keeps only its newest events, and no longer has these.");
    else if (replay_digest(chat, request, room, from, to) != RESULT_OK)
        refuse_request(chat, request, ERROR_BUSY,
                       "Too many clients read old messages just now. Ask again in a moment.");
}

struct room_list {
    struct chat *chat;
    struct session *session;
    struct room_row *rows;
    size_t count;
    struct builder names; /* rows from the database: their names, one after the other */
    size_t offsets[ROOMS_IN_LIST_MAX];
};

static bool is_open_here(const struct room_list *list, struct view fold)
{
    return table_get(&list->chat->hub.rooms, fold) != NULL;
}

static void add_stored(void *context, const struct store_room_row *row)
{
    struct room_list *list = context;

    if (is_open_here(list, row->fold) || list->count == ROOMS_IN_LIST_MAX)
        return;
    list->offsets[list->count] = list->names.size;
    builder_add_view(&list->names, row->name);
    if (!builder_ok(&list->names))
        return; /* no memory for its name: the list is not whole */
    list->rows[list->count++] = (struct room_row){.room = {NULL, row->name.size}, .seq = row->seq};
}

static bool is_full(const struct room_list *list)
{
    return list->count == ROOMS_IN_LIST_MAX;
}

static void add_open(struct room_list *list, const struct room *room, bool has_joined)
{
    list->offsets[list->count] = SIZE_MAX;
    list->rows[list->count++] = (struct room_row){
        .room = room->log->name,
        .seq = room->log->seq_committed,
        .count = room->member_count,
        .has_joined = has_joined,
    };
}

/* Ephemeral rooms are listed to those who are in them: nobody else needs to know. However many rooms are open, the work
 * ends with the list's last place. */
static void add_all_open(struct room_list *list)
{
    struct session *session = list->session;
    size_t position = 0;
    struct room *room;

    for (uint32_t i = 0; i < session->member_count && !is_full(list); i++) {
        room = session_member_at(session, i)->room;
        if (room->log->members.size == 0)
            add_open(list, room, true);
    }
    while (!is_full(list) && (room = table_next(&list->chat->hub.rooms, &position)))
        if (!room->log->is_ephemeral && room->log->members.size == 0 && !session_member(session, room))
            add_open(list, room, false);
}

void room_list(struct chat *chat, struct request *request)
{
    struct hub *hub = &chat->hub;
    struct room_list *list = calloc(1, sizeof *list);

    if (list)
        list->rows = calloc(ROOMS_IN_LIST_MAX, sizeof *list->rows);
    if (!list || !list->rows) {
        free(list);
        refuse_request(chat, request, ERROR_INTERNAL, "The server is out of memory. Try again in a moment.");
        return;
    }
    list->chat = chat;
    list->session = request->session;
    builder_init(&list->names, (size_t)ROOMS_IN_LIST_MAX * ROOM_NAME_BYTES_MAX);
    add_all_open(list);
    bool is_whole = !is_full(list) /* without the database the open ones are listed */
                    && store_rooms(chat->store, ROOMS_IN_LIST_MAX, add_stored, list) == RESULT_OK;
    for (size_t i = 0; i < list->count; i++) {
        if (list->offsets[i] != SIZE_MAX)
            list->rows[i].room.at = list->names.at + list->offsets[i];
    }
    builder_clear(&hub->text);
    rooms_encode(&hub->text, request->command.ref, list->rows, list->count,
                 list->count == ROOMS_IN_LIST_MAX || !is_whole || !builder_ok(&list->names));
    builder_done(&list->names);
    free(list->rows);
    free(list);
    answer_request(chat, request, &hub->text);
}
