/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/ws_message.h"

#include "wire_test.h"

int test_ws_message(void);

enum { FRAMES_MAX = 6 };

struct frame {
    enum ws_opcode opcode;
    bool is_final;
    bool is_compressed;
    struct view payload;
};

struct message_case {
    const char *name;
    struct frame frames[FRAMES_MAX]; /* those behind the last have no payload */
    int code;                        /* of the fault, or 0 */
    enum ws_opcode opcode;           /* of the last message */
    struct view message;             /* the last one */
};

#define TEXT(is_final, literal)                  \
    {                                            \
        WS_TEXT, is_final, false, BYTES(literal) \
    }
#define BINARY(is_final, literal)                  \
    {                                              \
        WS_BINARY, is_final, false, BYTES(literal) \
    }
#define MORE(is_final, literal)                          \
    {                                                    \
        WS_CONTINUATION, is_final, false, BYTES(literal) \
    }
#define PACKED(is_final, literal)               \
    {                                           \
        WS_TEXT, is_final, true, BYTES(literal) \
    }

static const struct message_case cases[] = {
    {"text in one frame", {TEXT(true, "Hello")}, 0, WS_TEXT, BYTES("Hello")},
    {"an empty text", {TEXT(true, "")}, 0, WS_TEXT, BYTES("")},
    {"binary of any bytes", {BINARY(true, "\xFF\xFE\x00")}, 0, WS_BINARY, BYTES("\xFF\xFE\x00")},
    {"the standard's fragments", {TEXT(false, "Hel"), MORE(true, "lo")}, 0, WS_TEXT, BYTES("Hello")},
    {"empty fragments", {TEXT(false, ""), MORE(false, ""), MORE(true, "")}, 0, WS_TEXT, BYTES("")},
    {"empty fragments around", {TEXT(false, ""), MORE(false, "Hello"), MORE(true, "")}, 0, WS_TEXT, BYTES("Hello")},
    {"two messages", {TEXT(true, "one"), BINARY(false, "\x80"), MORE(true, "\x81")}, 0, WS_BINARY, BYTES("\x80\x81")},
    {"a character over three fragments",
     {TEXT(false, "\xE2"), MORE(false, "\x82"), MORE(true, "\xAC")},
     0,
     WS_TEXT,
     BYTES("\xE2\x82\xAC")},
    {"a character over an empty fragment",
     {TEXT(false, "\xC3"), MORE(false, ""), MORE(true, "\xBC")},
     0,
     WS_TEXT,
     BYTES("\xC3\xBC")},
    {"compressed text", {PACKED(true, "\xF2\x48\xCD\xC9\xC9\x07\x00")}, 0, WS_TEXT, BYTES("Hello")},
    {"the standard's compressed fragments",
     {PACKED(false, "\xF2\x48\xCD"), MORE(true, "\xC9\xC9\x07\x00")},
     0,
     WS_TEXT,
     BYTES("Hello")},
    {"an empty compressed text", {PACKED(true, "\x00")}, 0, WS_TEXT, BYTES("")},
    {"empty compressed fragments", {PACKED(false, ""), MORE(false, ""), MORE(true, "\x00")}, 0, WS_TEXT, BYTES("")},
    {"compressed, then not",
     {PACKED(true, "\xF2\x48\xCD\xC9\xC9\x07\x00"), TEXT(true, "plain")},
     0,
     WS_TEXT,
     BYTES("plain")},
    {"compressed twice",
     {PACKED(true, "\xF2\x48\xCD\xC9\xC9\x07\x00"), PACKED(true, "\xF2\x48\xCD\xC9\xC9\x07\x00")},
     0,
     WS_TEXT,
     BYTES("Hello")},
    {"sixteen bytes", {TEXT(false, "01234567"), MORE(true, "89abcdef")}, 0, WS_TEXT, BYTES("0123456789abcdef")},
    {"four fragments",
     {TEXT(false, "a"), MORE(false, "b"), MORE(false, "c"), MORE(true, "d")},
     0,
     WS_TEXT,
     BYTES("abcd")},

    {"a continuation first", {MORE(true, "a")}, WS_CLOSE_PROTOCOL_ERROR, 0, BYTES("")},
    {"a continuation behind a whole message",
     {TEXT(true, "a"), MORE(true, "b")},
     WS_CLOSE_PROTOCOL_ERROR,
     0,
     BYTES("")},
    {"text within text", {TEXT(false, "a"), TEXT(true, "b")}, WS_CLOSE_PROTOCOL_ERROR, 0, BYTES("")},
    {"binary within text", {TEXT(false, "a"), BINARY(true, "b")}, WS_CLOSE_PROTOCOL_ERROR, 0, BYTES("")},
    {"compressed within text", {TEXT(false, "a"), PACKED(true, "\x00")}, WS_CLOSE_PROTOCOL_ERROR, 0, BYTES("")},
    {"text that is not UTF-8", {TEXT(true, "a\xFFz")}, WS_CLOSE_NOT_UTF8, 0, BYTES("")},
    {"text that ends within a character", {TEXT(true, "a\xE2\x82")}, WS_CLOSE_NOT_UTF8, 0, BYTES("")},
    {"fragments that end within a character",
     {TEXT(false, "a\xE2"), MORE(true, "\x82")},
     WS_CLOSE_NOT_UTF8,
     0,
     BYTES("")},
    {"a bad byte in the second fragment", {TEXT(false, "a\xE2"), MORE(true, "\xC3")}, WS_CLOSE_NOT_UTF8, 0, BYTES("")},
    {"a surrogate over two fragments", {TEXT(false, "\xED"), MORE(true, "\xA0\x80")}, WS_CLOSE_NOT_UTF8, 0, BYTES("")},
    {"seventeen bytes", {TEXT(true, "0123456789abcdefg")}, WS_CLOSE_TOO_BIG, 0, BYTES("")},
    {"seventeen bytes in two", {TEXT(false, "0123456789abcdef"), MORE(true, "g")}, WS_CLOSE_TOO_BIG, 0, BYTES("")},
    {"five fragments",
     {TEXT(false, "a"), MORE(false, "b"), MORE(false, "c"), MORE(false, "d"), MORE(true, "e")},
     WS_CLOSE_POLICY,
     0,
     BYTES("")},
    {"a stream that is none", {PACKED(true, "\x06")}, WS_CLOSE_PROTOCOL_ERROR, 0, BYTES("")},
    {"a stream that is cut", {PACKED(true, "\xF2\x48\xCD")}, WS_CLOSE_PROTOCOL_ERROR, 0, BYTES("")},
    {"compressed text that is not UTF-8",
     {PACKED(true, "\x00\x02\x00\xFD\xFF"
                   "a\xFF\x00")},
     WS_CLOSE_NOT_UTF8,
     0,
     BYTES("")},
    {"compressed text that ends within a character",
     {PACKED(true, "\x00\x02\x00\xFD\xFF"
                   "a\xE2\x00")},
     WS_CLOSE_NOT_UTF8,
     0,
     BYTES("")},
    {"seventeen bytes out of six", {PACKED(true, "\x4A\x4C\x44\x03\x00\x00")}, WS_CLOSE_TOO_BIG, 0, BYTES("")},
};

