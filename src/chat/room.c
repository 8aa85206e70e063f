/* SPDX-License-Identifier: Apache-2.0 */
/* Rooms with their log open: found, made, entered, left, and closed when nobody has been there for a while. */
#include <stdlib.h>

#include "chat/chat_inside.h"

bool room_has_fold(const void *value, struct view key)
{
    const struct room *room = value;

    return view_equal(room->log->fold, key);
}

static void number_give_back(struct hub *hub, size_t capacity, uint32_t number)
{
    hub->free_numbers[(hub->free_head + hub->free_count) % capacity] = number;
    hub->free_count++;
}

static bool number_take(struct hub *hub, size_t capacity, uint32_t *out_number)
{
    if (hub->free_count == 0)
        return false;
    *out_number = hub->free_numbers[hub->free_head];
    hub->free_head = (uint32_t)((hub->free_head + 1) % capacity);
    hub->free_count--;
    return true;
}

/* The shards read it to tell of gaps. */
static bool write_label(struct chat *chat, uint32_t number, struct view name)
{
    struct room_label *label = atomic_load_explicit(&chat->labels[number], memory_order_relaxed);
    bool is_new = !label;

    check(name.size <= ROOM_NAME_BYTES_MAX);
    if (is_new)
        label = calloc(1, sizeof *label);
    if (!label)
        return false;
    label->size = (uint16_t)name.size;
    memcpy(label->name, name.at, name.size);
    if (is_new)
        atomic_store_explicit(&chat->labels[number], label, memory_order_release);
    return true;
}

static void room_close(struct chat *chat, struct room *room)
{
    struct hub *hub = &chat->hub;

    check(room->member_count == 0 && room->session_count == 0);
    if (!list_is_empty(&room->idle)) {
        list_remove(&room->idle);
        hub->idle_count--;
    }
    wheel_disarm(&hub->wheel, &room->presence);
    table_remove(&hub->rooms, room->log->fold);
    hub->by_number[room->number] = NULL;
    number_give_back(hub, chat->options.rooms_live_max, room->number);
    store_room_close(chat->store, room->log);
    counter_subtract(&hub->counters.rooms, 1);
    builder_done(&room->roster);
    free(room->interest);
    free(room);
}

static struct room *room_with(struct chat *chat, struct store_room *log, uint32_t number)
{
    struct hub *hub = &chat->hub;
    struct room *room = calloc(1, sizeof *room);

    if (!room)
        return NULL;
    room->interest = calloc(chat->shard_count, sizeof *room->interest);
    if (!room->interest)
        goto out_room;
    room->number = number;
    room->log = log;
    log->owner = room;
    list_init(&room->members);
    list_init(&room->left);
    builder_init(&room->roster, ROSTER_BYTES_MAX);
    list_init(&room->idle);
    wheel_timer_init(&room->presence);
    if (!write_label(chat, room->number, log->name) || table_put(&hub->rooms, log->fold, room) != RESULT_OK)
        goto out_room;
    hub->by_number[room->number] = room;
    if (room->number >= hub->numbers_used)
        hub->numbers_used = room->number + 1;
    counter_add(&hub->counters.rooms, 1);
    return room;

out_room:
    free(room->interest);
    free(room);
    return NULL;
}

static struct room *room_new(struct chat *chat, struct store_room *log)
{
    struct hub *hub = &chat->hub;
    uint32_t number;

    if (!number_take(hub, chat->options.rooms_live_max, &number))
        return NULL;
    struct room *room = room_with(chat, log, number);
    if (!room)
        number_give_back(hub, chat->options.rooms_live_max, number);
    return room;
}

enum result room_restore(struct chat *chat, struct store_room *log, uint32_t number, struct room **out_room)
{
    if (number >= chat->options.rooms_live_max || chat->hub.by_number[number])
        return RESULT_INVALID;
    *out_room = room_with(chat, log, number);
    return *out_room ? RESULT_OK : RESULT_NO_MEMORY;
}

void room_numbers_restored(struct chat *chat)
{
    struct hub *hub = &chat->hub;

    hub->free_head = hub->free_count = 0;
    for (uint32_t number = 0; number < chat->options.rooms_live_max; number++) {
        if (!chat->hub.by_number[number])
            number_give_back(hub, chat->options.rooms_live_max, number);
    }
}

