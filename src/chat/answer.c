/* SPDX-License-Identifier: Apache-2.0 */
/* How the hub speaks: to one connection, about one request, to a room. */
#include <stdlib.h>

#include "chat/chat_inside.h"

void request_free(struct request *request)
{
    command_done(&request->command);
    free(request);
}

void settle_request(struct request *request)
{
    shard_post_settled(request->shard, request->handle);
    request_free(request);
}

void answer_request(struct chat *chat, struct request *request, const struct builder *text)
{
    struct reply *reply = builder_ok(text) ? reply_new(WS_TEXT, builder_view(text)) : NULL;

    (void)chat;
    if (!reply) {
        shard_post_close(request->shard, request->handle, END_INTERNAL, NULL);
        settle_request(request);
        return;
    }
    shard_post_reply(request->shard, request->handle, reply, true);
    request_free(request);
}

void refuse_request(struct chat *chat, struct request *request, enum error_code code, const char *text)
{
    struct hub *hub = &chat->hub;
    bool has_key = !request->is_plain;

    counter_add(&hub->counters.errors[code], 1);
    builder_clear(&hub->text);
    error_encode(&hub->text, &(struct error_frame){
                                 .ref = request->command.ref,
                                 .code = code,
                                 .message = view_of_string(text),
                                 .room = request->command.room,
                                 .key = has_key ? request->command.key : (struct view){NULL, 0},
                                 .retry_after_ms = code == ERROR_BUSY || code == ERROR_INTERNAL ? 1000 : 0,
                             });
    answer_request(chat, request, &hub->text);
}

void tell_session(struct session *session, const struct builder *text)
{
    struct reply *reply = builder_ok(text) ? reply_new(WS_TEXT, builder_view(text)) : NULL;

    if (reply)
        shard_post_reply(session_shard(session), session->handle, reply, false);
    else
        shard_post_close(session_shard(session), session->handle, END_INTERNAL, NULL);
}

void tell_error(struct chat *chat, struct session *session, enum error_code code, const char *text)
{
    struct hub *hub = &chat->hub;

    counter_add(&hub->counters.errors[code], 1);
    builder_clear(&hub->text);
    error_encode(&hub->text, &(struct error_frame){.code = code, .message = view_of_string(text)});
    tell_session(session, &hub->text);
}

void post_chunk(struct chat *chat, struct room *room, struct view frames, uint32_t frame_count, uint64_t seq_first,
                uint64_t seq_last)
{
    struct chunk *chunk = NULL;

    for (size_t i = 0; i < chat->shard_count; i++) {
        if (room->interest[i] == 0)
            continue;
        if (!chunk)
            chunk = chunk_new(frames, frame_count, seq_first, seq_last);
        if (chunk)
            shard_post_chunk(chat->shards[i], room->number, chunk_ref(chunk));
        else
            shard_post_lost(chat->shards[i], room->number, seq_last);
    }
    if (chunk)
        chunk_unref(chunk);
}

void tell_lost(struct chat *chat, struct room *room, uint64_t seq_last)
{
    for (size_t i = 0; i < chat->shard_count; i++) {
        if (room->interest[i] > 0)
            shard_post_lost(chat->shards[i], room->number, seq_last);
    }
}

void tell_room(struct chat *chat, struct room *room, struct view text)
{
    struct builder *frames = &chat->hub.frames;
    uint8_t header[WS_SERVER_HEADER_BYTES_MAX];

    builder_clear(frames);
    builder_add(frames, header, ws_header_encode(header, WS_TEXT, true, false, text.size));
    builder_add_view(frames, text);
    if (builder_ok(frames))
        post_chunk(chat, room, builder_view(frames), 1, 0, 0);
}
