/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/diagnosis.h"

#include <stdlib.h>

#include "base/list.h"
#include "chat/rate.h"
#include "net/conn.h"
#include "os/clock.h"
#include "wire/json.h"

enum {
    ADDRESSES_REMEMBERED_MAX = 1024,
    REPORT_BYTES_MAX = 16384, /* fifteen values of at most 256 bytes, each six times as long where all is escaped */
    ECHO_BYTES_MAX = 1024 * 1024,
    MESSAGE_COST_BYTES = 256, /* what even an empty message takes from a talk's bytes */
    DROP_BYTES_MAX = 65536,
    DROPS_MAX = 10000,
    INTERVAL_MS_MIN = 50, /* as fine as the shard's timers are */
    INTERVAL_MS_MAX = 60000,
};

/* One at a time. */
enum activity { ACTIVITY_NONE, ACTIVITY_DRIP, ACTIVITY_SILENCE };

struct talk {
    struct list_link link;
    struct desk *desk;
    uint8_t address_key[8];
    uint64_t end_ms;
    size_t bytes_left;
    enum activity activity;
    uint64_t next_ms; /* when it has something to say */
    uint64_t drop_number, drop_count, drop_bytes, interval_ms;
    struct builder report; /* how its upgrade arrived: the first message */
};

/* A shard's part. */
struct desk {
    const struct diagnosis *diagnosis;
    struct rate_table rates;
    struct list_link talks;
    size_t talk_count;
    struct builder text;
    struct diagnosis_counters counters;
};

struct diagnosis {
    struct diagnosis_options options;
    struct diagnosis_facts facts;
    size_t desk_count;
    struct desk *desks;
};

struct diagnosis *diagnosis_new(const struct diagnosis_options *options, const struct diagnosis_facts *facts,
                                size_t shard_count)
{
    struct diagnosis *diagnosis = calloc(1, sizeof *diagnosis);
    const struct rate_rule rule = rate_rule_of(options->rate.per_second, options->rate.burst);

    if (!diagnosis)
        return NULL;
    diagnosis->options = *options;
    diagnosis->facts = *facts;
    diagnosis->desks = calloc(shard_count, sizeof *diagnosis->desks);
    if (!diagnosis->desks) {
        free(diagnosis);
        return NULL;
    }
    diagnosis->desk_count = shard_count;
    for (size_t i = 0; i < shard_count; i++) {
        struct desk *desk = &diagnosis->desks[i];
        desk->diagnosis = diagnosis;
        list_init(&desk->talks);
        rate_table_init(&desk->rates, &rule, ADDRESSES_REMEMBERED_MAX);
        builder_init(&desk->text, ECHO_BYTES_MAX);
    }
    return diagnosis;
}

void diagnosis_free(struct diagnosis *diagnosis)
{
    if (!diagnosis)
        return;
    for (size_t i = 0; i < diagnosis->desk_count; i++) {
        rate_table_done(&diagnosis->desks[i].rates);
        builder_done(&diagnosis->desks[i].text);
    }
    free(diagnosis->desks);
    free(diagnosis);
}

const struct diagnosis_counters *diagnosis_counters(const struct diagnosis *diagnosis, size_t shard_index)
{
    return &diagnosis->desks[shard_index].counters;
}

static struct desk *desk_of(const struct diagnosis *diagnosis, const struct conn *conn)
{
    uint32_t index = shard_index(conn_shard(conn));

    check(index < diagnosis->desk_count);
    return &diagnosis->desks[index];
}

bool diagnosis_is_asked(const struct http_request *request)
{
    return view_equal(request->path, VIEW("/ws")) && view_starts_with(request->query, VIEW("doctor"))
           && (request->query.size == 6 || request->query.at[6] == '&' || request->query.at[6] == '=');
}

static bool rate_is_fine(struct desk *desk, const struct conn *conn)
{
    uint64_t retry_after_ms;

    return rate_table_take(&desk->rates, conn_address(conn)->bytes, shard_now_ms(conn_shard(conn)), &retry_after_ms);
}

static void add_report(const struct diagnosis *diagnosis, const struct conn *conn, const struct http_request *request,
                       const struct http_fault *fault, struct builder *out)
{
    struct os_address peer;

    conn_peer(conn, &peer);
    diagnosis_report(&diagnosis->facts,
                     &(struct diagnosis_subject){
                         .request = request,
                         .fault = fault,
                         .peer = &peer,
                         .aim = chat_aim_of(conn),
                         .is_upgrade = http_field_find(request, "Sec-WebSocket-Key") != NULL,
                         .behind = conn_behind(conn),
                         .now_ms = os_clock_wall_ms(),
                     },
                     out);
}

