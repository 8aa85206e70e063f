/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/parcel.h"

#include <string.h>
#include <unistd.h>

#include "os/clock.h"
#include "serve_test.h"

enum { PATIENCE_MS = 30000 };

static struct os_address address_of(const char *text)
{
    struct os_address address;

    assert_int_equal(os_address_parse(view_of_string(text), &address), RESULT_OK);
    return address;
}

static struct parcel_facts some_facts(void)
{
    struct parcel_facts facts = {
        .version = VIEW("1.2.3"),
        .data = VIEW("data"),
        .listen_count = 2,
        .shard_count = 3,
        .has_ops = true,
        .ops = {.how = {.address = address_of("127.0.0.1:9180")}},
    };

    facts.listen[0].how = (struct net_listen){.address = address_of("127.0.0.1:4711"), .is_tls = true};
    facts.listen[1].how = (struct net_listen){.path = "/run/natter.sock", .has_proxy_header = true};
    facts.listen[1].is_passed = true;
    return facts;
}

static void facts_arrive_and_what_is_cut_does_not(void **state)
{
    const struct parcel_facts facts = some_facts();
    struct parcel_facts there;
    struct builder bytes;

    (void)state;
    builder_init(&bytes, 10000);
    parcel_pack_facts(&facts, &bytes);
    struct unpack in = unpack_of(builder_view(&bytes));
    assert_true(parcel_unpack_facts(&in, &there));
    assert_true(view_equal(there.version, facts.version));
    assert_int_equal(there.shard_count, 3);
    assert_true(there.listen[0].how.is_tls && !there.listen[0].how.path && !there.listen[0].is_passed);
    assert_int_equal(there.listen[0].how.address.port, 4711);
    assert_string_equal(there.listen[1].how.path, "/run/natter.sock");
    assert_true(there.listen[1].how.has_proxy_header && there.listen[1].is_passed);
    assert_int_equal(there.ops.how.address.port, 9180);
    for (size_t cut = 0; cut < bytes.size; cut++) {
        in = unpack_of(view_of(bytes.at, cut));
        assert_false(parcel_unpack_facts(&in, &there));
    }
    bytes.at[0]++; /* the format */
    in = unpack_of(builder_view(&bytes));
    assert_false(parcel_unpack_facts(&in, &there));
    builder_done(&bytes);
}

static void only_the_same_places_can_be_taken_over(void **state)
{
    static const struct {
        const char *flags;
        const char *why; /* NULL: it can be */
    } cases[] = {
        {"--listen\n127.0.0.1:4711", NULL},
        {"--listen\n127.0.0.1:0", NULL}, /* the drawn port stays what it is */
        {"--listen\n127.0.0.1:4712", "listen"},
        {"--listen\n127.0.0.2:4711", "listen"},
        {"--listen\n127.0.0.1:4711, 127.0.0.1:4713", "listen"},
        {"--listen\n127.0.0.1:4711 proxy_protocol\n--trusted-proxies\n127.0.0.1", "listen"},
        {"--listen\n127.0.0.1:4711\n--data\nelsewhere", "data folder"},
        {"--listen\n127.0.0.1:4711\n--metrics-listen\n127.0.0.1:9181", "metrics"},
        {"--listen\n127.0.0.1:4711\n--metrics-listen\noff", "metrics"},
    };
    struct parcel_facts facts = some_facts();

    (void)state;
    facts.listen_count = 1;
    facts.listen[0].how.is_tls = false;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct attempt attempt;
        attempt_read(&attempt, cases[i].flags, NULL);
        assert_int_equal(attempt.outcome, CONFIG_READY);
        const char *why = parcel_mismatch(&facts, &attempt.config);
        if (cases[i].why)
            assert_has(why ? why : "(nothing)", cases[i].why);
        else
            assert_null(why);
        attempt_done(&attempt);
    }
}

