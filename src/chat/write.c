/* SPDX-License-Identifier: Apache-2.0 */
/* Commands that add to a room's log, and the two that only pass through: typing and read positions. */
#include "chat/chat_inside.h"

static void append(struct chat *chat, struct request *request, struct room *room, struct event *event)
{
    struct user *user = request->session->user;
    char id[USER_ID_BYTES + 1];

    user_store(chat, user);
    event->user = user_shown(user, id);
    event->key = request->command.key;
    switch (store_append(chat->store, room->log, event, request)) {
    case RESULT_OK: /* hub_committed() or hub_refused() goes on */ return;
    case RESULT_FULL:
        refuse_request(chat, request, ERROR_BUSY,
                       "The server's disk is full. Nothing was lost; send it again later, with the same key.");
        return;
    default:
        refuse_request(chat, request, ERROR_INTERNAL,
                       "The server could not take this. Send it again in a moment, with the same key.");
        return;
    }
}

void room_send(struct chat *chat, struct request *request)
{
    const struct command *command = &request->command;
    struct event event = {.kind = EVENT_MESSAGE, .text = command->text};
    struct member *member;
    struct room *room = room_of_request(chat, request, &member);

    if (!room)
        return;
    if (command->has_reply_to) {
        if (command->reply_to == 0 || command->reply_to > room->log->seq_committed) {
            refuse_request(chat, request, ERROR_NOT_FOUND,
                           "The message that this replies to is not in the room. Check reply_to.");
            return;
        }
        event.reply_to = command->reply_to;
    }
    direct_remind(chat, room); /* first: whom it names may be one of them */
    event.mentions = mentions_find(chat, room, command->text);
    member->typed_ms = 0; /* what is typed after a message is news */
    append(chat, request, room, &event);
}

/* RESULT_OK: a retried key, which is the first one's business, whatever has become of its target since: the store
 * answers it as a duplicate. RESULT_NOT_FOUND: a new one. Others: nobody can tell now, and the target says nothing. */
static enum result find_key(struct chat *chat, const struct request *request, struct room *room)
{
    char id[USER_ID_BYTES + 1];
    uint64_t seq;
    int64_t at_ms;

    token_user_text(request->session->user->id, id);
    return store_key_find(chat->store, room->log, view_of_string(id), request->command.key, &seq, &at_ms);
}

/* The message that an edit, a deletion or a reaction is about. NULL: refused. */
static struct room *find_target(struct chat *chat, struct request *request, bool must_be_own)
{
    struct member *member;
    struct room *room = room_of_request(chat, request, &member);
    char id[USER_ID_BYTES + 1];
    struct event target;

    if (!room)
        return NULL;
    enum result result = find_key(chat, request, room);
    if (result == RESULT_OK)
        return room;
    if (result == RESULT_NOT_FOUND && request->command.seq <= room->log->seq_committed)
        result = store_event_get(chat->store, room->log, request->command.seq, &target);
    if (result == RESULT_NOT_FOUND || (result == RESULT_OK && (target.kind != EVENT_MESSAGE || target.is_deleted))) {
        refuse_request(chat, request, ERROR_NOT_FOUND,
                       "There is no message with that seq in this room. It may have been deleted.");
        return NULL;
    }
    if (result != RESULT_OK) {
        refuse_request(chat, request, ERROR_INTERNAL,
                       "The server could not look the message up. Try again in a moment.");
        return NULL;
    }
    token_user_text(request->session->user->id, id);
    if (must_be_own && !view_equal(target.user.id, view_of_string(id))) {
        refuse_request(chat, request, ERROR_FORBIDDEN, "Only its author may change this message.");
        return NULL;
    }
    return room;
}

void room_edit(struct chat *chat, struct request *request)
{
    struct room *room = find_target(chat, request, true);

    if (room)
        append(chat, request, room,
               &(struct event){
                   .kind = EVENT_EDITED,
                   .target = request->command.seq,
                   .text = request->command.text,
                   .mentions = mentions_find(chat, room, request->command.text),
               });
}

void room_delete(struct chat *chat, struct request *request)
{
    struct room *room = find_target(chat, request, true);

    if (room)
        append(chat, request, room, &(struct event){.kind = EVENT_DELETED, .target = request->command.seq});
}

void room_react(struct chat *chat, struct request *request)
{
    struct room *room = find_target(chat, request, false);

    if (room)
        append(chat, request, room,
               &(struct event){
                   .kind = EVENT_REACTION,
                   .target = request->command.seq,
                   .text = request->command.emoji,
                   .is_on = request->command.is_on,
               });
}

void room_typing(struct chat *chat, struct request *request)
{
    struct hub *hub = &chat->hub;
    struct member *member;
    struct room *room = room_of_request(chat, request, &member);

    if (!room)
        return;
    if ((uint32_t)hub->now_ms - member->typed_ms >= chat->options.typing_interval_ms) {
        char id[USER_ID_BYTES + 1];
        struct user_view shown = user_shown(member->user, id);
        member->typed_ms = (uint32_t)hub->now_ms;
        builder_clear(&hub->text);
        typing_encode(&hub->text, room->log->name, &shown);
        if (builder_ok(&hub->text))
            tell_room(chat, room, builder_view(&hub->text));
        counter_add(&hub->counters.typing_frames, 1);
    }
    settle_request(request);
}

void room_read(struct chat *chat, struct request *request)
{
    struct member *member;
    struct room *room = room_of_request(chat, request, &member);

    if (!room)
        return;
    uint64_t seq = request->command.seq < room->log->seq_committed ? request->command.seq : room->log->seq_committed;
    char id[USER_ID_BYTES + 1];
    token_user_text(member->user->id, id);
    user_store(chat, member->user);
    if (store_read_put(chat->store, room->log, view_of_string(id), seq) != RESULT_OK) {
        refuse_request(chat, request, ERROR_INTERNAL, "The server could not note this. Try again in a moment.");
        return;
    }
    belong_read(chat, request, room);
}
