/* SPDX-License-Identifier: Apache-2.0 */
/* The shard's side of the chat: messages become checked requests for the hub. Checks that need only memory of this
 * shard happen here: form, size, rate. */
#include <stdlib.h>

#include "chat/chat_inside.h"
#include "os/clock.h"
#include "os/random.h"

enum { KEY_DRAWN_BYTES = 32, KEY_TIME_BYTES = 6 };

static struct door *door_of(struct conn *conn)
{
    return shard_owner(conn_shard(conn));
}

/* What stands in door->text; never a part of it. */
static void send_text(struct door *door, struct conn *conn)
{
    if (builder_ok(&door->text))
        conn_send(conn, WS_TEXT, builder_view(&door->text));
    else
        conn_close(conn, END_INTERNAL, VIEW("out of memory"));
}

static void say_error(struct door *door, struct conn *conn, const struct error_frame *frame)
{
    counter_add(&door->counters.errors[frame->code], 1);
    builder_clear(&door->text);
    error_encode(&door->text, frame);
    send_text(door, conn);
}

static bool post(struct door *door, enum hub_letter kind, void *object, struct session *session)
{
    struct letter letter = {.kind = kind, .object = object, .handle = (uint64_t)(uintptr_t)session};

    return store_post(door->chat->store, &letter) == RESULT_OK;
}

void door_opened(void *context, struct conn *conn)
{
    struct door *door = door_of(conn);
    struct session *session = conn_owner(conn);

    (void)context;
    if (!post(door, HUB_ARRIVE, session, NULL)) {
        counter_add(&door->counters.busy, 1);
        conn_close(conn, END_OVERLOAD, VIEW("too busy, try again in a moment"));
        return;
    }
    session->is_announced = true;
}

/* The hub frees the session. Where its queue is full the letter waits here: it must not get lost, or the user would
 * stay present for ever. */
static void depart(struct door *door, struct session *session)
{
    spender_free(session);
    if (!session->is_announced) {
        session_free(door, session);
        return;
    }
    if (!post(door, HUB_DEPART, session, NULL)) {
        session->departing_next = door->departing;
        door->departing = session;
    }
}

void door_ended(void *context, struct conn *conn)
{
    struct session *session = conn_owner(conn);

    (void)context;
    conn_set_owner(conn, NULL);
    depart(door_of(conn), session);
}

void door_turned(void *context, struct shard *shard)
{
    struct door *door = shard_owner(shard);

    (void)context;
    while (door->departing) {
        struct session *session = door->departing;
        struct session *next = session->departing_next; /* once posted, it is the hub's */
        if (!post(door, HUB_DEPART, session, NULL))
            break;
        door->departing = next;
    }
    spenders_rest(door);
    sessions_take_back(door);
}

static void refuse_rate(struct door *door, struct conn *conn, struct session *session, struct view ref,
                        uint64_t retry_after_ms)
{
    if (session->refusals < UINT16_MAX)
        session->refusals++;
    if (session->refusals > door->chat->options.rate_warnings_max) {
        conn_close(conn, END_POLICY, VIEW("the rate limit was ignored"));
        return;
    }
    say_error(door, conn,
              &(struct error_frame){
                  .ref = ref,
                  .code = ERROR_RATE_LIMITED,
                  .message = VIEW("That was too fast. Wait for retry_after milliseconds, then go on."),
                  .retry_after_ms = retry_after_ms,
              });
}

/* True: within the rates of this connection and of its address. */
static bool rate_is_fine(struct door *door, struct conn *conn, enum rate_class class, struct view ref)
{
    const struct chat_options *options = &door->chat->options;
    struct session *session = conn_owner(conn);
    uint64_t now_ms = shard_now_ms(door->shard);
    uint64_t retry_after_ms = 0;

    if (!options->has_limits)
        return true;
    struct rate_bucket *buckets = spender_buckets(door, session);
    if (!buckets) { /* it is not answered, so its sender must not wait for an answer */
        conn_close(conn, END_INTERNAL, VIEW("out of memory"));
        return false;
    }
    struct rate_rule rule = rate_rule_of(options->rates[class].per_second, options->rates[class].burst);
    if (!rate_take(&buckets[class], &rule, now_ms, &retry_after_ms)) {
        counter_add(&door->counters.rate_limited[class], 1);
        refuse_rate(door, conn, session, ref, retry_after_ms);
        return false;
    }
    if (!rate_table_take(&door->addresses, conn_address(conn)->bytes, now_ms, &retry_after_ms)) {
        counter_add(&door->counters.rate_limited_address, 1);
        refuse_rate(door, conn, session, ref, retry_after_ms);
        return false;
    }
    session->refusals = 0;
    return true;
}