/* Room for one more: the one that has been empty longest goes. */
static bool make_space(struct chat *chat)
{
    struct hub *hub = &chat->hub;

    if (hub->free_count == 0 && hub->idle_count > 0)
        room_close(chat, list_entry(hub->idle.next, struct room, idle));
    return hub->free_count > 0;
}

static enum result room_take(struct chat *chat, struct store_room *log, struct room **out_room)
{
    *out_room = room_new(chat, log);
    if (*out_room)
        return RESULT_OK;
    store_room_close(chat->store, log);
    return RESULT_NO_MEMORY;
}

static enum result room_open(struct chat *chat, struct view name, struct view fold, bool is_ephemeral,
                             struct room **out_room)
{
    struct store_room *log;

    if (!make_space(chat))
        return RESULT_FULL;
    enum result result = store_room_open(chat->store, name, fold, is_ephemeral, chat->options.may_make_rooms, &log);
    return result == RESULT_OK ? room_take(chat, log, out_room) : result;
}

enum result room_find_direct(struct chat *chat, struct view name, struct view members, struct room **out_room)
{
    struct store_room *log;

    *out_room = table_get(&chat->hub.rooms, name);
    if (*out_room)
        return RESULT_OK;
    if (!make_space(chat))
        return RESULT_FULL;
    enum result result = store_direct_open(chat->store, name, members, &log);
    return result == RESULT_OK ? room_take(chat, log, out_room) : result;
}

enum result room_find(struct chat *chat, struct view name, bool may_open, struct room **out_room,
                      enum name_fault *out_fault)
{
    struct hub *hub = &chat->hub;
    bool is_ephemeral = false;

    if (name_is_direct(name)) {
        *out_room = may_open ? NULL : table_get(&hub->rooms, name);
        if (may_open)
            return room_find_direct(chat, name, (struct view){NULL, 0}, out_room);
        return *out_room ? RESULT_OK : RESULT_NOT_FOUND;
    }
    *out_fault = name_check_room(name, &is_ephemeral);
    if (*out_fault != NAME_FINE)
        return RESULT_INVALID;
    builder_clear(&hub->fold);
    if (!name_fold_room(name, &hub->fold) || !builder_ok(&hub->fold))
        return RESULT_NO_MEMORY;
    *out_room = table_get(&hub->rooms, builder_view(&hub->fold));
    if (*out_room)
        return RESULT_OK;
    if (!may_open)
        return RESULT_NOT_FOUND;
    return room_open(chat, name, builder_view(&hub->fold), is_ephemeral, out_room);
}

/* An ephemeral room's life ends with its last member; a durable one stays open for a while, so that coming back needs
 * no disk. */
void room_close_if_idle(struct chat *chat, struct room *room)
{
    struct hub *hub = &chat->hub;

    if (room->member_count > 0 || room->session_count > 0 || !list_is_empty(&room->left))
        return;
    if (!list_is_empty(&room->log->staged))
        return; /* the notice that reports them comes back to it */
    if (room->log->is_ephemeral) {
        room_close(chat, room);
        return;
    }
    if (list_is_empty(&room->idle)) {
        list_add_last(&hub->idle, &room->idle);
        hub->idle_count++;
    }
    if (hub->idle_count > IDLE_ROOMS_MAX)
        room_close(chat, list_entry(hub->idle.next, struct room, idle));
}

/* Members in either list of a room go without a word: nobody is left to hear it. */
static void forget_members(struct chat *chat, struct list_link *members)
{
    list_each(members, link, following) {
        member_free(chat, list_entry(link, struct member, of_room));
    }
}

void rooms_close_all(struct chat *chat)
{
    struct hub *hub = &chat->hub;
    struct list_link all;
    size_t position = 0;
    struct room *room;

    due_done(&hub->leases); /* all who wait there go now */
    list_init(&all);
    while ((room = table_next(&hub->rooms, &position))) {
        list_remove(&room->idle);
        list_add_last(&all, &room->idle);
    }
    hub->idle_count = (uint32_t)hub->rooms.count;
    list_each(&all, link, following) {
        room = list_entry(link, struct room, idle);
        forget_members(chat, &room->members);
        forget_members(chat, &room->left);
        room->member_count = 0;
        room->session_count = 0;
        room_close(chat, room);
    }
}

