/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/json.h"

#include <pthread.h>

#include "wire_test.h"

int test_json(void);

/* Reads from memory of exactly its size. The text of a fault is one sentence of printable ASCII. */
static json_t *read(struct view text, char out_text[JSON_FAULT_BYTES])
{
    struct view copy = exact_copy(text);

    memset(out_text, 'x', JSON_FAULT_BYTES);
    json_t *json = json_read_object(copy, out_text);
    free_copy(copy);
    if (!json) {
        const char *end = memchr(out_text, 0, JSON_FAULT_BYTES);
        assert_non_null(end);
        assert_int_equal(end[-1], '.');
        for (const char *at = out_text; at < end; at++)
            assert_true(*at >= 0x20 && *at < 0x7f);
    }
    return json;
}

static void refuses_what_is_not_one_json_object_and_says_why(void **state)
{
    static const struct {
        const char *name;
        struct view text;
        const char *words;
    } cases[] = {
        {"nothing", BYTES(""), "must be one JSON object"},
        {"space", BYTES(" \t\r\n"), "must be one JSON object"},
        {"a byte order mark", BYTES("\xef\xbb\xbf{}"), "must be one JSON object"},
        {"plain text", BYTES("hello"), "must be one JSON object"},
        {"a list", BYTES("[]"), "must be one JSON object"},
        {"a string", BYTES("\"{}\""), "must be one JSON object"},
        {"a number", BYTES("42"), "must be one JSON object"},
        {"null", BYTES("null"), "must be one JSON object"},
        {"a NUL first", BYTES("\0{}"), "must be one JSON object"},
        {"only a bracket", BYTES("{"), "ends too early"},
        {"an open string", BYTES("{\"a\":\"b"), "ends too early"},
        {"an open escape", BYTES("{\"a\":\"b\\"), "not JSON near byte"},
        {"a second object", BYTES("{} {}"), "more after the JSON object"},
        {"a NUL after it", BYTES("{}\0"), "more after the JSON object"},
        {"a NUL inside", BYTES("{\0}"), "ends too early"},
        {"no quotes", BYTES("{a:1}"), "not JSON near byte"},
        {"single quotes", BYTES("{'a':1}"), "not JSON near byte"},
        {"a comma too many", BYTES("{\"a\":1,}"), "not JSON near byte"},
        {"a comment", BYTES("{/**/}"), "not JSON near byte"},
        {"leading zero", BYTES("{\"a\":01}"), "not JSON near byte"},
        {"plus sign", BYTES("{\"a\":+1}"), "not JSON near byte"},
        {"NaN", BYTES("{\"a\":NaN}"), "not JSON near byte"},
        {"upper-case TRUE", BYTES("{\"a\":TRUE}"), "not JSON near byte"},
        {"a raw line end in a string", BYTES("{\"a\":\"\n\"}"), "not JSON near byte"},
        {"a raw NUL in a string", BYTES("{\"a\":\"\0\"}"), "not JSON near byte"},
        {"a bad escape", BYTES("{\"a\":\"\\x41\"}"), "not JSON near byte"},
        {"a lone high surrogate", BYTES("{\"a\":\"\\ud800\"}"), "not JSON near byte"},
        {"a lone low surrogate", BYTES("{\"a\":\"\\udc00\"}"), "not JSON near byte"},
        {"surrogates the wrong way round", BYTES("{\"a\":\"\\udc00\\ud800\"}"), "not JSON near byte"},
        {"a half and a letter", BYTES("{\"a\":\"\\ud800\\u0041\"}"), "not JSON near byte"},
        {"an escaped NUL", BYTES("{\"a\":\"b\\u0000c\"}"), "NUL character"},
        {"an escaped NUL in a name", BYTES("{\"a\\u0000\":1}"), "NUL character"},
        {"a name twice", BYTES("{\"type\":\"ping\",\"type\":\"send\"}"), "repeats a name"},
        {"a name twice, once escaped", BYTES("{\"a\":1,\"\\u0061\":2}"), "repeats a name"},
        {"a name twice, deeper", BYTES("{\"a\":{\"b\":1,\"b\":1}}"), "repeats a name"},
        {"2 to the power of 63", BYTES("{\"a\":9223372036854775808}"), "out of range"},
        {"below", BYTES("{\"a\":-9223372036854775809}"), "out of range"},
        {"1e999", BYTES("{\"a\":1e999}"), "out of range"},
        {"not UTF-8", BYTES("{\"a\":\"\xff\"}"), "not UTF-8"},
        {"overlong UTF-8", BYTES("{\"a\":\"\xc0\xaf\"}"), "not UTF-8"},
        {"a surrogate in UTF-8", BYTES("{\"a\":\"\xed\xa0\x80\"}"), "not UTF-8"},
    };
    char text[JSON_FAULT_BYTES];

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        json_t *json = read(cases[i].text, text);
        if (json || !strstr(text, cases[i].words))
            fail_msg("%s: %s", cases[i].name, json ? "taken" : text);
    }
}

