/* SPDX-License-Identifier: Apache-2.0 */
/* What a report says of a request, for canned requests. */
#include "ops/diagnosis.h"

#include "ops_test.h"
#include "wire/json.h"

static enum conn_behind behind;

static json_t *report(const char *head, const char *peer, const char *fault_text, struct builder *out)
{
    const struct http_limits limits = {16384, 8192, HTTP_FIELDS_MAX};
    const struct diagnosis_facts facts = {.text_bytes_max = 100, .frame_bytes_max = 200, .heartbeat_ms = 300};
    const struct http_fault answered = {400, fault_text};
    struct http_request request;
    struct http_fault fault;
    struct os_address address;
    char why[JSON_FAULT_BYTES];

    assert_int_equal(http_request_decode(view_of_string(head), &limits, &request, &fault), DECODE_DONE);
    assert_int_equal(os_address_parse(view_of_string(peer), &address), RESULT_OK);
    builder_init(out, 16384);
    diagnosis_report(&facts,
                     &(struct diagnosis_subject){
                         .request = &request,
                         .fault = fault_text ? &answered : NULL,
                         .peer = &address,
                         .is_upgrade = http_field_find(&request, "Sec-WebSocket-Key") != NULL,
                         .behind = behind,
                         .now_ms = 1234,
                     },
                     out);
    json_t *object = json_read_object(builder_view(out), why);
    if (!object)
        fail_msg("%s", why);
    return object;
}

static const char *text_at(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    assert_non_null(text);
    return text;
}

static void a_report_names_what_arrived_and_what_holds(void **state)
{
    struct builder out;

    (void)state;
    json_t *object = report("GET /ws?doctor HTTP/1.1\r\nHost: here\r\nUpgrade: websocket\r\nupgrade: h2c\r\n"
                            "X-Forwarded-For: 192.0.2.1\r\nSec-WebSocket-Key: abc\r\n\r\n",
                            "10.1.2.3:99", NULL, &out);
    const json_t *fields = json_object_get(object, "fields");
    assert_string_equal(text_at(object, "upgrade"), "right");
    assert_string_equal(text_at(object, "http"), "1.1");
    assert_string_equal(text_at(object, "peer"), "private");
    assert_string_equal(text_at(fields, "Upgrade"), "websocket");
    assert_int_equal(json_integer_value(json_object_get(fields, "Upgrade (times)")), 2);
    assert_string_equal(text_at(fields, "X-Forwarded-For"), "192.0.2.1");
    assert_string_equal(text_at(fields, "Sec-WebSocket-Key"), "there");
    assert_null(json_object_get(fields, "Connection"));
    assert_int_equal(json_integer_value(json_object_get(json_object_get(object, "limits"), "frame_bytes")), 200);
    json_decref(object);
    builder_done(&out);
}

static void a_report_says_what_the_connection_is_behind(void **state)
{
    static const struct {
        enum conn_behind behind;
        const char *client, *words;
    } cases[] = {
        {CONN_DIRECT, "direct", "nothing"},
        {CONN_BEHIND_FIELDS, "forwarded", "fields"},
        {CONN_BEHIND_HEADER, "forwarded", "proxy_header"},
        {CONN_BEHIND_SILENT_PROXY, "silent", "silent_proxy"},
    };
    struct builder out;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        behind = cases[i].behind;
        json_t *object = report("GET /ws?doctor HTTP/1.1\r\nHost: here\r\n\r\n", "127.0.0.1:1", NULL, &out);
        assert_string_equal(text_at(object, "client"), cases[i].client);
        assert_string_equal(text_at(object, "behind"), cases[i].words);
        json_decref(object);
        builder_done(&out);
    }
    behind = CONN_DIRECT;
}

static void no_secret_is_repeated(void **state)
{
    struct builder out;

    (void)state;
    json_t *object = report("GET /ws?doctor HTTP/1.1\r\nHost: here\r\nCookie: natter=tell-nobody\r\n"
                            "Authorization: Bearer tell-nobody\r\nSec-WebSocket-Key: tell-nobody\r\n\r\n",
                            "127.0.0.1:1", "something", &out);
    builder_add_byte(&out, 0);
    assert_null(strstr((const char *)out.at, "tell-nobody"));
    assert_string_equal(text_at(object, "upgrade"), "faulty");
    assert_string_equal(text_at(object, "fault"), "something");
    json_decref(object);
    builder_done(&out);
}

/* Quotes, bytes that are not ASCII, and a value that goes on for ever. */
static void odd_values_are_still_json(void **state)
{
    static char head[8192];
    struct builder out;

    (void)state;
    (void)snprintf(head, sizeof head, "GET /ws?doctor HTTP/1.1\r\nHost: here\r\nVia: \"\\\xff\xfe%04000d\r\n\r\n", 0);
    json_t *object = report(head, "[2001:db8::1]:1", NULL, &out);
    assert_string_equal(text_at(object, "peer"), "public");
    assert_memory_equal(text_at(json_object_get(object, "fields"), "Via"), "\"\\??0000", 8);
    assert_int_equal(strlen(text_at(json_object_get(object, "fields"), "Via")), 256);
    json_decref(object);
    builder_done(&out);
}

static void addresses_have_classes(void **state)
{
    static const struct {
        const char *address, *class;
    } cases[] = {
        {"127.0.0.1:1", "loopback"}, {"[::1]:1", "loopback"},      {"172.16.0.1:1", "private"},
        {"172.32.0.1:1", "public"},  {"192.168.9.9:1", "private"}, {"169.254.1.1:1", "private"},
        {"100.64.0.1:1", "private"}, {"100.128.0.1:1", "public"},  {"8.8.8.8:1", "public"},
        {"[fd00::1]:1", "private"},  {"[fe80::1]:1", "private"},   {"[2a00::1]:1", "public"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct builder out;
        json_t *object = report("GET /ws?doctor HTTP/1.1\r\nHost: here\r\n\r\n", cases[i].address, NULL, &out);
        assert_string_equal(text_at(object, "peer"), cases[i].class);
        json_decref(object);
        builder_done(&out);
    }
}

int test_diagnosis_report(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_report_names_what_arrived_and_what_holds),
        cmocka_unit_test(a_report_says_what_the_connection_is_behind),
        cmocka_unit_test(no_secret_is_repeated),
        cmocka_unit_test(odd_values_are_still_json),
        cmocka_unit_test(addresses_have_classes),
    };

    return cmocka_run_group_tests_name("diagnosis_report", tests, NULL, NULL);
}