static const struct ws_message_limits small = {.message_bytes_max = 16, .fragments_max = 4};

/* Feeds frames, their payloads in two pieces at `cut` (or whole). Returns the fault's code, or 0. */
static int feed(struct ws_message *message, const struct frame *frames, size_t cut)
{
    struct ws_fault fault = {0};

    for (size_t index = 0; index < FRAMES_MAX && frames[index].payload.at; index++) {
        struct view payload = exact_copy(frames[index].payload);
        const struct ws_header header = {
            .opcode = frames[index].opcode,
            .is_final = frames[index].is_final,
            .is_compressed = frames[index].is_compressed,
            .payload_size = payload.size,
        };
        size_t first = cut < payload.size ? cut : payload.size;
        bool is_whole = false;
        bool is_right = ws_message_begin_frame(message, &header, &fault)
                        && ws_message_add(message, view_first(payload, first), &fault)
                        && ws_message_add(message, view_skip(payload, first), &fault)
                        && ws_message_end_frame(message, &is_whole, &fault);
        free_copy(payload);
        if (!is_right)
            return (int)fault.code;
        assert_int_equal(is_whole, header.is_final);
        assert_int_equal(message->is_open, !is_whole);
    }
    return 0;
}

static void messages_are_put_together_or_refused_at_every_cut(void **state)
{
    (void)state;
    for (size_t index = 0; index < COUNT(cases); index++)
        for (size_t cut = 0; cut < 20; cut++) {
            struct ws_message message;

            ws_message_init(&message, &small);
            int code = feed(&message, cases[index].frames, cut);
            if (code != cases[index].code)
                fail_msg("%s, cut at %zu: %d", cases[index].name, cut, code);
            if (code == 0) {
                assert_int_equal(message.opcode, cases[index].opcode);
                if (!view_equal(builder_view(&message.bytes), cases[index].message))
                    fail_msg("%s, cut at %zu", cases[index].name, cut);
            }
            ws_message_reset(&message); /* whatever came before, the next message is right */
            assert_int_equal(feed(&message, cases[3].frames, cut), 0);
            assert_views_equal(builder_view(&message.bytes), VIEW("Hello"));
            ws_message_done(&message);
        }
}