static void takes_every_json_object(void **state)
{
    static const struct view cases[] = {
        BYTES("{}"),
        BYTES(" \t\r\n{ } \n"),
        BYTES("{\"a\":-0,\"b\":1e3,\"c\":9223372036854775807,\"d\":[true,false,null]}"),
        BYTES("{\"\":\"\"}"),
        BYTES("{\"a\":\"\\ud83e\\udda6 \\\"\\\\\\/\\b\\f\\n\\r\\t\"}"),
        BYTES("{\"a\":\"[[[[[[[[[[[[[[[[[[[[[[[[{{{{{{{{{{{{{{{{{\",\"b\":\"\\\"[[[[[[[[[[[[[[[[[[\"}"),
        BYTES("{\"__proto__\":{},\"constructor\":1}"),
    };
    char text[JSON_FAULT_BYTES];

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        json_t *json = read(cases[i], text);
        if (!json)
            fail_msg("case %zu: %s", i, text);
        json_decref(json);
    }
}

static json_t *read_nested(size_t lists, char out_text[JSON_FAULT_BYTES])
{
    struct builder text;

    builder_init(&text, 1 << 20);
    builder_add_string(&text, "{\"a\":");
    for (size_t i = 0; i < lists; i++)
        builder_add_byte(&text, '[');
    for (size_t i = 0; i < lists; i++)
        builder_add_byte(&text, ']');
    builder_add_byte(&text, '}');
    json_t *json = read(builder_view(&text), out_text);
    builder_done(&text);
    return json;
}

static void refuses_what_nests_too_deep_before_parsing_it(void **state)
{
    char text[JSON_FAULT_BYTES];
    json_t *json = read_nested(JSON_DEPTH_MAX - 1, text);

    (void)state;
    assert_non_null(json);
    json_decref(json);
    assert_null(read_nested(JSON_DEPTH_MAX, text));
    assert_string_equal(text, "The JSON nests deeper than 16 levels; send it flatter.");
    assert_null(read_nested(400000, text));
}

static void refuses_every_cut_of_a_frame(void **state)
{
    static const struct view whole =
        BYTES("{\"type\":\"send\",\"room\":\"caf\xc3\xa9\",\"n\":[12,-3.5e2,true,{\"x\":null}],"
              "\"text\":\"\\ud83e\\udda6 \xf0\x9f\xa6\xa6\"}");
    char text[JSON_FAULT_BYTES];

    (void)state;
    for (size_t size = 0; size < whole.size; size++)
        assert_null(read(view_first(whole, size), text));
    json_t *json = read(whole, text);
    assert_non_null(json);
    json_decref(json);
}

static void survives_random_changes_of_a_frame(void **state)
{
    static const char alphabet[] = "{}[]\",:\\u0dft1e-+. \n\xc3\xa9\xff";
    static const struct view whole =
        BYTES("{\"type\":\"send\",\"room\":\"lobby\",\"text\":\"hi \\u00e9\",\"key\":\"k1\"}");
    uint64_t random = seed_of("survives_random_changes_of_a_frame");
    char text[JSON_FAULT_BYTES];
    uint8_t bytes[64 + 16];

    (void)state;
    assert_true(whole.size <= sizeof bytes);
    for (int round = 0; round < 20000; round++) {
        memcpy(bytes, whole.at, whole.size);
        for (uint64_t change = next_random(&random) % 4 + 1; change > 0; change--)
            bytes[next_random(&random) % whole.size] = (uint8_t)alphabet[next_random(&random) % (sizeof alphabet - 1)];
        json_t *json = read(view_of(bytes, whole.size), text);
        if (json)
            json_decref(json);
    }
}

static bool stands_for_itself(uint8_t byte, uint8_t other)
{
    return byte >= 0x20 && byte != '"' && byte != '\\' && byte != other;
}

/* Each value at one place of a text that is filled with one byte. */
static void look_at_each_value(uint8_t filling, size_t size, size_t place)
{
    enum { OTHER = 0xe2 };
    uint8_t text[32];

    memset(text, filling, sizeof text);
    for (int value = 0; value < 256; value++) {
        text[place] = (uint8_t)value;
        size_t expected = size / 8 * 8;
        if (!stands_for_itself((uint8_t)value, OTHER) && place < expected)
            expected = place / 8 * 8;
        assert_int_equal(json_plain_size(text, size, OTHER), expected);
    }
}

static void what_stands_for_itself_is_found_eight_bytes_at_a_time(void **state)
{
    static const uint8_t fillings[] = {'a', 0x20, 0x7f, 0x80, 0xff, '!', '#', '[', ']', 0xe1, 0xe3};

    (void)state;
    for (size_t filling = 0; filling < COUNT(fillings); filling++) {
        for (size_t size = 0; size < 28; size++) {
            for (size_t place = 0; place < size; place++)
                look_at_each_value(fillings[filling], size, place);
        }
    }
}