void diagnosis_answer(struct diagnosis *diagnosis, struct conn *conn, const struct http_request *request,
                      const struct http_fault *fault)
{
    /* Whoever sends a key has meant an upgrade; what lacks it has been dropped on the way. */
    static const struct http_fault dropped = {426, "The request has a Sec-WebSocket-Key but no Upgrade: websocket. A "
                                                   "proxy on the way has dropped it, and must pass it on."};
    struct desk *desk = desk_of(diagnosis, conn);

    if (!rate_is_fine(desk, conn)) {
        counter_add(&desk->counters.reports_refused, 1);
        conn_answer(conn, &(struct http_answer){
                              .status = 429,
                              .fields = VIEW("Content-Type: text/plain; charset=utf-8\r\nRetry-After: 5\r\n"),
                              .body = VIEW("Too many questions from your address. Ask again in a moment.\n"),
                          });
        return;
    }
    counter_add(&desk->counters.reports, 1);
    if (!fault && http_field_find(request, "Sec-WebSocket-Key"))
        fault = &dropped;
    builder_clear(&desk->text);
    add_report(diagnosis, conn, request, fault, &desk->text);
    builder_add_byte(&desk->text, '\n');
    conn_answer(conn, &(struct http_answer){
                          .status = fault ? fault->status : 200,
                          .fields = VIEW("Content-Type: application/json\r\nCache-Control: no-store\r\n"
                                         "X-Content-Type-Options: nosniff\r\n"),
                          .body = builder_view(&desk->text),
                          .is_last = fault != NULL,
                      });
}

static bool may_talk(const struct desk *desk, const uint8_t address_key[8])
{
    const struct diagnosis_options *options = &desk->diagnosis->options;
    size_t count = 0;

    list_each(&desk->talks, link, following)
        count += memcmp(list_entry(link, struct talk, link)->address_key, address_key, 8) == 0;
    return desk->talk_count < options->talks_max && count < options->talks_per_address_max;
}

static struct talk *talk_new(struct desk *desk, const struct conn *conn)
{
    const struct diagnosis_options *options = &desk->diagnosis->options;
    struct talk *talk = calloc(1, sizeof *talk);

    if (!talk)
        return NULL;
    talk->desk = desk;
    talk->end_ms = shard_now_ms(conn_shard(conn)) + options->talk_ms;
    talk->bytes_left = options->talk_bytes_max;
    rate_address_key(conn_address(conn)->bytes, talk->address_key);
    builder_init(&talk->report, REPORT_BYTES_MAX);
    list_add_last(&desk->talks, &talk->link);
    desk->talk_count++;
    counter_set(&desk->counters.talks_live, desk->talk_count);
    return talk;
}

static void on_upgrade(void *context, struct conn *conn, const struct http_request *request,
                       const struct ws_offer *offer, struct net_upgrade *upgrade)
{
    struct diagnosis *diagnosis = context;
    struct desk *desk = desk_of(diagnosis, conn);
    uint8_t address_key[8];

    (void)offer;
    if (!diagnosis_is_asked(request))
        return;
    upgrade->is_aside = true;
    const struct chat_aim aim = chat_aim_of(conn);
    if (diagnosis->facts.chat && !chat_origin_is_allowed(diagnosis->facts.chat, request, &aim)) {
        upgrade->status = 403;
        upgrade->refusal = "The Origin of this page is not allowed here.";
        return;
    }
    rate_address_key(conn_address(conn)->bytes, address_key);
    if (!may_talk(desk, address_key) || !rate_is_fine(desk, conn)) {
        counter_add(&desk->counters.talks_refused, 1);
        upgrade->status = 429;
        upgrade->refusal = "Too many talks of this kind, from your address or in all. Try again in a moment.";
        return;
    }
    struct talk *talk = talk_new(desk, conn);
    if (!talk) {
        upgrade->status = 503;
        upgrade->refusal = "The server is out of memory. Try again in a moment.";
        return;
    }
    if (ws_protocol_is_offered(request, "natter.doctor"))
        upgrade->protocol = "natter.doctor";
    add_report(diagnosis, conn, request, NULL, &talk->report);
    conn_set_owner(conn, talk);
}

