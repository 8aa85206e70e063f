/* SPDX-License-Identifier: Apache-2.0 */
#include "os/channel.h"

#include <fcntl.h>
#include <unistd.h>

#include "os/clock.h"
#include "os_test.h"

static struct channel_packet packet;

static uint64_t soon_ms(void)
{
    return os_clock_monotonic_ms() + PATIENCE_MS;
}

static void packets_keep_their_bounds_and_their_order(void **state)
{
    static uint8_t large[CHANNEL_PACKET_BYTES_MAX];
    int ends[2];

    (void)state;
    assert_int_equal(os_channel_open(ends), RESULT_OK);
    assert_int_equal(os_channel_send(ends[0], VIEW("one"), NULL, 0, soon_ms()), RESULT_OK);
    assert_int_equal(os_channel_send(ends[0], view_of(large, sizeof large), NULL, 0, soon_ms()), RESULT_OK);
    assert_int_equal(os_channel_receive(ends[1], &packet, soon_ms()), RESULT_OK);
    assert_true(view_equal(view_of(packet.bytes, packet.size), VIEW("one")));
    assert_int_equal(os_channel_receive(ends[1], &packet, soon_ms()), RESULT_OK);
    assert_int_equal(packet.size, sizeof large);
    assert_int_equal(os_channel_receive(ends[1], &packet, 0), RESULT_AGAIN);
    assert_int_equal(os_channel_send(ends[1], VIEW("back"), NULL, 0, soon_ms()), RESULT_OK);
    assert_int_equal(os_channel_receive(ends[0], &packet, soon_ms()), RESULT_OK);
    os_channel_close(ends[0]);
    os_channel_close(ends[1]);
}

static void descriptors_come_as_copies_that_others_do_not_inherit(void **state)
{
    int ends[2], sent[CHANNEL_DESCRIPTORS_MAX], pipe_ends[2];

    (void)state;
    assert_int_equal(os_channel_open(ends), RESULT_OK);
    assert_int_equal(pipe(pipe_ends), 0);
    for (size_t i = 0; i < COUNT(sent); i++)
        sent[i] = pipe_ends[1];
    assert_int_equal(os_channel_send(ends[0], VIEW("d"), sent, COUNT(sent), soon_ms()), RESULT_OK);
    assert_int_equal(close(pipe_ends[1]), 0);
    assert_int_equal(os_channel_receive(ends[1], &packet, soon_ms()), RESULT_OK);
    assert_int_equal(packet.descriptor_count, COUNT(sent));
    assert_int_equal(fcntl(packet.descriptors[0], F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    assert_int_equal(write(packet.descriptors[COUNT(sent) - 1], "x", 1), 1);
    char byte = 0;
    assert_int_equal(read(pipe_ends[0], &byte, 1), 1);
    assert_int_equal(byte, 'x');
    for (size_t i = 0; i < packet.descriptor_count; i++)
        assert_int_equal(close(packet.descriptors[i]), 0);
    assert_int_equal(close(pipe_ends[0]), 0);
    os_channel_close(ends[0]);
    os_channel_close(ends[1]);
}

static void what_was_said_before_the_end_is_heard_and_then_the_end(void **state)
{
    int ends[2];

    (void)state;
    assert_int_equal(os_channel_open(ends), RESULT_OK);
    assert_int_equal(os_channel_send(ends[0], VIEW("last words"), NULL, 0, soon_ms()), RESULT_OK);
    os_channel_close(ends[0]);
    assert_int_equal(os_channel_receive(ends[1], &packet, soon_ms()), RESULT_OK);
    assert_int_equal(os_channel_receive(ends[1], &packet, soon_ms()), RESULT_CLOSED);
    assert_int_equal(os_channel_send(ends[1], VIEW("hello?"), NULL, 0, soon_ms()), RESULT_CLOSED);
    os_channel_close(ends[1]);
}

static void a_full_channel_takes_nothing_until_the_deadline(void **state)
{
    static uint8_t large[CHANNEL_PACKET_BYTES_MAX];
    int ends[2];
    enum result result = RESULT_OK;

    (void)state;
    assert_int_equal(os_channel_open(ends), RESULT_OK);
    for (int i = 0; i < 10000 && result == RESULT_OK; i++)
        result = os_channel_send(ends[0], view_of(large, sizeof large), NULL, 0, os_clock_monotonic_ms() + 20);
    assert_int_equal(result, RESULT_AGAIN);
    os_channel_close(ends[0]);
    os_channel_close(ends[1]);
}

int test_channel(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packets_keep_their_bounds_and_their_order),
        cmocka_unit_test(descriptors_come_as_copies_that_others_do_not_inherit),
        cmocka_unit_test(what_was_said_before_the_end_is_heard_and_then_the_end),
        cmocka_unit_test(a_full_channel_takes_nothing_until_the_deadline),
    };

    return cmocka_run_group_tests_name("channel", tests, NULL, NULL);
}