static void escapes_what_a_string_must_not_hold(void **state)
{
    static const struct {
        struct view text;
        const char *json;
    } cases[] = {
        {BYTES(""), "\"\""},
        {BYTES("plain"), "\"plain\""},
        {BYTES("\"\\/"), "\"\\\"\\\\/\""},
        {BYTES("a\nb\rc\td"), "\"a\\nb\\rc\\td\""},
        {BYTES("\x01\x1f\x7f"), "\"\\u0001\\u001f\x7f\""},
        {BYTES("a\0b"), "\"a\\u0000b\""},
        {BYTES("\xe2\x80\xa8|\xe2\x80\xa9"), "\"\\u2028|\\u2029\""},
        {BYTES("\xe2\x80\xa7\xe2\x80\xaa\xe2\x82\xac"), "\"\xe2\x80\xa7\xe2\x80\xaa\xe2\x82\xac\""},
        {BYTES("</script>"), "\"</script>\""},
        {BYTES("\xf0\x9f\xa6\xa6\""), "\"\xf0\x9f\xa6\xa6\\\"\""},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct view copy = exact_copy(cases[i].text);
        struct builder out;
        builder_init(&out, 1024);
        json_add_string(&out, copy);
        assert_views_equal(builder_view(&out), view_of_string(cases[i].json));
        builder_done(&out);
        free_copy(copy);
    }
}

static void every_character_comes_back_from_a_string(void **state)
{
    struct builder json;

    (void)state;
    builder_init(&json, 64);
    for (uint32_t code = 1; code < 0x3000; code++) {
        uint8_t bytes[3] = {(uint8_t)code};
        size_t size = code < 0x80 ? 1 : code < 0x800 ? 2 : 3;
        if (size == 2) {
            bytes[0] = (uint8_t)(0xc0 | code >> 6);
            bytes[1] = (uint8_t)(0x80 | (code & 63));
        } else if (size == 3) {
            bytes[0] = (uint8_t)(0xe0 | code >> 12);
            bytes[1] = (uint8_t)(0x80 | (code >> 6 & 63));
            bytes[2] = (uint8_t)(0x80 | (code & 63));
        }
        builder_clear(&json);
        builder_add_string(&json, "{\"a\":");
        json_add_string(&json, view_of(bytes, size));
        builder_add_byte(&json, '}');
        json_t *object = json_loadb((const char *)json.at, json.size, 0, NULL);
        assert_non_null(object);
        const json_t *value = json_object_get(object, "a");
        assert_views_equal(view_of(json_string_value(value), json_string_length(value)), view_of(bytes, size));
        json_decref(object);
    }
    builder_done(&json);
}

/* Whatever the order in which they end, none writes over another. */
static void objects_that_live_side_by_side_keep_what_they_hold(void **state)
{
    enum { OBJECTS = 24, LETTERS_MAX = 6000, ROUNDS = 3000 };
    static char texts[OBJECTS][LETTERS_MAX + 32];
    json_t *objects[OBJECTS] = {NULL};
    char fault[JSON_FAULT_BYTES];
    uint64_t random = seed_of("objects_that_live_side_by_side_keep_what_they_hold");

    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        size_t i = next_random(&random) % OBJECTS;
        if (objects[i]) {
            const char *value = json_string_value(json_object_get(objects[i], "a"));
            assert_memory_equal(value, texts[i] + 6, strlen(value));
            assert_int_equal(strlen(value), strlen(texts[i]) - 8);
            json_decref(objects[i]);
            objects[i] = NULL;
            continue;
        }
        size_t size = next_random(&random) % (i % 4 == 0 ? LETTERS_MAX : 40);
        memcpy(texts[i], "{\"a\":\"", 7);
        memset(texts[i] + 6, 'a' + (int)(next_random(&random) % 26), size);
        memcpy(texts[i] + 6 + size, "\"}", 3);
        objects[i] = json_read_object(view_of_string(texts[i]), fault);
        assert_non_null(objects[i]);
    }
    for (size_t i = 0; i < OBJECTS; i++)
        json_decref(objects[i]);
}

static void *end_object(void *object)
{
    json_decref(object);
    return NULL;
}

/* A command is read on a shard's thread and ends on the store's. */
static void an_object_may_end_on_another_thread(void **state)
{
    char fault[JSON_FAULT_BYTES];
    pthread_t thread;

    (void)state;
    json_t *object = json_read_object(VIEW("{\"type\":\"join\",\"room\":\"lobby\"}"), fault);
    assert_non_null(object);
    assert_int_equal(pthread_create(&thread, NULL, end_object, object), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
}

int test_json(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_what_is_not_one_json_object_and_says_why),
        cmocka_unit_test(takes_every_json_object),
        cmocka_unit_test(refuses_what_nests_too_deep_before_parsing_it),
        cmocka_unit_test(refuses_every_cut_of_a_frame),
        cmocka_unit_test(survives_random_changes_of_a_frame),
        cmocka_unit_test(what_stands_for_itself_is_found_eight_bytes_at_a_time),
        cmocka_unit_test(escapes_what_a_string_must_not_hold),
        cmocka_unit_test(every_character_comes_back_from_a_string),
        cmocka_unit_test(an_object_may_end_on_another_thread),
        cmocka_unit_test(objects_that_live_side_by_side_keep_what_they_hold),
    };

    return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
