/* SPDX-License-Identifier: Apache-2.0 */
/* The rooms that a user belongs to, on whatever device: from a join until the command leave. What waits in them is told
 * on demand (mine), and to the user's other connections when one of them reads, joins or leaves. */
#include <stdlib.h>

#include "chat/chat_inside.h"
#include "store/attention.h"

static struct unread_row row_of(const struct store_mine_row *row)
{
    return (struct unread_row){row->room, row->seq, row->read, row->unread, row->mentions, {NULL, 0}};
}

/* Walk-ins know nothing of it. */
void belong_tell(struct chat *chat, const struct user *user, const struct session *but)
{
    struct hub *hub = &chat->hub;
    size_t told = 0;

    for (struct session *session = user->sessions; session && told < SESSIONS_TOLD_MAX; session = session->of_user) {
        if (session == but || session->is_walk_in || session->is_refused || !session->is_welcomed)
            continue;
        tell_session(session, &hub->text);
        told++;
    }
    counter_add(&hub->counters.unread_frames, told);
}

static void tell_unread(struct chat *chat, const struct session *session, const struct unread_row *row)
{
    if (session->user->session_count < 2)
        return;
    builder_clear(&chat->hub.text);
    unread_encode(&chat->hub.text, row);
    belong_tell(chat, session->user, session);
}

static enum result put(struct chat *chat, const struct user *user, struct room *room)
{
    char id[USER_ID_BYTES + 1];

    token_user_text(user->id, id);
    enum result result =
        store_joined_put(chat->store, room->log, view_of(id, USER_ID_BYTES), chat->options.rooms_per_user_max);
    if (result == RESULT_OK)
        counter_add(&chat->hub.counters.belongings, 1);
    if (result == RESULT_REFUSED)
        counter_add(&chat->hub.counters.belongings_refused, 1);
    return result;
}

enum result belong_put(struct chat *chat, struct session *session, struct room *room)
{
    uint64_t seq = room->log->seq_committed;

    if (!session->user->is_stored)
        return RESULT_OK;
    enum result result = put(chat, session->user, room);
    bool is_direct = room->log->members.size > 0;
    if (result == RESULT_OK && is_direct && session->user->session_count > 1)
        direct_tell(chat, room, session->user, session);
    else if (result == RESULT_OK && !is_direct)
        tell_unread(chat, session, &(struct unread_row){.room = room->log->name, .seq = seq, .read = seq});
    return result == RESULT_REFUSED ? RESULT_REFUSED : RESULT_OK;
}

void belong_put_all(struct chat *chat, struct user *user)
{
    for (struct member *member = user->members; member; member = member->of_user) {
        if (member->session_count > 0)
            (void)put(chat, user, member->room); /* tried again with the next join */
    }
}

void belong_remove(struct chat *chat, struct session *session, struct room *room)
{
    struct hub *hub = &chat->hub;
    char id[USER_ID_BYTES + 1];

    if (!session->user->is_stored || room->log->is_ephemeral)
        return;
    token_user_text(session->user->id, id);
    /* Where the disk fails the user belongs to the room as before, and can leave it again. */
    if (store_joined_remove(chat->store, room->log, view_of(id, USER_ID_BYTES)) != RESULT_OK
        || session->user->session_count < 2)
        return;
    builder_clear(&hub->text);
    left_encode(&hub->text, room->log->name);
    belong_tell(chat, session->user, session);
}

void belong_read(struct chat *chat, struct request *request, struct room *room)
{
    struct hub *hub = &chat->hub;
    struct store_mine_row found;
    char id[USER_ID_BYTES + 1];

    token_user_text(request->session->user->id, id);
    bool is_known = store_unread(chat->store, room->log, view_of(id, USER_ID_BYTES), &found) == RESULT_OK;
    struct unread_row row = is_known ? row_of(&found) : (struct unread_row){0};
    if (is_known)
        tell_unread(chat, request->session, &row);
    builder_clear(&hub->text);
    if (is_known)
        read_ok_encode(&hub->text, request->command.ref, &row);
    else
        ok_encode(&hub->text, request->command.ref, room->log->name, NULL);
    answer_request(chat, request, &hub->text);
}