static void bad_text_is_known_at_its_first_bad_byte(void **state)
{
    const struct ws_header header = {.opcode = WS_TEXT, .is_final = true, .payload_size = 15};
    static const char text[] = "good \xF0\x9F\x98\x80 \xED\xA0more";
    struct ws_message message;
    struct ws_fault fault;
    size_t taken = 0;

    (void)state;
    ws_message_init(&message, &small);
    assert_true(ws_message_begin_frame(&message, &header, &fault));
    while (ws_message_add(&message, view_of(text + taken, 1), &fault))
        taken++;
    assert_int_equal(taken, 11);
    assert_int_equal(fault.code, WS_CLOSE_NOT_UTF8);
    ws_message_done(&message);
}

static void an_announced_size_is_refused_before_a_byte_is_kept(void **state)
{
    static const uint64_t sizes[] = {17, 1 << 20, UINT32_MAX, INT64_MAX};
    struct ws_fault fault;

    (void)state;
    for (size_t index = 0; index < COUNT(sizes) * 2; index++) {
        struct ws_header header = {.opcode = WS_BINARY, .is_final = true, .payload_size = sizes[index / 2]};
        struct ws_message message;

        header.is_compressed = index & 1;
        if (header.is_compressed)
            header.payload_size += 64; /* what cannot be compressed grows a little */
        ws_message_init(&message, &small);
        assert_false(ws_message_begin_frame(&message, &header, &fault));
        assert_int_equal(fault.code, WS_CLOSE_TOO_BIG);
        assert_null(message.bytes.at);
        ws_message_done(&message);
    }
}

static void sizes_over_all_fragments_do_not_overflow(void **state)
{
    const struct ws_message_limits large = {.message_bytes_max = SIZE_MAX / 4, .fragments_max = UINT32_MAX};
    struct ws_header header = {.opcode = WS_BINARY, .payload_size = INT64_MAX / 2};
    struct ws_message message;
    struct ws_fault fault = {0};
    int count = 0;

    (void)state;
    ws_message_init(&message, &large);
    while (count < 10 && ws_message_begin_frame(&message, &header, &fault)) {
        header.opcode = WS_CONTINUATION;
        count++;
    }
    assert_int_equal(count, 1);
    assert_int_equal(fault.code, WS_CLOSE_TOO_BIG);
    ws_message_done(&message);
}

static void memory_grows_by_what_arrived(void **state)
{
    const struct ws_message_limits large = {.message_bytes_max = 1 << 24, .fragments_max = 10};
    const struct ws_header header = {.opcode = WS_BINARY, .is_final = true, .payload_size = 1 << 24};
    struct ws_message message;
    struct ws_fault fault;

    (void)state;
    ws_message_init(&message, &large);
    assert_true(ws_message_begin_frame(&message, &header, &fault));
    assert_int_equal(message.bytes.capacity, 0);
    assert_true(ws_message_add(&message, VIEW("a few bytes"), &fault));
    assert_in_range(message.bytes.capacity, 11, 256);
    ws_message_done(&message);
}