/* Takes what a message costs. False: the talk has had its share, and is over. */
static bool spend(struct talk *talk, struct conn *conn, size_t bytes)
{
    counter_add(&talk->desk->counters.talk_messages, 1);
    counter_add(&talk->desk->counters.talk_bytes, bytes);
    if (bytes + MESSAGE_COST_BYTES > talk->bytes_left) {
        conn_close(conn, END_POLICY, VIEW("this talk has had all its bytes"));
        return false;
    }
    talk->bytes_left -= bytes + MESSAGE_COST_BYTES;
    return true;
}

static void say(struct talk *talk, struct conn *conn, enum ws_opcode opcode, struct view payload)
{
    if (spend(talk, conn, payload.size))
        conn_send(conn, opcode, payload);
}

/* What is in the desk's text. */
static void say_text(struct talk *talk, struct conn *conn)
{
    say(talk, conn, WS_TEXT, builder_view(&talk->desk->text));
}

static void on_opened(void *context, struct conn *conn)
{
    struct talk *talk = conn_owner(conn);

    (void)context;
    counter_add(&talk->desk->counters.talks, 1);
    conn_wake(conn, talk->desk->diagnosis->options.talk_ms);
    builder_clear(&talk->desk->text);
    builder_add_view(&talk->desk->text, builder_view(&talk->report));
    builder_done(&talk->report);
    say_text(talk, conn); /* last: where memory has run out, the talk is gone now */
}

static void on_ended(void *context, struct conn *conn)
{
    struct talk *talk = conn_owner(conn);

    (void)context;
    conn_set_owner(conn, NULL);
    list_remove(&talk->link);
    talk->desk->talk_count--;
    counter_set(&talk->desk->counters.talks_live, talk->desk->talk_count);
    builder_done(&talk->report);
    free(talk);
}

/* An integer of the command within bounds, or the standard where there is none. False: it is there and out of them. */
static bool take_number(const json_t *command, const char *name, uint64_t max, uint64_t *out_number)
{
    const json_t *value = json_object_get(command, name);

    if (!value)
        return true;
    if (!json_is_integer(value) || json_integer_value(value) < 0 || (uint64_t)json_integer_value(value) > max)
        return false;
    *out_number = (uint64_t)json_integer_value(value);
    return true;
}

static bool do_echo(struct talk *talk, struct conn *conn, const json_t *command)
{
    struct builder *text = &talk->desk->text;
    uint64_t bytes = 0;

    if (!take_number(command, "bytes", ECHO_BYTES_MAX, &bytes))
        return false;
    builder_clear(text);
    uint8_t *at = bytes > 0 ? builder_reserve(text, bytes) : NULL;
    if (at) {
        memset(at, 0, bytes);
        builder_wrote(text, bytes);
    }
    say(talk, conn, WS_BINARY, builder_view(text));
    return true;
}

static bool do_drip(struct talk *talk, struct conn *conn, const json_t *command)
{
    uint64_t count = 1, interval_ms = 1000, bytes = 0;

    if (!take_number(command, "count", DROPS_MAX, &count) || !take_number(command, "bytes", DROP_BYTES_MAX, &bytes)
        || !take_number(command, "interval_ms", INTERVAL_MS_MAX, &interval_ms) || interval_ms < INTERVAL_MS_MIN)
        return false;
    talk->activity = count > 0 ? ACTIVITY_DRIP : ACTIVITY_NONE;
    talk->drop_number = 0;
    talk->drop_count = count;
    talk->drop_bytes = bytes;
    talk->interval_ms = interval_ms;
    talk->next_ms = shard_now_ms(conn_shard(conn)) + interval_ms;
    conn_wake(conn, (uint32_t)interval_ms);
    return true;
}

static bool do_silence(struct talk *talk, struct conn *conn, const json_t *command)
{
    uint64_t for_ms = 0;

    if (!take_number(command, "for_ms", talk->desk->diagnosis->options.talk_ms, &for_ms))
        return false;
    talk->activity = ACTIVITY_SILENCE;
    talk->next_ms = shard_now_ms(conn_shard(conn)) + for_ms;
    conn_wake(conn, (uint32_t)for_ms);
    return true;
}

static bool do_ping(struct talk *talk, struct conn *conn, const json_t *command)
{
    (void)command;
    builder_clear(&talk->desk->text);
    builder_format(&talk->desk->text, "{\"type\":\"pong\",\"at\":%lld}", (long long)os_clock_wall_ms());
    say_text(talk, conn);
    return true;
}

