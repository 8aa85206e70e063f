/* SPDX-License-Identifier: Apache-2.0 */
#include "base/table.h"

#include "base_test.h"

enum { KEYS = 3000, STEPS = 60000 };

struct item {
    char name[16];
    bool is_in; /* the reference: what must be in the table */
    bool was_seen;
};

static struct view key_of(const struct item *item)
{
    return view_of_string(item->name);
}

static bool item_has_name(const void *value, struct view key)
{
    return view_equal(key_of(value), key);
}

static int seed_tables(void **state)
{
    (void)state;
    table_seed((const uint8_t[16]){0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15});
    return 0;
}

static void a_table_without_memory_answers(void **state)
{
    (void)state;
    struct table table;
    table_init(&table, 1, item_has_name);
    size_t position = 0;
    assert_null(table_get(&table, VIEW("a")));
    assert_null(table_remove(&table, VIEW("a")));
    assert_null(table_next(&table, &position));
    assert_null(table.values);
    table_done(&table);
}

static void a_key_has_one_value_and_the_first_stays(void **state)
{
    (void)state;
    struct table table;
    table_init(&table, 10, item_has_name);
    struct item first = {.name = "key"};
    struct item second = {.name = ""};
    assert_int_equal(table_put(&table, VIEW("key"), &first), RESULT_OK);
    assert_int_equal(table_put(&table, VIEW("key"), &second), RESULT_EXISTS);
    assert_ptr_equal(table_get(&table, VIEW("key")), &first);
    assert_null(table_get(&table, VIEW("Key")));
    assert_int_equal(table_put(&table, view_of(NULL, 0), &second), RESULT_OK);
    assert_ptr_equal(table_get(&table, VIEW("")), &second);
    assert_int_equal(table.count, 2);
    assert_ptr_equal(table_remove(&table, VIEW("key")), &first);
    assert_null(table_remove(&table, VIEW("key")));
    assert_false(table_drop(&table, &first));
    assert_int_equal(table.count, 1);
    table_done(&table);
}

static void the_count_is_bounded(void **state)
{
    (void)state;
    struct table table;
    struct item a = {.name = "a"};
    struct item b = {.name = "b"};
    struct item c = {.name = "c"};
    table_init(&table, 2, item_has_name);
    assert_int_equal(table_put(&table, VIEW("a"), &a), RESULT_OK);
    assert_int_equal(table_put(&table, VIEW("b"), &b), RESULT_OK);
    assert_int_equal(table_put(&table, VIEW("c"), &c), RESULT_FULL);
    assert_int_equal(table_put(&table, VIEW("a"), &a), RESULT_EXISTS);
    assert_ptr_equal(table_remove(&table, VIEW("a")), &a);
    assert_int_equal(table_put(&table, VIEW("c"), &c), RESULT_OK);
    table_done(&table);
}

/* The key and first results of the reference test vectors of SipHash-2-4. */
static void the_hash_is_siphash_2_4(void **state)
{
    (void)state;
    static const uint8_t input[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14};
    assert_true(table_hash(view_of(NULL, 0)) == 0x726fdb47dd0e0e31U);
    assert_true(table_hash(view_of(input, sizeof(input))) == 0xa129ca6149be45e5U);
}

static void check_all(const struct table *table, struct item *items)
{
    size_t count = 0;
    for (size_t index = 0; index < KEYS; index++) {
        struct item *item = &items[index];
        assert_ptr_equal(table_get(table, key_of(item)), item->is_in ? item : NULL);
        count += item->is_in;
        item->was_seen = false;
    }
    assert_int_equal(table->count, count);
    size_t position = 0;
    for (struct item *item; (item = table_next(table, &position)) != NULL; count--) {
        assert_true(item->is_in);
        assert_false(item->was_seen);
        item->was_seen = true;
    }
    assert_int_equal(count, 0);
    assert_true(table->count * 10 <= table->capacity * 8);
}

/* Random puts and removals, beside a flag in each item; the table fills and empties in waves, so that it grows, and
 * holes are closed at every load. */
static void it_holds_what_a_simple_list_would(void **state)
{
    (void)state;
    uint64_t random = seed_of("it_holds_what_a_simple_list_would");
    struct item *items = calloc(KEYS, sizeof(*items));
    assert_non_null(items);
    for (int index = 0; index < KEYS; index++)
        (void)snprintf(items[index].name, sizeof(items[index].name), "key %d", index);
    struct table table;
    table_init(&table, KEYS, item_has_name);
    for (int step = 0; step < STEPS; step++) {
        struct item *item = &items[next_random(&random) % KEYS];
        bool wants_in = next_random(&random) % 100 < (step / 10000 % 2 == 0 ? 80 : 20);
        if (wants_in)
            assert_int_equal(table_put(&table, key_of(item), item), item->is_in ? RESULT_EXISTS : RESULT_OK);
        else if (step % 7 == 0)
            assert_int_equal(table_drop(&table, item), item->is_in);
        else
            assert_ptr_equal(table_remove(&table, key_of(item)), item->is_in ? item : NULL);
        item->is_in = wants_in;
        if (step % 2500 == 0)
            check_all(&table, items);
    }
    check_all(&table, items);
    table_done(&table);
    free(items);
}

int test_table(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_table_without_memory_answers),
        cmocka_unit_test(a_key_has_one_value_and_the_first_stays),
        cmocka_unit_test(the_count_is_bounded),
        cmocka_unit_test(the_hash_is_siphash_2_4),
        cmocka_unit_test(it_holds_what_a_simple_list_would),
    };
    return cmocka_run_group_tests_name("table", tests, seed_tables, NULL);
}
