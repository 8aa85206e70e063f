/* SPDX-License-Identifier: Apache-2.0 */
/* The hub: what the store's thread does for the chat. Letters from the doors in order, committed events to the rooms,
 * timers. */
#include <stdlib.h>

#include "chat/chat_inside.h"
#include "os/clock.h"

void hub_arm(struct chat *chat, struct wheel_timer *timer, uint64_t delay_ms)
{
    struct hub *hub = &chat->hub;

    wheel_arm(&hub->wheel, timer, (hub->now_ms + delay_ms) / HUB_TICK_MS + (delay_ms > 0));
}

static void arrive(struct chat *chat, struct session *session)
{
    struct arrival *arrival = session->arrival;

    session_arrive(chat, session, arrival);
    free(arrival);
}

static void serve(struct chat *chat, struct request *request)
{
    struct session *session = request->session;

    if (session->is_refused) {
        settle_request(request);
        return;
    }
    if (!session->is_welcomed && request->command.type != COMMAND_LOGIN)
        session_welcome_first(chat, session);
    command_row(request->command.type)->handle(chat, request);
}

static void call(struct hub_call *called)
{
    called->run(called);
}

void hub_visit(void *context, const struct letter *letter)
{
    struct chat *chat = context;

    chat->hub.now_ms = os_clock_monotonic_ms();
    switch ((enum hub_letter)letter->kind) {
    case HUB_ARRIVE: arrive(chat, letter->object); break;
    case HUB_COMMAND: serve(chat, letter->object); break;
    case HUB_DEPART: session_depart(chat, letter->object); break;
    case HUB_CALL: call(letter->object); break;
    }
}

void hub_forget(struct chat *chat, const struct letter *letter)
{
    struct session *session = letter->object;

    switch ((enum hub_letter)letter->kind) {
    case HUB_ARRIVE:
        free(session->arrival);
        session->user = NULL; /* the arrival's place is free now */
        counter_add(&chat->hub.counters.sessions, 1);
        break;
    case HUB_COMMAND: request_free(letter->object); break;
    case HUB_DEPART: session_depart(chat, session); break;
    case HUB_CALL: call(letter->object); break;
    }
}

static void add_frame(struct builder *frames, struct view json)
{
    uint8_t header[WS_SERVER_HEADER_BYTES_MAX];

    builder_add(frames, header, ws_header_encode(header, WS_TEXT, true, false, json.size));
    builder_add_view(frames, json);
}

/* The acks of one connection that stand next to each other in a batch leave as one letter and one block of frames: a
 * client with many messages in flight costs little more than with one. */
struct acks {
    struct shard *shard; /* NULL: none yet */
    uint64_t handle;
    uint32_t count;
};

static void post_acks(struct chat *chat, struct acks *acks)
{
    struct builder *frames = &chat->hub.frames;

    if (acks->count == 0)
        return;
    struct reply *reply = builder_ok(frames) ? reply_new_raw(builder_view(frames)) : NULL;
    if (reply)
        shard_post_frames(acks->shard, acks->handle, reply, acks->count);
    else
        shard_post_close(acks->shard, acks->handle, END_INTERNAL, NULL);
    acks->count = 0;
}

static void add_ack(struct chat *chat, struct acks *acks, const struct request *request)
{
    struct hub *hub = &chat->hub;

    if (acks->count > 0 && (acks->shard != request->shard || acks->handle != request->handle))
        post_acks(chat, acks);
    if (acks->count == 0) {
        builder_clear(&hub->frames);
        acks->shard = request->shard;
        acks->handle = request->handle;
    }
    add_frame(&hub->frames, builder_view(&hub->text));
    acks->count++;
}

static void acknowledge(struct chat *chat, struct request *request, const struct store_entry *entry, struct acks *acks)
{
    struct hub *hub = &chat->hub;

    if (!request) { /* its sender was told "internal", and the log turned out to have it after all: it is shown, and a
                       retry is a duplicate */
        counter_add(&hub->counters.adopted, 1);
        return;
    }
    if (entry->is_duplicate)
        counter_add(&hub->counters.duplicates, 1);
    if (request->is_plain) {
        counter_add(&hub->counters.settled, 1);
        settle_request(request);
        return;
    }
    counter_add(&hub->counters.acks, 1);
    builder_clear(&hub->text);
    ack_encode(&hub->text, &(struct ack_frame){
                               .ref = request->command.ref,
                               .room = entry->room->name,
                               .key = request->command.key,
                               .seq = entry->event.seq,
                               .at_ms = entry->event.at_ms,
                               .is_duplicate = entry->is_duplicate,
                           });
    add_ack(chat, acks, request);
    request_free(request);
}

