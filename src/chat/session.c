/* SPDX-License-Identifier: Apache-2.0 */
/* Connections as the hub knows them: arrival, welcome, login, name, departure. */
#include <stdlib.h>

#include "chat/chat_inside.h"
#include "os/clock.h"

struct member *session_member(struct session *session, struct room *room)
{
    for (uint32_t i = 0; i < session->member_count; i++) {
        if (session->members[i]->room == room)
            return session->members[i];
    }
    return NULL;
}

static void send_away(struct chat *chat, struct session *session, const char *text)
{
    struct hub *hub = &chat->hub;

    counter_add(&hub->counters.errors[ERROR_UNAUTHORIZED], 1);
    builder_clear(&hub->text);
    error_encode(&hub->text, &(struct error_frame){.code = ERROR_UNAUTHORIZED, .message = view_of_string(text)});
    session->is_refused = true;
    shard_post_close(session->shard, session->handle, END_NOT_SIGNED_IN, reply_new(WS_TEXT, builder_view(&hub->text)));
}

/* What the address bar said: a name that cannot be had is no reason to turn somebody away. */
static void check_wanted_name(const struct arrival *arrival, struct builder *clean, enum name_fault *out_fault)
{
    *out_fault = NAME_FINE;
    builder_clear(clean);
    if (!arrival->has_name)
        return;
    *out_fault = name_check_user(view_of_string(arrival->name), clean);
    if (*out_fault != NAME_FINE)
        builder_clear(clean);
}

static void enter_walk_in(struct chat *chat, struct session *session, const struct arrival *arrival)
{
    struct command command = {
        .type = COMMAND_JOIN,
        .room = view_of_string(arrival->room),
        .has_after = arrival->has_after,
        .after = arrival->after,
        .has_history = arrival->has_history,
        .history = arrival->history,
    };

    if (arrival->has_room_fault) {
        tell_error(chat, session, ERROR_BAD_REQUEST,
                   "The room in the address is not a name. Take 1 to 64 letters, digits, '-', '_' or '.'.");
        return;
    }
    room_join(chat, session, NULL, &command);
    session->walk_in_room = session->member_count > 0 ? session->members[0]->room : NULL;
}

void session_welcome(struct chat *chat, struct session *session, struct view ref)
{
    struct hub *hub = &chat->hub;
    char connection[32], token[TOKEN_TEXT_MAX];

    session->is_welcomed = true;
    wheel_disarm(&hub->wheel, &session->welcome.timer);
    (void)snprintf(connection, sizeof connection, "%x-%llx", shard_index(session->shard),
                   (unsigned long long)session->handle);
    session->claims.joined_ms = session->user->joined_ms;
    session->claims.issued_ms = os_clock_wall_ms();
    token_sign(&chat->key, &session->claims, token);
    builder_clear(&hub->text);
    welcome_encode(&hub->text, &(struct welcome_frame){
                                   .ref = ref,
                                   .server = VIEW("natter/" NATTER_VERSION),
                                   .connection = view_of_string(connection),
                                   .user = user_shown(session->user),
                                   .token = view_of_string(token),
                                   .heartbeat_s = chat->options.heartbeat_s,
                                   .text_bytes_max = chat->options.text_bytes_max,
                                   .frame_bytes_max = chat->options.frame_bytes_max,
                                   .history_events_max = chat->options.history_events_max,
                                   .name_characters_max = 32,
                                   .room_characters_max = 64,
                               });
}

/* What the address asked for by way of a name, and did not get: told after the welcome. */
static void tell_name_fault(struct chat *chat, struct session *session)
{
    enum name_fault fault = session->name_fault;
    bool is_taken = session->is_name_taken;

    session->name_fault = NAME_FINE;
    session->is_name_taken = false;
    if (fault != NAME_FINE)
        tell_error(chat, session, ERROR_BAD_REQUEST, name_fault_text(fault));
    else if (is_taken)
        tell_error(chat, session, ERROR_CONFLICT,
                   "That name, or one that looks like it, is in use here. You were given another; choose one with "
                   "the command name.");
}

void session_welcome_first(struct chat *chat, struct session *session)
{
    session_welcome(chat, session, (struct view){NULL, 0});
    tell_session(session, &chat->hub.text);
    tell_name_fault(chat, session);
}