struct room *room_of_request(struct chat *chat, struct request *request, struct member **out_member)
{
    struct session *session = request->session;
    struct room *room = NULL;
    enum name_fault fault;

    for (uint32_t i = 0; i < session->member_count && !room; i++) {
        struct room *candidate = session_member_at(session, i)->room;
        if (request->is_plain ? candidate->number + 1 == session->walk_in_number
                              : view_equal(candidate->log->name, request->command.room))
            room = candidate;
    }
    if (!room && !request->is_plain && room_find(chat, request->command.room, false, &room, &fault) == RESULT_INVALID) {
        refuse_request(chat, request, ERROR_BAD_REQUEST, name_fault_text(fault));
        return NULL;
    }
    *out_member = room ? session_member(session, room) : NULL;
    if (*out_member)
        return room;
    refuse_request(chat, request, ERROR_FORBIDDEN, "You are not in this room. Join it first.");
    return NULL;
}

/* What a join is shown of the log. */
struct look_back {
    uint64_t after;    /* events from after + 1 on */
    bool is_truncated; /* older ones that were asked for are not shown, or `after` meant another life of the log */
};

static struct look_back look_back(const struct chat *chat, const struct room *room, const struct command *command)
{
    uint64_t seq = room->log->seq_committed;
    uint64_t max = chat->options.history_events_max;
    uint64_t history = command->history < max ? command->history : max;
    bool is_other_life = command->has_epoch && !view_equal(command->epoch, view_of_string(room->log->epoch));
    struct look_back back = {.after = seq};

    if (command->has_after && (is_other_life || command->after > seq)) {
        back.is_truncated = true;
        back.after = seq > max ? seq - max : 0;
    } else if (command->has_after) {
        back.after = command->after;
        if (seq - command->after > max) {
            back.is_truncated = true;
            back.after = seq - max;
        }
    } else if (command->has_history) {
        back.after = seq > history ? seq - history : 0;
    }
    if (back.after + 1 < room->log->seq_first) { /* what came before is gone, of age */
        back.is_truncated |= command->has_after;
        back.after = room->log->seq_first - 1;
    }
    return back;
}

static void encode_joined(struct chat *chat, struct room *room, struct view ref, bool is_truncated)
{
    struct hub *hub = &chat->hub;

    builder_clear(&hub->text);
    joined_encode(&hub->text, &(struct joined_frame){
                                  .ref = ref,
                                  .room = room->log->name,
                                  .epoch = view_of_string(room->log->epoch),
                                  .seq = room->log->seq_committed,
                                  .first = room->log->seq_first,
                                  .events = builder_view(&hub->events),
                                  .is_truncated = is_truncated,
                                  .members = roster_of(hub, room),
                                  .count = room->member_count,
                              });
}

static void join_failed(struct chat *chat, struct session *session, struct request *request, enum error_code code,
                        const char *text)
{
    if (request)
        refuse_request(chat, request, code, text);
    else
        tell_error(chat, session, code, text);
}

static void explain_failed_join(struct chat *chat, struct session *session, struct request *request, enum result result,
                                enum name_fault fault)
{
    switch (result) {
    case RESULT_INVALID: join_failed(chat, session, request, ERROR_BAD_REQUEST, name_fault_text(fault)); break;
    case RESULT_NOT_FOUND:
        join_failed(chat, session, request, ERROR_NOT_FOUND,
                    "There is no room of that name, and rooms are not made by joining here.");
        break;
    case RESULT_FULL:
        join_failed(chat, session, request, ERROR_BUSY,
                    "The server has as many rooms open as it may have. Try again later.");
        break;
    default:
        join_failed(chat, session, request, ERROR_INTERNAL, "The room could not be opened. Try again in a moment.");
        break;
    }
}

/* The connection follows the room from its newest event on; what it is shown of the past is from memory, or is read
 * first while the subscription is held. */
