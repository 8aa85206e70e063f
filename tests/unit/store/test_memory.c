/* SPDX-License-Identifier: Apache-2.0 */
/* What only the engine in plain memory does; the promises that both engines share are in test_append, test_rooms and
 * test_sqlite_read. */
#include "store_test.h"

static struct engine *engine_of(const struct fixture *fixture)
{
    return fixture->store->engine;
}

static void a_rollback_takes_events_keys_and_removals_back(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture, true);
    struct store_room *room = must_open(&fixture, "lobby");
    (void)say(&fixture, room, "a", "one");
    struct engine *engine = engine_of(&fixture);
    const struct engine_calls *calls = engine->calls;
    struct event event = message_of("b", "two");
    struct builder identity;
    event.seq = 2;
    builder_init(&identity, 256);
    record_identity(&identity, &event);
    assert_int_equal(calls->begin(engine), RESULT_OK);
    assert_int_equal(calls->event_put(engine, room->id, &event, builder_view(&identity)), RESULT_OK);
    assert_int_equal(calls->text_remove(engine, room->id, 1), RESULT_OK);
    calls->rollback(engine);
    uint64_t seq;
    int64_t at_ms;
    assert_int_equal(calls->key_find(engine, room->id, &event, builder_view(&identity), &seq, &at_ms),
                     RESULT_NOT_FOUND);
    assert_int_equal(say(&fixture, room, "b", "two")->seq, 2);
    assert_string_equal(read_all(&fixture, room), "1:one 2:two");
    builder_done(&identity);
    fixture_done(&fixture);
}

static void it_starts_empty_each_time(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture, true);
    (void)say(&fixture, must_open(&fixture, "lobby"), "a", "one");
    fixture_close(&fixture);
    fixture_open(&fixture);
    assert_int_equal(must_open(&fixture, "lobby")->seq_committed, 0);
    fixture_done(&fixture);
}

int test_memory(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rollback_takes_events_keys_and_removals_back),
        cmocka_unit_test(it_starts_empty_each_time),
    };
    return cmocka_run_group_tests_name("memory", tests, NULL, NULL);
}