/* A room cannot be closed from within a notice of its own: the next presence frame sees to it. */
static void watch_for_idle(struct chat *chat, struct room *room)
{
    if (room->member_count == 0 && room->session_count == 0)
        presence_due(chat, room);
}

/* The events of a batch, encoded once as ready frames, go to every shard that has subscribers; then each sender gets
 * its ack. */
void hub_committed(void *context, struct store_room *log, struct list_link *entries)
{
    struct chat *chat = context;
    struct hub *hub = &chat->hub;
    struct room *room = log->owner;
    uint64_t seq_first = 0, seq_last = 0;
    uint32_t count = 0;

    builder_clear(&hub->frames);
    list_each(entries, link, following) {
        struct store_entry *entry = list_entry(link, struct store_entry, link);
        if (entry->is_duplicate)
            continue;
        if (count++ == 0)
            seq_first = entry->event.seq;
        seq_last = entry->event.seq;
        add_frame(&hub->frames, entry->json);
    }
    if (count > 0 && builder_ok(&hub->frames)) {
        post_chunk(chat, room, builder_view(&hub->frames), count, seq_first, seq_last);
        histogram_add(&hub->counters.chunk_events, count);
        room_count_events(room, count, hub->now_ms);
    } else if (count > 0) {
        tell_lost(chat, room, seq_last);
    }
    struct acks acks = {0};
    list_each(entries, link, following) {
        struct store_entry *entry = list_entry(link, struct store_entry, link);
        acknowledge(chat, entry->ticket, entry, &acks);
    }
    post_acks(chat, &acks);
    watch_for_idle(chat, room);
}

void hub_refused(void *context, struct store_room *log, struct list_link *entries, enum result why)
{
    struct chat *chat = context;

    list_each(entries, link, following) {
        struct store_entry *entry = list_entry(link, struct store_entry, link);
        if (why == RESULT_FULL)
            refuse_request(chat, entry->ticket, ERROR_BUSY,
                           "The server's disk is full. Nothing was lost; send it again later, with the same key.");
        else
            refuse_request(
                chat, entry->ticket, ERROR_INTERNAL,
                "The server could not write to its disk. Nothing was lost; send it again later, with the same key.");
    }
    watch_for_idle(chat, log->owner);
}

static void tell_presences(struct chat *chat)
{
    struct hub *hub = &chat->hub;
    struct list_link due;

    list_init(&due);
    wheel_advance(&hub->wheel, hub->now_ms / HUB_TICK_MS, &due);
    while (!list_is_empty(&due)) {
        struct wheel_timer *timer = list_entry(due.next, struct wheel_timer, link);
        list_remove(&timer->link);
        presence_tell(chat, list_entry(timer, struct room, presence));
    }
}

static void end_leases(struct chat *chat)
{
    struct member *member;

    while ((member = due_take(&chat->hub.leases, chat->hub.now_ms))) {
        member->lease_count--;
        if (member->lease_count == 0 && member->session_count == 0)
            member_lease_over(chat, member);
    }
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

int hub_turned(void *context)
{
    struct chat *chat = context;
    struct hub *hub = &chat->hub;
    struct session *session;

    hub->now_ms = os_clock_monotonic_ms();
    while ((session = due_take(&hub->graces, hub->now_ms)))
        session_grace_over(chat, session);
    end_leases(chat);
    tell_presences(chat);
    uint64_t due_ms = earlier(due_next_ms(&hub->graces), due_next_ms(&hub->leases));
    if (hub->wheel.count > 0)
        due_ms = earlier(due_ms, hub->now_ms + wheel_until_next(&hub->wheel, 100) * HUB_TICK_MS);
    if (due_ms == UINT64_MAX)
        return -1;
    return due_ms > hub->now_ms ? (int)earlier(due_ms - hub->now_ms, INT32_MAX) : 0;
}
