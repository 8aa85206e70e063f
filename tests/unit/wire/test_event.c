/* SPDX-License-Identifier: Apache-2.0 */
/* Every frame is written, read back by another's parser and compared as a whole: a field too many is a failure as well.
 */
#include "wire/event.h"

#include <jansson.h>

#include "wire_test.h"

int test_event(void);

/* Text as nasty as text of users can be. */
#define NASTY "\"\\\n\t\x01 caf\xc3\xa9 \xf0\x9f\xa6\xa6 \xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xae </script>"

static const struct user_view ada = {BYTES("u1"), BYTES("Ada \"" NASTY "\"")};
static const struct user_view bob = {BYTES("u2"), BYTES("bob")};

static json_t *user_json(const struct user_view *user)
{
    return json_pack("{s:s%, s:s%}", "id", user->id.at, user->id.size, "name", user->name.at, user->name.size);
}

/* Takes the reference to `expected`. The frame's first field is its type, so that a person sees it first. */
static void expect(struct builder *out, json_t *expected)
{
    json_error_t error;
    char start[64];

    assert_true(builder_ok(out));
    json_t *actual = json_loadb((const char *)out->at, out->size, JSON_REJECT_DUPLICATES, &error);
    if (!actual)
        fail_msg("%s: %.*s", error.text, (int)out->size, (const char *)out->at);
    assert_non_null(expected);
    if (!json_equal(actual, expected))
        fail_msg("unexpected: %.*s", (int)out->size, (const char *)out->at);
    (void)snprintf(start, sizeof start, "{\"type\":\"%s\"", json_string_value(json_object_get(actual, "type")));
    assert_true(view_starts_with(builder_view(out), view_of_string(start)));
    json_decref(actual);
    json_decref(expected);
    builder_clear(out);
}

static int setup(void **state)
{
    static struct builder out;

    builder_init(&out, 1 << 16);
    *state = &out;
    return 0;
}

static int teardown(void **state)
{
    builder_done(*state);
    return 0;
}

static void a_message_says_who_what_and_where(void **state)
{
    struct event event = {
        .kind = EVENT_MESSAGE, .seq = 7, .at_ms = 1700000000123, .user = ada, .key = VIEW("k1"), .text = VIEW(NASTY)};

    event_encode(*state, VIEW("caf\xc3\xa9"), &event);
    expect(*state, json_pack("{s:s, s:s, s:i, s:I, s:o, s:s, s:s}", "type", "message", "room", "caf\xc3\xa9", "seq", 7,
                             "at", (json_int_t)1700000000123, "user", user_json(&ada), "text", NASTY, "key", "k1"));
    event.reply_to = 3;
    event_encode(*state, VIEW("a"), &event);
    expect(*state,
           json_pack("{s:s, s:s, s:i, s:I, s:o, s:s, s:s, s:i}", "type", "message", "room", "a", "seq", 7, "at",
                     (json_int_t)1700000000123, "user", user_json(&ada), "text", NASTY, "key", "k1", "reply_to", 3));
}

static void a_deleted_message_is_without_text_and_says_so(void **state)
{
    struct event event = {
        .kind = EVENT_MESSAGE, .seq = 1, .at_ms = -1, .user = bob, .key = VIEW("k"), .is_deleted = true};

    event_encode(*state, VIEW("a"), &event);
    expect(*state, json_pack("{s:s, s:s, s:i, s:i, s:o, s:s, s:s, s:b}", "type", "message", "room", "a", "seq", 1, "at",
                             -1, "user", user_json(&bob), "text", "", "key", "k", "deleted", 1));
}