static void thousands_of_fragments_make_one_message(void **state)
{
    const struct ws_message_limits limits = {.message_bytes_max = 65536, .fragments_max = 10000};
    struct ws_message message;
    struct ws_fault fault = {0};
    bool is_whole = false;

    (void)state;
    ws_message_init(&message, &limits);
    for (int index = 0; index < 10001; index++) {
        const struct ws_header header = {
            .opcode = index == 0 ? WS_TEXT : WS_CONTINUATION,
            .is_final = index == 9999,
            .payload_size = index % 2,
        };

        if (index == 10000) {
            assert_true(is_whole);
            break;
        }
        assert_true(ws_message_begin_frame(&message, &header, &fault));
        assert_true(ws_message_add(&message, view_of("x", index % 2), &fault));
        assert_true(ws_message_end_frame(&message, &is_whole, &fault));
    }
    assert_int_equal(message.bytes.size, 5000);
    ws_message_done(&message);
}

static void empty_fragments_without_end_are_refused(void **state)
{
    struct ws_header header = {.opcode = WS_TEXT};
    struct ws_message message;
    struct ws_fault fault = {0};
    bool is_whole = true;
    int count = 0;

    (void)state;
    ws_message_init(&message, &small);
    while (count < 100 && ws_message_begin_frame(&message, &header, &fault)) {
        assert_true(ws_message_end_frame(&message, &is_whole, &fault));
        assert_false(is_whole);
        header.opcode = WS_CONTINUATION;
        count++;
    }
    assert_int_equal(count, 4);
    assert_int_equal(fault.code, WS_CLOSE_POLICY);
    ws_message_done(&message);
}

/* A compressed message that gives nothing, for ever: stored blocks of size 0. */
static void empty_blocks_without_end_are_refused(void **state)
{
    const struct ws_message_limits limits = {.message_bytes_max = 1000, .fragments_max = 100000};
    struct ws_header header = {.opcode = WS_TEXT, .is_compressed = true, .payload_size = 5};
    struct ws_message message;
    struct ws_fault fault = {0};
    int count = 0;

    (void)state;
    ws_message_init(&message, &limits);
    while (count < 10000 && ws_message_begin_frame(&message, &header, &fault)) {
        assert_true(ws_message_add(&message, VIEW("\x00\x00\x00\xFF\xFF"), &fault));
        header.opcode = WS_CONTINUATION;
        header.is_compressed = false;
        count++;
    }
    assert_in_range(count, 200, 230);
    assert_int_equal(fault.code, WS_CLOSE_TOO_BIG);
    ws_message_done(&message);
}

static struct view pack(size_t size, uint8_t fill, struct builder *packed)
{
    struct deflater *deflater = deflater_new(15, 6);
    uint64_t random = 1;
    uint8_t *bytes = malloc(size + 1);

    assert_non_null(bytes);
    for (size_t index = 0; index < size; index++)
        bytes[index] = fill ? fill : (uint8_t)next_random(&random); /* 0 stands for noise */
    builder_clear(packed);
    assert_true(deflater_run(deflater, view_of(bytes, size), packed));
    free(bytes);
    deflater_free(deflater);
    return builder_view(packed);
}

/* One compressed frame, in pieces of 16 KB as a shard's buffer brings them. Returns the fault's code, or 0. */
static int feed_packed(struct ws_message *message, enum ws_opcode opcode, struct view payload)
{
    const struct ws_header header = {opcode, true, true, {0}, payload.size, 14};
    struct ws_fault fault = {0};
    bool is_whole = false;

    if (!ws_message_begin_frame(message, &header, &fault))
        return (int)fault.code;
    while (payload.size > 0) {
        size_t size = payload.size < 16384 ? payload.size : 16384;
        if (!ws_message_add(message, view_first(payload, size), &fault))
            return (int)fault.code;
        payload = view_skip(payload, size);
    }
    return ws_message_end_frame(message, &is_whole, &fault) && is_whole ? 0 : (int)fault.code;
}

static void a_bomb_is_refused_with_bounded_memory(void **state)
{
    const struct ws_message_limits limits = {.message_bytes_max = 65536, .fragments_max = 4};
    struct ws_message message;
    struct builder packed;

    (void)state;
    builder_init(&packed, 1 << 20);
    ws_message_init(&message, &limits);
    struct view bomb = pack(32 << 20, 'x', &packed);
    assert_true(bomb.size < 40000);
    assert_int_equal(feed_packed(&message, WS_TEXT, bomb), WS_CLOSE_TOO_BIG);
    assert_true(message.bytes.capacity <= 65536);
    ws_message_done(&message);
    builder_done(&packed);
}

