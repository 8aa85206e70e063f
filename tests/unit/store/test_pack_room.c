/* SPDX-License-Identifier: Apache-2.0 */
/* Two stores on one folder stand for two processes: the first one rests, the second one took its rooms over. */
#include "base/pack.h"
#include "store_test.h"

/* The second one shares the first one's lock. */
static void take_over(struct fixture *first, struct fixture *second, struct store_taken *taken)
{
    fixture_init(second, true);
    fixture_close(second);
    memcpy(second->folder, first->folder, sizeof second->folder);
    second->options = first->options;
    *taken = (struct store_taken){store_lock_descriptor(first->store)};
    second->options.taken = taken;
    fixture_open(second);
}

/* The lock's descriptor is the first one's, and closed with it. */
static void two_done(struct fixture *first, struct fixture *second)
{
    second->store->lock_descriptor = -1;
    fixture_close(second);
    free(second->told);
    fixture_done(first);
}

static void a_room_goes_on_with_the_next_seq_and_knows_its_keys(void **state)
{
    static const char *const names[] = {"lobby", "~whisper"};

    (void)state;
    for (size_t i = 0; i < COUNT(names); i++) {
        struct fixture first, second;
        struct store_taken taken;
        struct store_room *room = NULL;
        struct builder bytes;
        fixture_init(&first, false);
        struct store_room *before = must_open(&first, names[i]);
        (void)say(&first, before, "k1", "one");
        (void)say(&first, before, "k2", "two");
        take_over(&first, &second, &taken);
        builder_init(&bytes, 1 << 20);
        store_room_pack(before, &bytes);
        struct unpack in = unpack_of(builder_view(&bytes));
        assert_int_equal(store_room_unpack(second.store, &in, &room), RESULT_OK);
        assert_true(unpack_is_done(&in));
        assert_string_equal(room->epoch, before->epoch);
        assert_int_equal(room->id, before->id);
        assert_int_equal(room->seq_committed, 2);
        assert_true(room->at_ms_last == before->at_ms_last);
        assert_int_equal(room->is_stored, before->is_stored);
        const struct told *again = say(&second, room, "k2", "two");
        assert_true(again->is_duplicate);
        assert_int_equal(again->seq, 2);
        assert_int_equal(say(&second, room, "k3", "three")->seq, 3);
        builder_done(&bytes);
        two_done(&first, &second);
    }
}

static void an_ephemeral_room_keeps_its_newest_events(void **state)
{
    (void)state;
    struct fixture first, second;
    struct store_taken taken;
    struct store_room *room = NULL;
    struct builder bytes, events;
    uint64_t from = 0;
    fixture_init(&first, false);
    struct store_room *before = must_open(&first, "~whisper");
    for (char key[] = "a"; key[0] <= 'l'; key[0]++)
        (void)say(&first, before, key, key);
    take_over(&first, &second, &taken);
    builder_init(&bytes, 1 << 20);
    builder_init(&events, 1 << 20);
    store_room_pack(before, &bytes);
    struct unpack in = unpack_of(builder_view(&bytes));
    assert_int_equal(store_room_unpack(second.store, &in, &room), RESULT_OK);
    recent_check(room->recent);
    assert_int_equal(store_recent_oldest(room), store_recent_oldest(before));
    (void)store_recent_after(room, 0, 100, 1 << 20, &events, &from); /* older ones are gone, here as there */
    builder_add_byte(&events, 0);
    assert_non_null(strstr((const char *)events.at, "\"text\":\"l\""));
    builder_done(&events);
    builder_done(&bytes);
    two_done(&first, &second);
}

static void what_is_cut_or_garbled_is_no_room(void **state)
{
    (void)state;
    struct fixture first, second;
    struct store_taken taken;
    struct builder bytes;
    fixture_init(&first, false);
    struct store_room *before = must_open(&first, "~whisper");
    (void)say(&first, before, "k1", "one");
    take_over(&first, &second, &taken);
    builder_init(&bytes, 1 << 20);
    store_room_pack(before, &bytes);
    for (size_t cut = 0; cut < bytes.size; cut++) {
        struct unpack in = unpack_of(view_of(bytes.at, cut));
        struct store_room *room = NULL;
        assert_int_equal(store_room_unpack(second.store, &in, &room), RESULT_INVALID);
    }
    for (size_t bit = 0; bit < bytes.size * 8; bit++) {
        bytes.at[bit / 8] ^= (uint8_t)(1u << bit % 8);
        struct unpack in = unpack_of(builder_view(&bytes));
        struct store_room *room = NULL;
        if (store_room_unpack(second.store, &in, &room) == RESULT_OK) {
            recent_check(room->recent);
            store_room_close(second.store, room);
        }
        bytes.at[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    struct unpack in = unpack_of(builder_view(&bytes));
    struct store_room *room = NULL;
    assert_int_equal(store_room_unpack(second.store, &in, &room), RESULT_OK);
    in = unpack_of(builder_view(&bytes));
    assert_int_equal(store_room_unpack(second.store, &in, &room), RESULT_INVALID); /* it is open */
    builder_done(&bytes);
    two_done(&first, &second);
}

int test_pack_room(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_room_goes_on_with_the_next_seq_and_knows_its_keys),
        cmocka_unit_test(an_ephemeral_room_keeps_its_newest_events),
        cmocka_unit_test(what_is_cut_or_garbled_is_no_room),
    };

    return cmocka_run_group_tests_name("pack_room", tests, NULL, NULL);
}