static void events_about_a_message_name_their_target(void **state)
{
    struct event event = {.kind = EVENT_EDITED,
                          .seq = 9,
                          .at_ms = 5,
                          .user = bob,
                          .key = VIEW("k"),
                          .target = 4,
                          .text = VIEW("new"),
                          .is_on = true};

    event_encode(*state, VIEW("a"), &event);
    expect(*state, json_pack("{s:s, s:s, s:i, s:i, s:o, s:i, s:s, s:s}", "type", "edited", "room", "a", "seq", 9, "at",
                             5, "user", user_json(&bob), "target", 4, "text", "new", "key", "k"));
    event.kind = EVENT_DELETED;
    event_encode(*state, VIEW("a"), &event);
    expect(*state, json_pack("{s:s, s:s, s:i, s:i, s:o, s:i, s:s}", "type", "deleted", "room", "a", "seq", 9, "at", 5,
                             "user", user_json(&bob), "target", 4, "key", "k"));
    event.kind = EVENT_REACTION;
    for (int is_on = 0; is_on <= 1; is_on++) {
        event.is_on = is_on;
        event_encode(*state, VIEW("a"), &event);
        expect(*state,
               json_pack("{s:s, s:s, s:i, s:i, s:o, s:i, s:s, s:b, s:s}", "type", "reaction", "room", "a", "seq", 9,
                         "at", 5, "user", user_json(&bob), "target", 4, "emoji", "new", "on", is_on, "key", "k"));
    }
}

static void numbers_keep_every_digit(void **state)
{
    struct builder *out = *state;
    struct event event = {
        .kind = EVENT_MESSAGE, .seq = UINT64_MAX, .at_ms = INT64_MIN, .user = bob, .key = VIEW("k"), .text = VIEW("t")};

    event_encode(out, VIEW("a"), &event);
    builder_add_byte(out, 0);
    assert_non_null(strstr((const char *)out->at, "\"seq\":18446744073709551615,\"at\":-9223372036854775808,"));
    builder_clear(out);
}

static void a_welcome_tells_who_one_is_and_what_is_allowed(void **state)
{
    struct welcome_frame frame = {
        .server = VIEW("natter/0.1.0"),
        .connection = VIEW("0-1"),
        .user = ada,
        .heartbeat_s = 25,
        .text_bytes_max = 1,
        .frame_bytes_max = 2,
        .history_events_max = 3,
        .name_characters_max = 4,
        .room_characters_max = 5,
    };
    json_t *limits = json_pack("{s:i, s:i, s:i, s:i, s:i}", "text_bytes", 1, "frame_bytes", 2, "history_events", 3,
                               "name_characters", 4, "room_characters", 5);
    json_t *expected = json_pack("{s:s, s:s, s:s, s:s, s:o, s:i, s:o}", "type", "welcome", "protocol", "natter.v1",
                                 "server", "natter/0.1.0", "connection", "0-1", "user", user_json(&ada), "heartbeat",
                                 25, "limits", limits);

    welcome_encode(*state, &frame);
    expect(*state, json_incref(expected));
    frame.token = VIEW("tok");
    frame.ref = VIEW(NASTY);
    (void)json_object_set_new(expected, "token", json_string("tok"));
    (void)json_object_set_new(expected, "ref", json_string(NASTY));
    welcome_encode(*state, &frame);
    expect(*state, expected);
}

static void a_joined_carries_events_and_members_as_they_are(void **state)
{
    const struct user_view members[] = {ada, bob};
    struct joined_frame frame = {.room = VIEW("a"), .epoch = VIEW("e"), .seq = 12, .count = 300};

    joined_encode(*state, &frame);
    expect(*state, json_pack("{s:s, s:s, s:s, s:i, s:[], s:b, s:[], s:i}", "type", "joined", "room", "a", "epoch", "e",
                             "seq", 12, "events", "truncated", 0, "members", "count", 300));
    frame.ref = VIEW("r");
    frame.events = VIEW("{\"seq\":11},{\"seq\":12}");
    frame.is_truncated = true;
    struct builder texts;
    builder_init(&texts, 1000);
    users_encode(&texts, members, 2);
    frame.members = builder_view(&texts);
    joined_encode(*state, &frame);
    expect(*state, json_pack("{s:s, s:s, s:s, s:s, s:i, s:[{s:i}, {s:i}], s:b, s:[o, o], s:i}", "type", "joined", "ref",
                             "r", "room", "a", "epoch", "e", "seq", 12, "events", "seq", 11, "seq", 12, "truncated", 1,
                             "members", user_json(&ada), user_json(&bob), "count", 300));
    frame = (struct joined_frame){.room = VIEW("a"), .epoch = VIEW("e"), .seq = 12, .first = 8};
    joined_encode(*state, &frame);
    expect(*state, json_pack("{s:s, s:s, s:s, s:i, s:i, s:[], s:b, s:[], s:i}", "type", "joined", "room", "a", "epoch",
                             "e", "seq", 12, "first", 8, "events", "truncated", 0, "members", "count", 0));
    builder_done(&texts);
}

