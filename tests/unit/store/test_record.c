/* SPDX-License-Identifier: Apache-2.0 */
#include "store/record.h"
#include "store_test.h"

static struct event sample(void)
{
    struct event event = message_of("k1", "a secret text");
    event.seq = 7;
    event.at_ms = 1000;
    return event;
}

static void a_record_owns_all_its_bytes(void **state)
{
    (void)state;
    char text[] = "gone soon";
    struct event event = sample();
    event.text = view_of_string(text);
    struct record *record = record_new(&event, VIEW("{}"));
    memset(text, 'x', sizeof text - 1);
    assert_true(view_equal(record->entry.event.text, VIEW("gone soon")));
    assert_true(view_equal(record->entry.event.user.id, VIEW("u1")));
    assert_true(view_equal(record->entry.event.user.name, VIEW("ada")));
    assert_true(view_equal(record->entry.event.key, VIEW("k1")));
    assert_true(view_equal(record->entry.json, VIEW("{}")));
    record_free(record);
}

static void identities_of_different_pairs_differ(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {{"ab", "c"}, {"a", "bc"}, {"abc", ""}, {"", "abc"}};
    struct builder identities[COUNT(pairs)];
    for (size_t index = 0; index < COUNT(pairs); index++) {
        struct event event = {.user.id = view_of_string(pairs[index][0]), .key = view_of_string(pairs[index][1])};
        builder_init(&identities[index], 64);
        record_identity(&identities[index], &event);
        struct record *record = record_new(&event, (struct view){0});
        assert_true(view_equal(record->identity, builder_view(&identities[index])));
        record_free(record);
        for (size_t before = 0; before < index; before++)
            assert_false(view_equal(builder_view(&identities[before]), builder_view(&identities[index])));
    }
    for (size_t index = 0; index < COUNT(pairs); index++)
        builder_done(&identities[index]);
}

static void a_forgotten_text_is_in_no_byte_of_the_record(void **state)
{
    (void)state;
    struct builder scratch;
    builder_init(&scratch, 1 << 16);
    static const char *const texts[] = {"x", "a secret text",
                                        "\"quotes\"\n and more that is encoded longer than it is"};
    for (size_t index = 0; index < COUNT(texts); index++) {
        struct event event = sample();
        event.text = view_of_string(texts[index]);
        struct record *record = record_new_encoded(&event, VIEW("lobby"), &scratch);
        assert_non_null(record);
        assert_true(record_forget_text(record, VIEW("lobby"), &scratch));
        assert_true(record->entry.event.is_deleted);
        assert_int_equal(record->entry.event.text.size, 0);
        event.text = (struct view){0};
        event.is_deleted = true;
        builder_clear(&scratch);
        event_encode(&scratch, VIEW("lobby"), &event);
        assert_true(view_equal(record->entry.json, builder_view(&scratch)));
        if (index > 0)
            assert_null(memmem(record, record->size, texts[index], strlen(texts[index])));
        record_free(record);
    }
    builder_done(&scratch);
}

static void without_memory_for_the_json_the_text_is_gone_all_the_same(void **state)
{
    (void)state;
    struct builder scratch, none;
    builder_init(&scratch, 1 << 16);
    builder_init(&none, 4);
    struct event event = sample();
    struct record *record = record_new_encoded(&event, VIEW("lobby"), &scratch);
    assert_false(record_forget_text(record, VIEW("lobby"), &none));
    assert_int_equal(record->entry.event.text.size, 0);
    assert_int_equal(record->entry.json.size, 0);
    assert_null(memmem(record, record->size, "secret", 6));
    assert_null(record_new_encoded(&event, VIEW("lobby"), &none));
    record_free(record);
    builder_done(&scratch);
    builder_done(&none);
}

int test_record(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_owns_all_its_bytes),
        cmocka_unit_test(identities_of_different_pairs_differ),
        cmocka_unit_test(a_forgotten_text_is_in_no_byte_of_the_record),
        cmocka_unit_test(without_memory_for_the_json_the_text_is_gone_all_the_same),
    };
    return cmocka_run_group_tests_name("record", tests, NULL, NULL);
}