static bool do_stop(struct talk *talk, struct conn *conn, const json_t *command)
{
    talk->activity = ACTIVITY_NONE;
    return do_ping(talk, conn, command);
}

/* `act` is false where a number is out of its bounds. */
static const struct {
    const char *name;
    bool (*act)(struct talk *talk, struct conn *conn, const json_t *command);
} commands[] = {
    {"echo", do_echo}, {"drip", do_drip}, {"silence", do_silence}, {"ping", do_ping}, {"stop", do_stop},
};

static void say_error(struct talk *talk, struct conn *conn, const char *message)
{
    builder_clear(&talk->desk->text);
    builder_add_string(&talk->desk->text, "{\"type\":\"error\",\"message\":");
    json_add_string(&talk->desk->text, view_of_string(message));
    builder_add_byte(&talk->desk->text, '}');
    say_text(talk, conn);
}

static void obey(struct talk *talk, struct conn *conn, const json_t *command)
{
    const char *type = json_string_value(json_object_get(command, "type"));

    for (size_t i = 0; type && i < sizeof commands / sizeof *commands; i++) {
        if (strcmp(type, commands[i].name) != 0)
            continue;
        if (!commands[i].act(talk, conn, command))
            say_error(talk, conn, "A number is missing or out of bounds: see the reference on natter.doctor.");
        return;
    }
    say_error(talk, conn, "The type must be one of echo, drip, silence, ping and stop.");
}

static void on_message(void *context, struct conn *conn, enum ws_opcode opcode, struct view payload)
{
    struct talk *talk = conn_owner(conn);
    char fault[JSON_FAULT_BYTES];

    (void)context;
    if (!spend(talk, conn, payload.size))
        return;
    if (opcode == WS_BINARY) {
        builder_clear(&talk->desk->text);
        builder_format(&talk->desk->text, "{\"type\":\"got\",\"bytes\":%zu}", payload.size);
        say_text(talk, conn);
        return;
    }
    json_t *command = json_read_object(payload, fault);
    if (!command) {
        say_error(talk, conn, fault);
        return;
    }
    obey(talk, conn, command);
    json_decref(command);
}

static void say_drop(struct talk *talk, struct conn *conn)
{
    struct builder *text = &talk->desk->text;

    builder_clear(text);
    builder_format(text, "{\"type\":\"drop\",\"number\":%llu,\"at\":%lld,\"filler\":\"",
                   (unsigned long long)++talk->drop_number, (long long)os_clock_wall_ms());
    uint8_t *at = talk->drop_bytes > 0 ? builder_reserve(text, talk->drop_bytes) : NULL;
    if (at) {
        memset(at, '.', talk->drop_bytes);
        builder_wrote(text, talk->drop_bytes);
    }
    builder_add_string(text, "\"}");
    say_text(talk, conn);
}

/* Its time has come: a drop, or the end of the silence. */
static void act_now(struct talk *talk, struct conn *conn, uint64_t now_ms)
{
    if (talk->activity == ACTIVITY_SILENCE) {
        talk->activity = ACTIVITY_NONE;
        builder_clear(&talk->desk->text);
        builder_add_string(&talk->desk->text, "{\"type\":\"awake\"}");
        say_text(talk, conn);
        return;
    }
    talk->next_ms = now_ms + talk->interval_ms;
    if (talk->drop_number + 1 >= talk->drop_count)
        talk->activity = ACTIVITY_NONE;
    say_drop(talk, conn);
}

static uint32_t on_pulse(void *context, struct conn *conn)
{
    struct talk *talk = conn_owner(conn);
    uint64_t now_ms = shard_now_ms(conn_shard(conn));

    (void)context;
    if (now_ms >= talk->end_ms) {
        conn_close(conn, END_NORMAL, VIEW("the time for this talk is over"));
        return 0;
    }
    if (talk->activity != ACTIVITY_NONE && now_ms >= talk->next_ms)
        act_now(talk, conn, now_ms);
    if (!conn_is_open(conn))
        return 0; /* it spent its last bytes; the talk is gone */
    uint64_t next_ms = talk->activity != ACTIVITY_NONE && talk->next_ms < talk->end_ms ? talk->next_ms : talk->end_ms;
    return (uint32_t)(next_ms - now_ms);
}

void diagnosis_events(struct diagnosis *diagnosis, struct net_events *out_events)
{
    *out_events = (struct net_events){
        .context = diagnosis,
        .upgrade = on_upgrade,
        .opened = on_opened,
        .message = on_message,
        .ended = on_ended,
        .pulse = on_pulse,
    };
}