/* Where a socket listens that a service manager opened is a matter of its unit; what is expected there is ours. */
static void a_passed_socket_serves_its_place_wherever_it_listens(void **state)
{
    static const struct {
        const char *flags;
        bool fits;
    } cases[] = {
        {"--listen\n127.0.0.1:4712", true},
        {"--listen\nunix:/run/other.sock\n--metrics-listen\n127.0.0.1:1", true},
        {"--listen\n127.0.0.1:4712 proxy_protocol\n--trusted-proxies\n127.0.0.1", false},
        {"--listen\n127.0.0.1:4712\n--metrics-listen\noff", false},
    };
    struct parcel_facts facts = some_facts();

    (void)state;
    facts.listen_count = 1;
    facts.listen[0].how.is_tls = false;
    facts.listen[0].is_passed = facts.ops.is_passed = true;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct attempt attempt;
        attempt_read(&attempt, cases[i].flags, NULL);
        assert_int_equal(attempt.outcome, CONFIG_READY);
        assert_int_equal(parcel_mismatch(&facts, &attempt.config) == NULL, cases[i].fits);
        attempt_done(&attempt);
    }
}

static void parcel_done(struct parcel *parcel)
{
    for (size_t i = 0; i < parcel->descriptors.count; i++)
        os_channel_close(parcel->descriptors.at[i]);
    packed_descriptors_done(&parcel->descriptors);
    builder_done(&parcel->state);
}

static void a_state_arrives_whole_or_not_at_all(void **state)
{
    enum { DESCRIPTORS = 300, BYTES = 100000 };
    static uint8_t bytes[BYTES];
    struct packed_descriptors descriptors = {0};
    uint64_t deadline_ms = os_clock_monotonic_ms() + PATIENCE_MS;

    (void)state;
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 31);
    for (int i = 0; i < DESCRIPTORS; i++)
        assert_int_equal(packed_descriptor_add(&descriptors, STDERR_FILENO), RESULT_OK);
    for (int is_cut = 0; is_cut < 2; is_cut++) {
        struct parcel parcel = {.state = {0}};
        int ends[2];
        assert_int_equal(os_channel_open(ends), RESULT_OK);
        builder_init(&parcel.state, 1 << 20);
        if (is_cut)
            assert_int_equal(parcel_send(ends[0], PARCEL_STATE, view_of(bytes, 1000), deadline_ms), RESULT_OK);
        else
            assert_int_equal(parcel_send_state(ends[0], view_of(bytes, BYTES), &descriptors, deadline_ms), RESULT_OK);
        os_channel_close(ends[0]);
        enum result result = parcel_receive_state(ends[1], &parcel, deadline_ms);
        assert_int_equal(result, is_cut ? RESULT_CLOSED : RESULT_OK);
        if (!is_cut) {
            assert_true(view_equal(builder_view(&parcel.state), view_of(bytes, BYTES)));
            assert_int_equal(parcel.descriptors.count, DESCRIPTORS);
        }
        parcel_done(&parcel);
        os_channel_close(ends[1]);
    }
    packed_descriptors_done(&descriptors);
}

static void a_sum_that_does_not_fit_is_refused(void **state)
{
    static const uint8_t end[20] = {3};
    struct parcel parcel = {.state = {0}};
    uint64_t deadline_ms = os_clock_monotonic_ms() + PATIENCE_MS;
    int ends[2];

    (void)state;
    assert_int_equal(os_channel_open(ends), RESULT_OK);
    builder_init(&parcel.state, 1 << 20);
    assert_int_equal(parcel_send(ends[0], PARCEL_STATE, VIEW("abc"), deadline_ms), RESULT_OK);
    assert_int_equal(parcel_send(ends[0], PARCEL_END, view_of(end, sizeof end), deadline_ms), RESULT_OK);
    assert_int_equal(parcel_receive_state(ends[1], &parcel, deadline_ms), RESULT_INVALID);
    parcel_done(&parcel);
    os_channel_close(ends[0]);
    os_channel_close(ends[1]);
}

int test_parcel(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(facts_arrive_and_what_is_cut_does_not),
        cmocka_unit_test(only_the_same_places_can_be_taken_over),
        cmocka_unit_test(a_passed_socket_serves_its_place_wherever_it_listens),
        cmocka_unit_test(a_state_arrives_whole_or_not_at_all),
        cmocka_unit_test(a_sum_that_does_not_fit_is_refused),
    };

    return cmocka_run_group_tests_name("parcel", tests, NULL, NULL);
}