static void subscribe(struct chat *chat, struct session *session, struct request *request, struct room *room,
                      const struct command *command)
{
    struct hub *hub = &chat->hub;
    struct look_back back = look_back(chat, room, command);
    uint64_t seq = room->log->seq_committed, from = 0;
    struct view ref = request ? request->command.ref : (struct view){NULL, 0};

    builder_clear(&hub->events);
    bool is_in_memory = store_recent_after(room->log, back.after, chat->options.history_events_max,
                                           chat->options.history_bytes_max, &hub->events, &from);
    if (!is_in_memory) {
        struct replay replay = {back.after + 1, seq, back.is_truncated};
        counter_add(&hub->counters.replays_from_disk, 1);
        shard_post_subscribe(session_shard(session), session->handle, room->number, seq + 1, NULL, true);
        if (replay_post(chat, session, request, room, &replay) != RESULT_OK) {
            shard_post_unsubscribe(session_shard(session), session->handle, room->number);
            member_leave(chat, session, room);
            join_failed(chat, session, request, ERROR_BUSY,
                        "Too many clients read old messages just now. Join again in a moment.");
        }
        return;
    }
    counter_add(&hub->counters.replays_from_memory, 1);
    if (from > back.after + 1)
        back.is_truncated = true;
    if (back.is_truncated)
        counter_add(&hub->counters.replays_truncated, 1);
    encode_joined(chat, room, ref, back.is_truncated);
    /* Without memory for the events the answer would be whole, and say that nothing was missed. */
    bool is_whole = builder_ok(&hub->events) && builder_ok(&hub->text);
    struct reply *reply = is_whole ? reply_new(WS_TEXT, builder_view(&hub->text)) : NULL;
    if (!reply) {
        shard_post_close(session_shard(session), session->handle, END_INTERNAL, NULL);
        if (request)
            settle_request(request);
        return;
    }
    shard_post_subscribe(session_shard(session), session->handle, room->number, seq + 1, reply, false);
    if (request)
        request_free(request);
}

/* A room that this connection is in already: the answer again, and nothing else changes. */
static void answer_again(struct chat *chat, struct session *session, struct request *request, struct room *room)
{
    struct hub *hub = &chat->hub;

    builder_clear(&hub->events);
    encode_joined(chat, room, request ? request->command.ref : (struct view){NULL, 0}, false);
    if (request)
        answer_request(chat, request, &hub->text);
    else
        tell_session(session, &hub->text);
}

void room_join(struct chat *chat, struct session *session, struct request *request, const struct command *command)
{
    struct hub *hub = &chat->hub;
    enum name_fault fault = NAME_FINE;
    struct room *room = NULL;
    enum result result = room_find(chat, command->room, true, &room, &fault);

    if (result == RESULT_OK && !direct_allows(room, session->user)) {
        room_close_if_idle(chat, room);
        result = RESULT_NOT_FOUND; /* who is no member is not told that it is there */
    }
    if (result != RESULT_OK) {
        explain_failed_join(chat, session, request, result, fault);
        return;
    }
    if (session_member(session, room)) {
        answer_again(chat, session, request, room);
        return;
    }
    if (session->member_count >= chat->options.rooms_per_connection_max) {
        join_failed(chat, session, request, ERROR_TOO_LARGE,
                    "This connection is in as many rooms as it may be in. Leave one first.");
        room_close_if_idle(chat, room);
        return;
    }
    if (belong_put(chat, session, room) == RESULT_REFUSED) {
        join_failed(chat, session, request, ERROR_TOO_LARGE,
                    "You belong to as many rooms as a user may. Leave one first, with the command leave.");
        room_close_if_idle(chat, room);
        return;
    }
    if (!member_enter(chat, session, room)) {
        join_failed(chat, session, request, ERROR_INTERNAL, "The server is out of memory. Try again in a moment.");
        room_close_if_idle(chat, room);
        return;
    }
    counter_add(&hub->counters.joins, 1);
    if (command->has_after)
        counter_add(&hub->counters.resumes, 1);
    subscribe(chat, session, request, room, command);
}

void room_join_command(struct chat *chat, struct request *request)
{
    room_join(chat, request->session, request, &request->command);
}

void room_leave(struct chat *chat, struct request *request)
{
    struct hub *hub = &chat->hub;
    struct session *session = request->session;
    struct member *member;
    struct room *room = room_of_request(chat, request, &member);

    if (!room)
        return;
    shard_post_unsubscribe(session_shard(session), session->handle, room->number);
    belong_remove(chat, session, room);
    builder_clear(&hub->text);
    ok_encode(&hub->text, request->command.ref, room->log->name, NULL);
    member_leave(chat, session, room);
    answer_request(chat, request, &hub->text);
}
