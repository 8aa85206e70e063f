/* SPDX-License-Identifier: Apache-2.0 */
#include "store/recent.h"
#include "store_test.h"

#include "base/table.h"
#include "os/random.h"

static struct recent_total total;

static int seed(void **state)
{
    (void)state;
    recent_total_init(&total, SIZE_MAX);
    os_random_init();
    table_seed((const uint8_t *)"sixteen letters");
    return 0;
}

static struct record *record_at(uint64_t seq, const char *text)
{
    static char key[32];
    struct builder scratch;
    (void)snprintf(key, sizeof key, "k%llu", (unsigned long long)seq);
    struct event event = message_of(key, text);
    event.seq = seq;
    builder_init(&scratch, 1 << 16);
    struct record *record = record_new_encoded(&event, VIEW("lobby"), &scratch);
    builder_done(&scratch);
    assert_non_null(record);
    return record;
}

static void add(struct store_recent *recent, uint64_t seq, const char *text)
{
    assert_int_equal(recent_reserve(recent, 1), RESULT_OK);
    struct record *record = record_at(seq, text);
    if (recent->has_keys)
        assert_int_equal(recent_key_put(recent, record), RESULT_OK);
    recent_add(recent, record);
    recent_check(recent);
}

static void the_newest_stay_within_both_limits(void **state)
{
    (void)state;
    struct store_recent *recent = recent_new(&total, 100, 64 * 1024, false);
    for (uint64_t seq = 5; seq < 1000; seq++) {
        add(recent, seq,
            seq % 7 == 0 ? "a text that is somewhat longer than the others, so that bytes count as well" : "short");
        recent_trim(recent);
        recent_check(recent);
        assert_true(recent->count <= 100 && recent->bytes <= 64 * 1024);
        assert_int_equal(recent_get(recent, seq)->entry.event.seq, seq);
        assert_null(recent_get(recent, seq + 1));
    }
    assert_null(recent_get(recent, 5));
    recent_free(recent);
}

static void the_last_one_stays_even_if_it_is_too_large(void **state)
{
    (void)state;
    struct store_recent *recent = recent_new(&total, 4, 10, false);
    add(recent, 1, "one");
    add(recent, 2, "two");
    recent_trim(recent);
    assert_int_equal(recent->count, 1);
    assert_non_null(recent_get(recent, 2));
    recent_free(recent);
}

static void it_fills_backwards_up_to_its_limits(void **state)
{
    (void)state;
    struct store_recent *recent = recent_new(&total, 20, SIZE_MAX, false);
    uint64_t seq = 1000;
    for (;; seq--) {
        struct record *record = record_at(seq, "text");
        if (recent_add_older(recent, record)) {
            recent_check(recent);
            continue;
        }
        record_free(record);
        break;
    }
    assert_int_equal(recent->count, 20);
    assert_int_equal(recent->oldest, 981);
    add(recent, 1001, "next");
    recent_trim(recent);
    assert_int_equal(recent->oldest, 982);
    recent_free(recent);
}

static void keys_go_with_their_records(void **state)
{
    (void)state;
    struct store_recent *recent = recent_new(&total, 3, SIZE_MAX, true);
    for (uint64_t seq = 1; seq <= 10; seq++)
        add(recent, seq, "text");
    struct view first = recent_get(recent, 1)->identity;
    assert_int_equal(recent_key_get(recent, first)->entry.event.seq, 1);
    struct record *copy = record_at(1, "text");
    recent_trim(recent);
    assert_int_equal(recent->keys.count, 3);
    assert_null(recent_key_get(recent, copy->identity));
    record_free(copy);
    recent_drop_through(recent, 9);
    assert_int_equal(recent->keys.count, 1);
    recent_drop_through(recent, 100);
    assert_int_equal(recent->keys.count, 0);
    recent_free(recent);
}

static void what_cannot_be_encoded_again_leaves_memory(void **state)
{
    (void)state;
    struct store_recent *recent = recent_new(&total, 10, SIZE_MAX, false);
    struct builder none;
    builder_init(&none, 4);
    for (uint64_t seq = 1; seq <= 6; seq++)
        add(recent, seq, "text");
    recent_forget_text(recent, 3, VIEW("lobby"), &none);
    recent_check(recent);
    assert_int_equal(recent->oldest, 4);
    assert_int_equal(recent->count, 3);
    recent_free(recent);
    builder_done(&none);
}

static void rooms_that_are_quiet_give_way_to_those_that_are_not(void **state)
{
    (void)state;
    enum { ROOMS = 20 };
    struct store_recent *rooms[ROOMS];
    struct recent_total bounded;
    recent_total_init(&bounded, 16 * 1024);
    for (size_t room = 0; room < ROOMS; room++) {
        rooms[room] = recent_new(&bounded, 100, SIZE_MAX, room % 2 == 0);
        for (uint64_t seq = 1; seq <= 10; seq++) {
            add(rooms[room], seq, "some text");
            recent_trim(rooms[room]);
            assert_true(bounded.bytes <= bounded.bytes_max);
        }
    }
    assert_int_equal(rooms[0]->count, 1);
    assert_non_null(recent_get(rooms[0], 10));
    assert_int_equal(rooms[ROOMS - 1]->count, 10);
    add(rooms[0], 11, "some text"); /* who wakes up is the last to give again */
    recent_trim(rooms[0]);
    assert_int_equal(rooms[0]->count, 2);
    for (size_t room = 0; room < ROOMS; room++)
        recent_free(rooms[room]);
    assert_int_equal(bounded.bytes, 0);
    assert_true(list_is_empty(&bounded.rings));
}

int test_recent(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rooms_that_are_quiet_give_way_to_those_that_are_not),
        cmocka_unit_test(the_newest_stay_within_both_limits),
        cmocka_unit_test(the_last_one_stays_even_if_it_is_too_large),
        cmocka_unit_test(it_fills_backwards_up_to_its_limits),
        cmocka_unit_test(keys_go_with_their_records),
        cmocka_unit_test(what_cannot_be_encoded_again_leaves_memory),
    };
    return cmocka_run_group_tests_name("recent", tests, seed, NULL);
}
