/* SPDX-License-Identifier: Apache-2.0 */
#include "net/trust.h"

#include "world.h"

int test_trust(void);

static bool has(const struct trust *trust, const char *text)
{
    uint8_t address[IP_BYTES];

    assert_true(ip_parse(view_of_string(text), address));
    return trust_has(trust, address);
}

static void networks_hold_their_addresses_and_no_others(void **state)
{
    static const char *const listed[] = {"127.0.0.1", "10.0.0.0/8",  "192.0.2.128/25",
                                         "::1",       "fd00:1::/33", "198.51.100.7/32"};
    static const struct {
        const char *address;
        bool is_in;
    } cases[] = {
        {"127.0.0.1", true},     {"::ffff:127.0.0.1", true}, {"127.0.0.2", false},      {"10.255.0.1", true},
        {"11.0.0.1", false},     {"192.0.2.128", true},      {"192.0.2.127", false},    {"::1", true},
        {"::2", false},          {"fd00:1:0:1::9", true},    {"fd00:1:8000::1", false}, {"198.51.100.7", true},
        {"198.51.100.6", false}, {"a00::1", false},
    };
    struct trust trust = {.count = 0};
    struct builder text;

    (void)state;
    for (size_t i = 0; i < sizeof listed / sizeof *listed; i++)
        assert_int_equal(trust_add(&trust, view_of_string(listed[i])), RESULT_OK);
    assert_int_equal(trust_add(&trust, VIEW("unix:")), RESULT_OK);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (has(&trust, cases[i].address) != cases[i].is_in)
            fail_msg("%s is on the wrong side", cases[i].address);
    }
    builder_init(&text, 1024);
    trust_write(&trust, &text);
    builder_add_byte(&text, 0);
    assert_string_equal(text.at, "127.0.0.1, 10.0.0.0/8, 192.0.2.128/25, ::1, fd00:1::/33, 198.51.100.7, unix:");
    builder_done(&text);
}

static void everybody_is_two_networks(void **state)
{
    struct trust trust = {.count = 0};

    (void)state;
    assert_int_equal(trust_add(&trust, VIEW("0.0.0.0/0")), RESULT_OK);
    assert_true(has(&trust, "203.0.113.9"));
    assert_false(has(&trust, "2001:db8::1"));
    assert_int_equal(trust_add(&trust, VIEW("::/0")), RESULT_OK);
    assert_true(has(&trust, "2001:db8::1"));
}

static void what_is_no_network_is_refused(void **state)
{
    static const char *const wrong[] = {"",           "example.org", "10.0.0.1/8",  "10.0.0.0/33",  "10.0.0.0/",
                                        "10.0.0.0/x", "fd00::/129",  "fd00::1/127", "127.0.0.1:80", "[::1]",
                                        "unix:/run/x"};
    struct trust trust = {.count = 0};

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        if (trust_add(&trust, view_of_string(wrong[i])) != RESULT_INVALID)
            fail_msg("\"%s\" was taken", wrong[i]);
    }
    for (int i = 0; i < TRUST_PREFIXES_MAX; i++)
        assert_int_equal(trust_add(&trust, VIEW("192.0.2.1")), RESULT_OK);
    assert_int_equal(trust_add(&trust, VIEW("192.0.2.1")), RESULT_FULL);
}

static void the_nearest_stranger_is_the_client(void **state)
{
    static const struct {
        const char *chain; /* the nearest first; "-" says nothing */
        int found;         /* which of them; -1: none */
    } cases[] = {
        {"", -1},
        {"-", -1},
        {"203.0.113.9", 0},
        {"203.0.113.9 198.51.100.1", 0},
        {"10.0.0.2 203.0.113.9 198.51.100.1", 1},
        {"10.0.0.2 10.0.0.3", 1},
        {"10.0.0.2 - 203.0.113.9", 0},
        {"- 203.0.113.9", -1},
    };
    struct trust trust = {.count = 0};

    (void)state;
    assert_int_equal(trust_add(&trust, VIEW("10.0.0.0/8")), RESULT_OK);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct forwarded_hop hops[FORWARDED_HOPS_MAX] = {{.has_address = false}};
        size_t count = 0;
        for (const char *at = cases[i].chain; *at; count++) {
            size_t size = strcspn(at, " ");
            hops[count].has_address = ip_parse(view_of(at, size), hops[count].address);
            at += size + (at[size] == ' ');
        }
        const struct forwarded_hop *found = trust_find_client(&trust, hops, count);
        assert_ptr_equal(found, cases[i].found < 0 ? NULL : &hops[cases[i].found]);
    }
}

int test_trust(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(networks_hold_their_addresses_and_no_others),
        cmocka_unit_test(everybody_is_two_networks),
        cmocka_unit_test(what_is_no_network_is_refused),
        cmocka_unit_test(the_nearest_stranger_is_the_client),
    };

    return cmocka_run_group_tests_name("trust", tests, NULL, NULL);
}