static void post_command(struct door *door, struct conn *conn, struct request *request)
{
    struct session *session = conn_owner(conn);

    request->session = session;
    request->shard = session_shard(session);
    request->handle = session->handle;
    if (post(door, HUB_COMMAND, request, session)) {
        conn_expect_answer(conn);
        return;
    }
    counter_add(&door->counters.busy, 1);
    say_error(
        door, conn,
        &(struct error_frame){
            .ref = request->command.ref,
            .code = ERROR_BUSY,
            .message =
                VIEW("The server is too busy for this right now. Send it again, with the same key, after retry_after."),
            .key = request->is_plain ? (struct view){NULL, 0} : request->command.key,
            .retry_after_ms = 500 + os_random_below(1000),
        });
    request_free(request);
}

/* A wrong or outdated token that was brought on purpose never becomes a new guest silently. */
static bool check_login(struct door *door, struct conn *conn, struct request *request)
{
    int64_t valid_ms = (int64_t)door->chat->options.token_days * 86400000;
    struct token_claims claims;
    enum token_verdict verdict =
        token_read(&door->chat->key, request->command.token, os_clock_wall_ms(), valid_ms, &claims);

    if (verdict == TOKEN_RIGHT)
        return true;
    counter_add(verdict == TOKEN_WRONG ? &door->counters.tokens_wrong : &door->counters.tokens_outdated, 1);
    say_error(door, conn,
              &(struct error_frame){
                  .ref = request->command.ref,
                  .code = ERROR_UNAUTHORIZED,
                  .message = verdict == TOKEN_WRONG
                                 ? VIEW("This token was not made by this server. Connect without it to be a new guest.")
                                 : VIEW("This token is too old. Connect without it to be a new guest."),
              });
    conn_close(conn, END_NOT_SIGNED_IN, VIEW("the token is not valid"));
    return false;
}

/* The first ping of a connection, and the first after a login, goes through the hub: its pong then says that everything
 * before it is settled. Later ones are answered here, and so tell whether the connection lives even while the disk is
 * slow. */
static void answer_ping(struct door *door, struct conn *conn, struct view ref)
{
    builder_clear(&door->text);
    pong_encode(&door->text, ref, os_clock_wall_ms());
    send_text(door, conn);
}

/* The other half of how a connection ended, told by who comes back. */
static void take_last(struct door *door, struct conn *conn, const json_t *value)
{
    const char *text = "";
    struct last last;

    if (!last_read(value, &last, &text))
        return; /* it was right when the command was decoded */
    counter_add(&door->counters.last_told, 1);
    for (uint32_t sign = 0; sign < LAST_SIGN_COUNT; sign++)
        counter_add(&door->counters.last_saw[sign], last.saw >> sign & 1);
    reports_add(&door->reports, &last, conn_handle(conn), shard_now_ms(door->shard));
}

static void take_command(struct door *door, struct conn *conn, struct view json)
{
    struct command_limits limits = {door->chat->options.text_bytes_max};
    struct request *request = malloc(sizeof *request + json.size);
    struct command_fault fault;

    if (!request) {
        conn_close(conn, END_INTERNAL, VIEW("out of memory"));
        return;
    }
    *request = (struct request){0};
    if (json.size > 0)
        memcpy(request->bytes, json.at, json.size);
    if (!command_decode_flat(view_of(request->bytes, json.size), &limits, &request->command)
        && !command_decode(json, &limits, &request->command, &fault)) {
        free(request);
        if (rate_is_fine(door, conn, RATE_SIGNAL, fault.ref))
            say_error(
                door, conn,
                &(struct error_frame){.ref = fault.ref, .code = fault.code, .message = view_of_string(fault.text)});
        return;
    }
    struct command *command = &request->command;
    counter_add(&door->counters.commands[command->type], 1);
    if (!rate_is_fine(door, conn, command_row(command->type)->rate, command->ref)) {
        request_free(request);
        return;
    }
    if (command->last)
        take_last(door, conn, command->last);
    if (command->type == COMMAND_JOIN && command->has_after)
        conn_note_resume(conn);
    struct session *session = conn_owner(conn);
    if (command->type == COMMAND_PING && session->is_ping_unordered) {
        answer_ping(door, conn, command->ref);
        request_free(request);
        return;
    }
    if (command->type == COMMAND_LOGIN && !check_login(door, conn, request)) {
        request_free(request);
        return;
    }
    session->is_ping_unordered = command->type != COMMAND_LOGIN
                                 && (session->is_ping_unordered || command->type == COMMAND_PING);
    post_command(door, conn, request);
}