static void a_compressed_message_may_fill_the_limit_and_no_more(void **state)
{
    const struct ws_message_limits limits = {.message_bytes_max = 65536, .fragments_max = 4};
    struct ws_message message;
    struct builder packed;

    (void)state;
    builder_init(&packed, 1 << 20);
    ws_message_init(&message, &limits);
    for (int noise = 0; noise < 2; noise++)
        for (size_t size = 65535; size <= 65537; size++) {
            int code = feed_packed(&message, WS_BINARY, pack(size, noise ? 0 : 'x', &packed));
            assert_int_equal(code, size <= 65536 ? 0 : WS_CLOSE_TOO_BIG);
            assert_int_equal(message.bytes.size, size <= 65536 ? size : 65536);
            ws_message_reset(&message);
            assert_null(message.inflater);
            assert_true(message.bytes.capacity <= 4096);
        }
    ws_message_done(&message);
    builder_done(&packed);
}

static void plain_messages_of_all_lengths_pass(void **state)
{
    static const size_t sizes[] = {0, 1, 125, 126, 127, 65535, 65536};
    const struct ws_message_limits limits = {.message_bytes_max = 65536, .fragments_max = 4};
    char *text = malloc(65537);
    struct ws_message message;
    struct ws_fault fault = {0};

    (void)state;
    assert_non_null(text);
    memset(text, 'a', 65537);
    ws_message_init(&message, &limits);
    for (size_t index = 0; index < COUNT(sizes); index++) {
        const struct frame frames[FRAMES_MAX] = {{WS_TEXT, true, false, view_of(text, sizes[index])}};
        const struct ws_header header = {.opcode = WS_TEXT, .is_final = true, .payload_size = sizes[index]};
        for (size_t cut = 0; cut <= sizes[index]; cut += 1 + cut * 3) {
            assert_int_equal(feed(&message, frames, cut), 0);
            assert_int_equal(message.bytes.size, sizes[index]);
        }
        assert_true(ws_message_whole(&header, view_of(text, sizes[index]), &limits, &fault));
    }
    const struct ws_header over = {.opcode = WS_BINARY, .is_final = true, .payload_size = 65537};
    assert_false(ws_message_whole(&over, view_of(text, 65537), &limits, &fault));
    assert_int_equal(fault.code, WS_CLOSE_TOO_BIG);
    ws_message_done(&message);
    free(text);
}

static void the_short_way_checks_text_only(void **state)
{
    const struct ws_header text = {.opcode = WS_TEXT, .is_final = true, .payload_size = 3};
    const struct ws_header binary = {.opcode = WS_BINARY, .is_final = true, .payload_size = 3};
    struct ws_fault fault = {0};

    (void)state;
    assert_true(ws_message_whole(&text, VIEW("abc"), &small, &fault));
    assert_true(ws_message_whole(&binary, VIEW("\xFF\x00\x80"), &small, &fault));
    assert_false(ws_message_whole(&text, VIEW("ab\xC3"), &small, &fault));
    assert_int_equal(fault.code, WS_CLOSE_NOT_UTF8);
}

int test_ws_message(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_are_put_together_or_refused_at_every_cut),
        cmocka_unit_test(bad_text_is_known_at_its_first_bad_byte),
        cmocka_unit_test(an_announced_size_is_refused_before_a_byte_is_kept),
        cmocka_unit_test(sizes_over_all_fragments_do_not_overflow),
        cmocka_unit_test(memory_grows_by_what_arrived),
        cmocka_unit_test(thousands_of_fragments_make_one_message),
        cmocka_unit_test(empty_fragments_without_end_are_refused),
        cmocka_unit_test(empty_blocks_without_end_are_refused),
        cmocka_unit_test(a_bomb_is_refused_with_bounded_memory),
        cmocka_unit_test(a_compressed_message_may_fill_the_limit_and_no_more),
        cmocka_unit_test(plain_messages_of_all_lengths_pass),
        cmocka_unit_test(the_short_way_checks_text_only),
    };
    return cmocka_run_group_tests_name("ws_message", tests, NULL, NULL);
}