/* ---- the list, read by a reader thread ---- */

struct listing {
    struct store_job job; /* first */
    struct shard *shard;
    uint64_t handle;
    size_t max, count;
    struct builder rows;
    struct builder users; /* of the row at work */
    struct store_snapshot *snapshot;
    char id[USER_ID_BYTES + 1];
    uint8_t ref_size;
    char ref[COMMAND_REF_BYTES_MAX];
};

/* A user whose row is gone is shown by the id. */
static void add_users(struct listing *listing, struct view members)
{
    builder_clear(&listing->users);
    for (size_t at = 0; at + USER_ID_BYTES <= members.size; at += USER_ID_BYTES) {
        struct user_view shown = {.id = view_of(members.at + at, USER_ID_BYTES)};
        struct store_user user;
        bool is_known = store_snapshot_user(listing->snapshot, shown.id, &user) == RESULT_OK;
        shown.name = is_known ? view_of_string(user.name) : shown.id;
        if (at > 0)
            builder_add_byte(&listing->users, ',');
        users_encode(&listing->users, &shown, 1);
    }
}

static void add_row(void *context, const struct store_mine_row *found)
{
    struct listing *listing = context;
    struct unread_row row = row_of(found);

    if (listing->count++ == listing->max)
        return; /* only tells that there are more */
    add_users(listing, found->members);
    row.users = builder_view(&listing->users);
    if (listing->count > 1)
        builder_add_byte(&listing->rows, ',');
    unread_row_encode(&listing->rows, &row);
}

static void run(struct store_job *job, struct store_snapshot *snapshot)
{
    struct listing *listing = (struct listing *)job;
    struct view ref = view_of(listing->ref, listing->ref_size);
    struct view id = view_of(listing->id, USER_ID_BYTES);
    struct builder text;

    builder_init(&text, FRAME_BYTES_MAX);
    listing->snapshot = snapshot;
    bool is_read = snapshot && store_snapshot_mine(snapshot, id, listing->max + 1, add_row, listing) == RESULT_OK
                   && builder_ok(&listing->rows) && builder_ok(&listing->users);
    if (is_read)
        mine_encode(&text, ref, builder_view(&listing->rows), listing->count > listing->max);
    else
        error_encode(&text, &(struct error_frame){
                                .ref = ref,
                                .code = ERROR_INTERNAL,
                                .message = VIEW("Your rooms could not be read. Ask again in a moment."),
                                .retry_after_ms = 1000,
                            });
    struct reply *reply = builder_ok(&text) ? reply_new(WS_TEXT, builder_view(&text)) : NULL;
    if (reply)
        shard_post_reply(listing->shard, listing->handle, reply, true);
    else
        shard_post_close(listing->shard, listing->handle, END_INTERNAL, NULL);
    builder_done(&text);
    builder_done(&listing->rows);
    builder_done(&listing->users);
    free(listing);
}

void belong_list(struct chat *chat, struct request *request)
{
    struct listing *listing = calloc(1, sizeof *listing);

    if (!listing) {
        refuse_request(chat, request, ERROR_INTERNAL, "The server is out of memory. Try again in a moment.");
        return;
    }
    listing->job.run = run;
    listing->shard = request->shard;
    listing->handle = request->handle;
    listing->max = chat->options.rooms_per_user_max;
    builder_init(&listing->rows, FRAME_BYTES_MAX);
    builder_init(&listing->users, FRAME_BYTES_MAX);
    token_user_text(request->session->user->id, listing->id);
    listing->ref_size = (uint8_t)request->command.ref.size;
    if (listing->ref_size > 0)
        memcpy(listing->ref, request->command.ref.at, listing->ref_size);
    if (store_job_post(chat->store, &listing->job) == RESULT_OK) {
        request_free(request);
        return;
    }
    free(listing);
    refuse_request(chat, request, ERROR_BUSY, "Too many clients read old messages just now. Ask again in a moment.");
}