static void an_ack_names_the_key_and_says_when_it_is_a_duplicate(void **state)
{
    struct ack_frame frame = {.room = VIEW("a"), .key = VIEW("k"), .seq = 5, .at_ms = 6};

    ack_encode(*state, &frame);
    expect(*state, json_pack("{s:s, s:s, s:s, s:i, s:i}", "type", "ack", "room", "a", "key", "k", "seq", 5, "at", 6));
    frame.is_duplicate = true;
    frame.ref = VIEW("r");
    ack_encode(*state, &frame);
    expect(*state, json_pack("{s:s, s:s, s:s, s:s, s:i, s:i, s:b}", "type", "ack", "ref", "r", "room", "a", "key", "k",
                             "seq", 5, "at", 6, "duplicate", 1));
}

static void what_has_no_seq_is_told_as_well(void **state)
{
    struct presence_frame frame = {
        .room = VIEW("a"), .joined = &ada, .joined_count = 1, .left = &bob, .left_count = 1, .count = 7};

    presence_encode(*state, &frame);
    expect(*state, json_pack("{s:s, s:s, s:[o], s:[o], s:i}", "type", "presence", "room", "a", "joined",
                             user_json(&ada), "left", user_json(&bob), "count", 7));
    presence_encode(*state, &(struct presence_frame){.room = VIEW("a"), .count = 300});
    expect(*state,
           json_pack("{s:s, s:s, s:[], s:[], s:i}", "type", "presence", "room", "a", "joined", "left", "count", 300));
    typing_encode(*state, VIEW("a"), &ada);
    expect(*state, json_pack("{s:s, s:s, s:o}", "type", "typing", "room", "a", "user", user_json(&ada)));
    gap_encode(*state, VIEW(NASTY), 3, 9);
    expect(*state, json_pack("{s:s, s:s, s:i, s:i}", "type", "gap", "room", NASTY, "from", 3, "to", 9));
    bye_encode(*state, VIEW("shutdown"), 0, true);
    expect(*state,
           json_pack("{s:s, s:s, s:i, s:b}", "type", "bye", "reason", "shutdown", "retry_after", 0, "resume", 1));
}