/* A walk-in's line is a message to the room they walked into; the key is ours to draw. */
static void take_plain(struct door *door, struct conn *conn, struct view text)
{
    static const char digits[] = "0123456789abcdef";
    uint8_t drawn[KEY_DRAWN_BYTES / 2];

    counter_add(&door->counters.plain_messages, 1);
    if (!rate_is_fine(door, conn, RATE_SEND, (struct view){NULL, 0}))
        return;
    if (text.size == 0 || text.size > door->chat->options.text_bytes_max) {
        say_error(door, conn,
                  &(struct error_frame){
                      .code = text.size == 0 ? ERROR_BAD_REQUEST : ERROR_TOO_LARGE,
                      .message = text.size == 0
                                     ? VIEW("An empty message says nothing. Write some text.")
                                     : VIEW("The text is too long. The welcome's limits say how long it may be."),
                  });
        return;
    }
    struct request *request = calloc(1, sizeof *request + KEY_DRAWN_BYTES + text.size);
    if (!request) {
        conn_close(conn, END_INTERNAL, VIEW("out of memory"));
        return;
    }
    os_random_bytes(drawn, sizeof drawn);
    int64_t now_ms = os_clock_wall_ms();
    for (int i = 0; i < KEY_TIME_BYTES; i++) /* the time first: see the protocol on keys */
        drawn[i] = (uint8_t)(now_ms >> (8 * (KEY_TIME_BYTES - 1 - i)));
    for (size_t i = 0; i < sizeof drawn; i++) {
        request->bytes[2 * i] = (uint8_t)digits[drawn[i] >> 4];
        request->bytes[2 * i + 1] = (uint8_t)digits[drawn[i] & 15];
    }
    memcpy(request->bytes + KEY_DRAWN_BYTES, text.at, text.size);
    request->is_plain = true;
    request->command.type = COMMAND_SEND;
    request->command.key = view_of(request->bytes, KEY_DRAWN_BYTES);
    request->command.text = view_of(request->bytes + KEY_DRAWN_BYTES, text.size);
    post_command(door, conn, request);
}

void door_message(void *context, struct conn *conn, enum ws_opcode opcode, struct view payload)
{
    struct door *door = door_of(conn);
    struct session *session = conn_owner(conn);

    (void)context;
    if (opcode == WS_BINARY) {
        if (rate_is_fine(door, conn, RATE_SIGNAL, (struct view){NULL, 0}))
            say_error(door, conn,
                      &(struct error_frame){
                          .code = ERROR_BAD_REQUEST,
                          .message = VIEW("Binary messages mean nothing here. Send text."),
                      });
        return;
    }
    if (session->is_walk_in && (payload.size == 0 || payload.at[0] != '{'))
        take_plain(door, conn, payload);
    else
        take_command(door, conn, payload);
}

void door_lapped(void *context, struct conn *conn, uint32_t number, uint64_t from, uint64_t to, struct builder *out)
{
    struct chat *chat = context;
    struct room_label *label = atomic_load_explicit(&chat->labels[number], memory_order_acquire);

    (void)conn;
    gap_encode(out, view_of(label->name, label->size), from, to);
}

void door_farewell(void *context, struct conn *conn, struct builder *out)
{
    struct chat *chat = context;
    uint32_t spread_ms = atomic_load_explicit(&chat->return_spread_ms, memory_order_relaxed);

    (void)conn;
    bool is_restart = atomic_load_explicit(&chat->is_restart, memory_order_relaxed);

    bye_encode(out, is_restart ? VIEW("restart") : VIEW("shutdown"), 250 + os_random_below((uint64_t)spread_ms + 1),
               true);
}
