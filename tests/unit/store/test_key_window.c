/* SPDX-License-Identifier: Apache-2.0 */
#include "store/key_window.h"

#include "store_test.h"

enum { ENTRIES = 5000, SHARED_EVERY = 7 };

/* Spread over all bits, some of them alike, and a part with the same upper half, as keys of one second have. */
static uint64_t hash_of(uint64_t number)
{
    if (number % SHARED_EVERY == 0)
        number = number % 3;
    uint64_t hash = number * 0xd1342543de82ef95u + 0x2545f4914f6cdd1du;
    hash ^= hash >> 29;
    return number % 2 == 0 ? hash : 0x1122334400000000u | (hash & UINT32_MAX);
}

static bool has(const struct key_window *window, uint64_t number)
{
    size_t position = 0;
    const struct key_entry *entry;
    while ((entry = key_window_next(window, hash_of(number), &position)) != NULL) {
        assert_true(entry->hash == hash_of(number));
        if (entry->event == (int64_t)number)
            return true;
    }
    return false;
}

static void fill(struct key_window *window, uint64_t from, uint64_t to)
{
    for (uint64_t number = from; number < to; number++)
        assert_int_equal(key_window_add(window, hash_of(number), (int64_t)number), RESULT_OK);
}

static void every_entry_is_found_and_no_other(void **state)
{
    (void)state;
    struct key_window window;
    key_window_init(&window);
    assert_false(has(&window, 1));
    fill(&window, 0, ENTRIES);
    for (uint64_t number = 0; number < 2 * ENTRIES; number++)
        assert_int_equal(has(&window, number), number < ENTRIES);
    key_window_done(&window);
}

static void what_was_cut_is_not_found_and_the_rest_is(void **state)
{
    (void)state;
    static const size_t kept[] = {ENTRIES, ENTRIES - 1, 1025, 1024, 1, 0};
    struct key_window window;
    key_window_init(&window);
    fill(&window, 0, ENTRIES);
    for (size_t index = 0; index < COUNT(kept); index++) {
        key_window_cut(&window, kept[index]);
        for (uint64_t number = 0; number < ENTRIES; number++)
            assert_int_equal(has(&window, number), number < kept[index]);
    }
    fill(&window, 0, ENTRIES); /* and its places are free again */
    assert_int_equal(window.count, ENTRIES);
    assert_true(has(&window, ENTRIES - 1));
    key_window_done(&window);
}

static void sorted_entries_rise_and_are_still_found(void **state)
{
    (void)state;
    static const size_t counts[] = {0, 1, 2, 3, 255, ENTRIES};
    for (size_t index = 0; index < COUNT(counts); index++) {
        struct key_window window;
        key_window_init(&window);
        fill(&window, 0, counts[index]);
        assert_int_equal(key_window_sort(&window), RESULT_OK);
        for (size_t place = 1; place < counts[index]; place++)
            assert_true(window.entries[place - 1].hash <= window.entries[place].hash);
        for (uint64_t number = 0; number < counts[index]; number++)
            assert_true(has(&window, number));
        key_window_done(&window);
    }
}

int test_key_window(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_entry_is_found_and_no_other),
        cmocka_unit_test(what_was_cut_is_not_found_and_the_rest_is),
        cmocka_unit_test(sorted_entries_rise_and_are_still_found),
    };
    return cmocka_run_group_tests_name("key_window", tests, NULL, NULL);
}
