/* SPDX-License-Identifier: Apache-2.0 */
/* Connections as the hub knows them: arrival, welcome, login, name, departure. */
#include <stdlib.h>

#include "chat/chat_inside.h"
#include "os/clock.h"

struct member *session_member(struct session *session, struct room *room)
{
    for (uint32_t i = 0; i < session->member_count; i++) {
        struct member *member = session_member_at(session, i);
        if (member->room == room)
            return member;
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
    shard_post_close(session_shard(session), session->handle, END_NOT_SIGNED_IN,
                     reply_new(WS_TEXT, builder_view(&hub->text)));
}

/* What the address bar said: a name that cannot be had is no reason to turn somebody away. */
static void check_wanted_name(const struct arrival *arrival, struct builder *clean, enum name_fault *out_fault)
{
    *out_fault = NAME_FINE;
    builder_clear(clean);
    if (!arrival->has_name)
        return;
    *out_fault = name_check_user(arrival->name, clean);
    if (*out_fault != NAME_FINE)
        builder_clear(clean);
}

static void enter_walk_in(struct chat *chat, struct session *session, const struct arrival *arrival)
{
    struct command command = {
        .type = COMMAND_JOIN,
        .room = arrival->room,
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
    if (session->member_count > 0)
        session->walk_in_number = session_member_at(session, 0)->room->number + 1;
}

void session_welcome(struct chat *chat, struct session *session, struct view ref)
{
    struct hub *hub = &chat->hub;
    const struct user *user = session->user;
    char connection[32], token[TOKEN_TEXT_MAX], id[USER_ID_BYTES + 1];
    struct token_claims claims = {.joined_ms = user->joined_ms, .issued_ms = os_clock_wall_ms()};

    session->is_welcomed = true;
    (void)snprintf(connection, sizeof connection, "%x-%llx", shard_index(session_shard(session)),
                   (unsigned long long)session->handle);
    memcpy(claims.user, user->id, sizeof claims.user);
    token_sign(&chat->key, &claims, token);
    builder_clear(&hub->text);
    welcome_encode(&hub->text, &(struct welcome_frame){
                                   .ref = ref,
                                   .server = VIEW("natter/" NATTER_VERSION),
                                   .connection = view_of_string(connection),
                                   .user = user_shown(user, id),
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
    enum name_fault fault = (enum name_fault)session->name_fault;
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
    session->user = NULL; /* the arrival's place is free now */
    if (arrival->is_unauthorized) {
        send_away(chat, session,
                  arrival->is_token_wrong ? "This token is not valid here, or no longer. Connect without it."
                                          : "Guests are not let in here. Bring a token.");
        return;
    }
    enum name_fault fault;
    check_wanted_name(arrival, &hub->fold, &fault);
    session->name_fault = (uint8_t)fault;
    if (hub->fold.size <= USER_NAME_BYTES_MAX && hub->fold.size > 0)
        memcpy(wanted, hub->fold.at, hub->fold.size);
    bool is_taken = false;
    session->user = user_find_or_make(chat, &arrival->claims, wanted, &is_taken);
    session->is_name_taken = is_taken;
    if (!session->user) {
        session->is_refused = true;
        shard_post_close(session_shard(session), session->handle, END_INTERNAL, NULL);
        return;
    }
    session_attach(session, session->user);
    bool may_log_in = !session->is_walk_in && !session->brings_identity;
    if (may_log_in && due_add(&hub->graces, session, hub->now_ms + LOGIN_GRACE_MS) == RESULT_OK) {
        session->is_graced = true;
        return;
    }
    session_welcome(chat, session, (struct view){NULL, 0});
    tell_session(session, &hub->text);
    if (session->is_walk_in)
        enter_walk_in(chat, session, arrival);
    tell_name_fault(chat, session);
}

void session_grace_over(struct chat *chat, struct session *session)
{
    session->is_graced = false;
    if (!session->is_welcomed)
        session_welcome_first(chat, session);
}

void session_attach(struct session *session, struct user *user)
{
    session->user = user;
    session->of_user = user->sessions;
    user->sessions = session;
    user->session_count++;
}

static void detach_user(struct chat *chat, struct session *session)
{
    struct user *user = session->user;

    if (!user)
        return;
    struct session **place = &user->sessions;
    while (*place != session)
        place = &(*place)->of_user;
    *place = session->of_user;
    session->of_user = NULL;
    session->user = NULL;
    user->session_count--;
    user_release(chat, user);
}

void session_depart(struct chat *chat, struct session *session)
{
    struct hub *hub = &chat->hub;

    if (session->is_graced)
        due_forget(&hub->graces, session);
    while (session->member_count > 0)
        member_leave(chat, session, session_member_at(session, session->member_count - 1u)->room);
    detach_user(chat, session);
    counter_subtract(&hub->counters.sessions, 1);
    session_return(chat, session);
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
    bool is_same = memcmp(claims.user, session->user->id, sizeof claims.user) == 0;
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
        user->session_count++; /* keeps it, should it be the one that the detaching gives up */
        detach_user(chat, session);
        user->session_count--;
        session_attach(session, user);
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
    char id[USER_ID_BYTES + 1];

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
    for (struct member *member = user->members; member; member = member->of_user)
        presence_changed(chat, member);
    struct user_view shown = user_shown(user, id);
    builder_clear(&hub->text);
    ok_encode(&hub->text, request->command.ref, (struct view){NULL, 0}, &shown);
    answer_request(chat, request, &hub->text);
}