static void answers_carry_the_ref_where_there_was_one(void **state)
{
    const struct room_row rows[] = {{VIEW("a"), 3, 2, true}, {VIEW(NASTY), 0, 0, false}};
    uint8_t sha256[32] = {0xab, 0x01};
    const char *hex = "ab01000000000000000000000000000000000000000000000000000000000000";

    digest_encode(*state, VIEW("r"), VIEW("a"), 1, 2, sha256);
    expect(*state, json_pack("{s:s, s:s, s:s, s:i, s:i, s:s}", "type", "digest", "ref", "r", "room", "a", "from", 1,
                             "to", 2, "sha256", hex));
    struct history_frame frame = {
        .ref = VIEW("r"), .room = VIEW("a"), .first = 1, .events = VIEW("{\"seq\":1}"), .has_more = true};
    history_encode(*state, &frame);
    expect(*state, json_pack("{s:s, s:s, s:s, s:[{s:i}], s:b}", "type", "history", "ref", "r", "room", "a", "events",
                             "seq", 1, "more", 1));
    history_encode(*state, &(struct history_frame){.room = VIEW("a"), .first = 5});
    expect(*state,
           json_pack("{s:s, s:s, s:i, s:[], s:b}", "type", "history", "room", "a", "first", 5, "events", "more", 0));
    members_encode(*state, VIEW("r"), VIEW("a"), &bob, 1, 5, true);
    expect(*state, json_pack("{s:s, s:s, s:s, s:[o], s:i, s:b}", "type", "members", "ref", "r", "room", "a", "members",
                             user_json(&bob), "count", 5, "truncated", 1));
    rooms_encode(*state, VIEW("r"), rows, 2, false);
    expect(*state, json_pack("{s:s, s:s, s:[{s:s, s:i, s:i, s:b}, {s:s, s:i, s:i, s:b}], s:b}", "type", "rooms", "ref",
                             "r", "rooms", "room", "a", "seq", 3, "count", 2, "joined", 1, "room", NASTY, "seq", 0,
                             "count", 0, "joined", 0, "truncated", 0));
    rooms_encode(*state, VIEW(""), NULL, 0, false);
    expect(*state, json_pack("{s:s, s:[], s:b}", "type", "rooms", "rooms", "truncated", 0));
    ok_encode(*state, VIEW(""), VIEW(""), NULL);
    expect(*state, json_pack("{s:s}", "type", "ok"));
    ok_encode(*state, VIEW("r"), VIEW("a"), &ada);
    expect(*state, json_pack("{s:s, s:s, s:s, s:o}", "type", "ok", "ref", "r", "room", "a", "user", user_json(&ada)));
    pong_encode(*state, VIEW("r"), 77);
    expect(*state, json_pack("{s:s, s:s, s:i}", "type", "pong", "ref", "r", "at", 77));
}

static void an_error_says_what_it_is_about(void **state)
{
    static const char *const codes[] = {"bad_request", "unauthorized", "forbidden", "not_found", "conflict",
                                        "too_large",   "rate_limited", "busy",      "internal"};

    assert_int_equal(COUNT(codes), ERROR_CODE_COUNT);
    for (size_t i = 0; i < COUNT(codes); i++) {
        error_encode(*state, &(struct error_frame){.code = (enum error_code)i, .message = VIEW(NASTY)});
        expect(*state, json_pack("{s:s, s:s, s:s}", "type", "error", "code", codes[i], "message", NASTY));
    }
    error_encode(*state, &(struct error_frame){.ref = VIEW("r"),
                                               .code = ERROR_BUSY,
                                               .message = VIEW("m"),
                                               .room = VIEW("a"),
                                               .key = VIEW("k"),
                                               .retry_after_ms = 500});
    expect(*state, json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:i}", "type", "error", "ref", "r", "code", "busy",
                             "message", "m", "room", "a", "key", "k", "retry_after", 500));
}

static void a_frame_that_does_not_fit_fails_as_a_whole(void **state)
{
    struct event event = {.kind = EVENT_MESSAGE, .seq = 1, .user = bob, .key = VIEW("k"), .text = VIEW("text")};
    struct builder small;

    event_encode(*state, VIEW("a"), &event);
    size_t size = ((struct builder *)*state)->size;
    builder_clear(*state);
    for (size_t max = 1; max <= size; max++) {
        builder_init(&small, max);
        event_encode(&small, VIEW("a"), &event);
        assert_int_equal(builder_ok(&small), max == size);
        builder_done(&small);
    }
}

int test_event(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_says_who_what_and_where),
        cmocka_unit_test(a_deleted_message_is_without_text_and_says_so),
        cmocka_unit_test(events_about_a_message_name_their_target),
        cmocka_unit_test(numbers_keep_every_digit),
        cmocka_unit_test(a_welcome_tells_who_one_is_and_what_is_allowed),
        cmocka_unit_test(a_joined_carries_events_and_members_as_they_are),
        cmocka_unit_test(an_ack_names_the_key_and_says_when_it_is_a_duplicate),
        cmocka_unit_test(what_has_no_seq_is_told_as_well),
        cmocka_unit_test(answers_carry_the_ref_where_there_was_one),
        cmocka_unit_test(an_error_says_what_it_is_about),
        cmocka_unit_test(a_frame_that_does_not_fit_fails_as_a_whole),
    };

    return cmocka_run_group_tests_name("event", tests, setup, teardown);
}
