/* SPDX-License-Identifier: Apache-2.0 */
#include "world.h"

static struct reply *framed(const char *text)
{
    struct reply *reply = reply_new(WS_TEXT, view_of_string(text));

    assert_non_null(reply);
    reply_frame(reply);
    return reply;
}

static void replies_leave_in_order_at_every_cut(void **state)
{
    (void)state;
    for (size_t cut = 1; cut <= 15; cut++) {
        struct outbox outbox = {0};
        struct builder sent;
        struct iovec parts[4];
        size_t bytes;

        builder_init(&sent, 100);
        outbox_add(&outbox, framed("first"));
        outbox_add(&outbox, framed("second"));
        assert_int_equal(outbox.bytes, 7 + 8);
        while (outbox.bytes > 0) {
            int count = outbox_gather(&outbox, parts, 4, &bytes);
            assert_true(count > 0);
            assert_int_equal(bytes, outbox.bytes);
            size_t take = cut < bytes ? cut : bytes, left = take;
            for (int i = 0; i < count && left > 0; i++) {
                size_t size = parts[i].iov_len < left ? parts[i].iov_len : left;
                builder_add(&sent, parts[i].iov_base, size);
                left -= size;
            }
            (void)outbox_sent(&outbox, take);
        }
        assert_true(outbox_is_empty(&outbox));
        assert_int_equal(outbox.count, 0);
        assert_memory_equal(sent.at,
                            "\x81\x05"
                            "first\x81\x06second",
                            15);
        builder_done(&sent);
    }
}

static void the_rest_of_a_frame_goes_first(void **state)
{
    struct outbox outbox = {0};
    struct iovec parts[4];
    size_t bytes;

    (void)state;
    outbox_add(&outbox, framed("later"));
    outbox_add_first(&outbox, reply_new_raw(VIEW("rest")));
    assert_int_equal(outbox_gather(&outbox, parts, 4, &bytes), 2);
    assert_memory_equal(parts[0].iov_base, "rest", 4);
    outbox_clear(&outbox);
    assert_int_equal(outbox.bytes, 0);
}

static void sizes_get_their_header(void **state)
{
    static const struct {
        size_t payload, header;
    } cases[] = {{0, 2}, {125, 2}, {126, 4}, {65535, 4}, {65536, 10}};
    static uint8_t zeros[65536];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct reply *reply = reply_new(WS_BINARY, view_of(zeros, cases[i].payload));
        reply_frame(reply);
        assert_int_equal(reply->size, cases[i].payload + cases[i].header);
        assert_int_equal(reply->bytes[reply->start], 0x82);
        reply_free(reply);
    }
}

int test_outbox(void);
int test_outbox(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replies_leave_in_order_at_every_cut),
        cmocka_unit_test(the_rest_of_a_frame_goes_first),
        cmocka_unit_test(sizes_get_their_header),
    };

    return cmocka_run_group_tests_name("outbox", tests, NULL, NULL);
}