void session_arrive(struct chat *chat, struct session *session, struct arrival *arrival)
{
    struct hub *hub = &chat->hub;
    char wanted[USER_NAME_BYTES_MAX + 1] = "";

    counter_add(&hub->counters.sessions, 1);
    if (arrival->is_unauthorized) {
        send_away(chat, session,
                  arrival->is_token_wrong ? "This token is not valid here, or no longer. Connect without it."
                                          : "Guests are not let in here. Bring a token.");
        return;
    }
    check_wanted_name(arrival, &hub->fold, &session->name_fault);
    if (hub->fold.size <= USER_NAME_BYTES_MAX && hub->fold.size > 0)
        memcpy(wanted, hub->fold.at, hub->fold.size);
    session->user = user_find_or_make(chat, &session->claims, wanted, &session->is_name_taken);
    if (!session->user) {
        session->is_refused = true;
        shard_post_close(session->shard, session->handle, END_INTERNAL, NULL);
        return;
    }
    session->user->session_count++;
    if (!session->is_walk_in && !session->brings_identity) {
        hub_arm(chat, &session->welcome, LOGIN_GRACE_MS);
        return;
    }
    session_welcome(chat, session, (struct view){NULL, 0});
    tell_session(session, &hub->text);
    if (session->is_walk_in)
        enter_walk_in(chat, session, arrival);
    tell_name_fault(chat, session);
}

static void detach_user(struct chat *chat, struct session *session)
{
    struct user *user = session->user;

    if (!user)
        return;
    session->user = NULL;
    user->session_count--;
    user_release(chat, user);
}

void session_depart(struct chat *chat, struct session *session)
{
    struct hub *hub = &chat->hub;

    wheel_disarm(&hub->wheel, &session->welcome.timer);
    while (session->member_count > 0)
        member_leave(chat, session, session->members[session->member_count - 1]->room);
    detach_user(chat, session);
    counter_subtract(&hub->counters.sessions, 1);
    free(session->members);
    free(session->buckets);
    free(session);
}

void session_login(struct chat *chat, struct request *request)
{
    struct session *session = request->session;
    struct hub *hub = &chat->hub;
    struct token_claims claims;
    bool is_taken = false;
    int64_t valid_ms = (int64_t)chat->options.token_days * 86400000;

    if (token_read(&chat->key, request->command.token, os_clock_wall_ms(), valid_ms, &claims) != TOKEN_RIGHT) {
        refuse_request(chat, request, ERROR_UNAUTHORIZED,
                       "This token has just run out. Connect without it to be a new guest.");
        return;
    }
    bool is_same = memcmp(claims.user, session->claims.user, sizeof claims.user) == 0;
    if (!is_same && session->member_count > 0) {
        refuse_request(chat, request, ERROR_CONFLICT,
                       "A login must come before the first join. Connect again to be somebody else.");
        return;
    }
    struct user *user = is_same ? session->user : user_find_or_make(chat, &claims, "", &is_taken);
    if (!user) {
        refuse_request(chat, request, ERROR_INTERNAL, "The server is out of memory. Try again in a moment.");
        return;
    }
    if (!is_same) {
        user->session_count++;
        detach_user(chat, session);
        session->user = user;
        session->claims = claims;
    }
    session_welcome(chat, session, request->command.ref);
    answer_request(chat, request, &hub->text);
}

void session_ping(struct chat *chat, struct request *request)
{
    struct hub *hub = &chat->hub;

    builder_clear(&hub->text);
    pong_encode(&hub->text, request->command.ref, os_clock_wall_ms());
    answer_request(chat, request, &hub->text);
}

void session_name(struct chat *chat, struct request *request)
{
    struct hub *hub = &chat->hub;
    struct user *user = request->session->user;
    enum name_fault fault;

    builder_clear(&hub->fold);
    fault = name_check_user(request->command.name, &hub->fold);
    if (fault != NAME_FINE) {
        refuse_request(chat, request, ERROR_BAD_REQUEST, name_fault_text(fault));
        return;
    }
    switch (user_rename(chat, user, builder_view(&hub->fold))) {
    case RESULT_OK: break;
    case RESULT_EXISTS:
        refuse_request(chat, request, ERROR_CONFLICT,
                       "That name, or one that looks like it, is in use here. Choose another.");
        return;
    default:
        refuse_request(chat, request, ERROR_INTERNAL, "The server could not take the name. Try again in a moment.");
        return;
    }
    user->has_chosen_name = true;
    user->is_stored = false;
    user_store(chat, user);
    list_each(&user->members, link, following) {
        presence_changed(chat, list_entry(link, struct member, of_user));
    }
    struct user_view shown = user_shown(user);
    builder_clear(&hub->text);
    ok_encode(&hub->text, request->command.ref, (struct view){NULL, 0}, &shown);
    answer_request(chat, request, &hub->text);
}
