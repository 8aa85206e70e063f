/* SPDX-License-Identifier: Apache-2.0 */
#include "base/snapshot.h"

#include <pthread.h>

#include "base_test.h"

enum { WORDS = 6, READS = 20000 };

static struct counter words[WORDS];
static struct snapshot snapshot;
static _Atomic bool is_over;

static void begin(void)
{
    for (size_t i = 0; i < WORDS; i++)
        counter_set(&words[i], 0);
    snapshot = (struct snapshot){.words = words, .count = WORDS};
    atomic_store(&is_over, false);
}

static void what_was_written_last_is_read(void **state)
{
    uint64_t numbers[WORDS];

    (void)state;
    begin();
    assert_true(snapshot_read(&snapshot, numbers));
    assert_int_equal(numbers[WORDS - 1], 0);
    snapshot_write(&snapshot, (const uint64_t[WORDS]){1, 2, 3, 4, 5, UINT64_MAX});
    assert_true(snapshot_read(&snapshot, numbers));
    assert_int_equal(numbers[0], 1);
    assert_true(numbers[WORDS - 1] == UINT64_MAX);
}

/* Its writer never ends: the reader gives up rather than take what is half of it. */
static void half_of_one_is_never_read(void **state)
{
    uint64_t numbers[WORDS];

    (void)state;
    begin();
    counter_set(&snapshot.version, 7);
    assert_false(snapshot_read(&snapshot, numbers));
}

static void *write_on(void *argument)
{
    uint64_t numbers[WORDS];

    (void)argument;
    for (uint64_t round = 1; !atomic_load(&is_over); round++) {
        for (size_t i = 0; i < WORDS; i++)
            numbers[i] = round;
        snapshot_write(&snapshot, numbers);
    }
    return NULL;
}

static void a_reader_beside_the_writer_sees_one_moment(void **state)
{
    uint64_t numbers[WORDS], seen = 0;
    pthread_t writer;

    (void)state;
    begin();
    assert_int_equal(pthread_create(&writer, NULL, write_on, NULL), 0);
    for (int reads = 0; reads < READS; reads++) {
        if (!snapshot_read(&snapshot, numbers))
            continue;
        for (size_t i = 1; i < WORDS; i++)
            assert_int_equal(numbers[i], numbers[0]);
        assert_true(numbers[0] >= seen);
        seen = numbers[0];
    }
    atomic_store(&is_over, true);
    assert_int_equal(pthread_join(writer, NULL), 0);
}

int test_snapshot(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_written_last_is_read),
        cmocka_unit_test(half_of_one_is_never_read),
        cmocka_unit_test(a_reader_beside_the_writer_sees_one_moment),
    };

    return cmocka_run_group_tests_name("snapshot", tests, NULL, NULL);
}
