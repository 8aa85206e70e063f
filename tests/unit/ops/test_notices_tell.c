/* SPDX-License-Identifier: Apache-2.0 */
#include <jansson.h>
#include <string.h>

#include "ops/notices.h"
#include "ops_test.h"

static const struct notices_options options = {
    .window_ms = 600000, .evidence_min = 4, .socket_ms = 15000, .one_address_min = 20};

static struct notices *board_with(const char *peer)
{
    struct notices *notices = notices_new(&options, 3600000);
    struct notices_view view = {.now_ms = 1000, .wall_ms = 1700000000000};

    assert_non_null(notices);
    see_times(&notices->evidence, 5, &(struct seen){.line = "GET /ws HTTP/1.0", .fields = SENT_KEY, .peer = peer});
    notices_look(notices, &view);
    return notices;
}

static json_t *read_array(struct notices *notices, void (*write)(const struct notices *, struct builder *))
{
    struct builder text;
    json_error_t fault;

    builder_init(&text, 65536);
    write(notices, &text);
    json_t *array = json_loadb((const char *)text.at, text.size, 0, &fault);
    assert_true(json_is_array(array));
    builder_done(&text);
    return array;
}

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    assert_non_null(text);
    return text;
}

static void the_operator_is_told_all_of_it(void **state)
{
    struct notices *notices = board_with("10.0.0.2");

    (void)state;
    json_t *array = read_array(notices, notices_write);
    assert_int_equal(json_array_size(array), 1);
    const json_t *one = json_array_get(array, 0);
    assert_string_equal(text_of(one, "notice"), "upgrade_dropped");
    assert_string_equal(text_of(one, "level"), "fault");
    assert_string_equal(text_of(one, "detail"), "10.0.0.2 speaks HTTP/1.0");
    assert_string_equal(text_of(one, "cure"), "docs/howto/what-natter-noticed.md#upgrade_dropped");
    assert_int_equal(json_integer_value(json_object_get(one, "count")), 5);
    assert_int_equal(json_integer_value(json_object_get(one, "since")), 1700000000000);
    json_decref(array);
    notices_free(notices);
}

static void visitors_are_told_no_address_and_nothing_that_a_stranger_could_have_made_up(void **state)
{
    struct notices *notices = board_with("10.0.0.2");
    struct builder text;

    (void)state;
    builder_init(&text, 65536);
    notices_write_public(notices, &text);
    builder_add_byte(&text, 0);
    assert_null(strstr((char *)text.at, "10.0.0.2"));
    assert_non_null(strstr((char *)text.at, "\"help\":\"help/what-natter-noticed.html#upgrade_dropped\""));
    builder_done(&text);
    notices_free(notices);
    notices = board_with("203.0.113.9");
    json_t *array = read_array(notices, notices_write);
    assert_int_equal(json_array_size(array), 1);
    json_decref(array);
    array = read_array(notices, notices_write_public);
    assert_int_equal(json_array_size(array), 0);
    json_decref(array);
    notices_free(notices);
}

static void details_are_sentences_with_the_peer_in_front(void **state)
{
    static const struct {
        struct notice_state state;
        const char *text;
    } cases[] = {
        {{.detail = DETAIL_NONE}, ""},
        {{.has_address = 1}, "a unix socket"},
        {{.detail = DETAIL_ASTRAY}, "the path of the WebSocket does not lead here"},
        {{.has_address = 1, .detail = DETAIL_NO_CONNECTION}, "a unix socket drops Connection: Upgrade"},
        {{.has_address = 1, .detail = DETAIL_CUT, .number_ms = 20000, .heartbeat_ms = 16000},
         "a unix socket cuts after 20.0 s of silence and is pinged after 16.0 s"},
        {{.has_address = 1, .detail = DETAIL_FORGOTTEN, .heartbeat_ms = 12500},
         "a unix socket forgets silent connections, nobody knows when, and is pinged after 12.5 s"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct builder text;
        builder_init(&text, 1024);
        notice_write_detail(&cases[i].state, &text);
        builder_add_byte(&text, 0);
        assert_string_equal((char *)text.at, cases[i].text);
        builder_done(&text);
    }
}

int test_notices_tell(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_operator_is_told_all_of_it),
        cmocka_unit_test(visitors_are_told_no_address_and_nothing_that_a_stranger_could_have_made_up),
        cmocka_unit_test(details_are_sentences_with_the_peer_in_front),
    };

    return cmocka_run_group_tests_name("notices_tell", tests, NULL, NULL);
}
