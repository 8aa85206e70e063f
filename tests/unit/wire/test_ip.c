/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/ip.h"

#include "wire_test.h"

int test_ip(void);

static void addresses_are_read_with_what_may_stand_around_them(void **state)
{
    static const struct {
        const char *text;
        bool is_plain, is_node, is_4;
    } cases[] = {
        {"192.0.2.1", true, true, true},
        {"2001:db8::1", true, true, false},
        {"::ffff:192.0.2.1", true, true, true},
        {"::1", true, true, false},
        {"192.0.2.1:4711", false, true, true},
        {"192.0.2.1:0", false, true, true},
        {"[2001:db8::1]", false, true, false},
        {"[2001:db8::1]:4711", false, true, false},
        {"", false, false, false},
        {"192.0.2", false, false, false},
        {"192.0.2.256", false, false, false},
        {"0192.0.2.1", false, false, false},
        {"192.0.2.1:", false, false, false},
        {"192.0.2.1:65536", false, false, false},
        {"192.0.2.1:80x", false, false, false},
        {"192.0.2.1 ", false, false, false},
        {"[192.0.2.1]", false, false, false},
        {"[2001:db8::1", false, false, false},
        {"[2001:db8::1]4711", false, false, false},
        {"[2001:db8::1]:", false, false, false},
        {"[]", false, false, false},
        {"fe80::1%eth0", false, false, false},
        {"unknown", false, false, false},
        {"_hidden", false, false, false},
        {"2001:db8::1:2:3:4:5:6:7:8:9:2001:db8::1:2:3:4:5:6:7:8:9", false, false, false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct view text = exact_copy(view_of_string(cases[i].text));
        uint8_t address[IP_BYTES] = {0}, node[IP_BYTES] = {0};
        if (ip_parse(text, address) != cases[i].is_plain || ip_parse_node(text, node) != cases[i].is_node)
            fail_msg("\"%s\" was read otherwise", cases[i].text);
        if (cases[i].is_node)
            assert_int_equal(ip_is_4(node), cases[i].is_4);
        if (cases[i].is_plain)
            assert_memory_equal(address, node, IP_BYTES);
        free_copy(text);
    }
}

static void a_nul_ends_no_address(void **state)
{
    uint8_t address[IP_BYTES];

    (void)state;
    assert_false(ip_parse(VIEW("192.0.2.1\0"), address));
    assert_false(ip_parse_node(VIEW("192.0.2.1\0:80"), address));
}

static void an_address_is_of_this_machine_of_a_network_of_ones_own_or_of_anywhere(void **state)
{
    static const struct {
        const char *text, *reach;
    } cases[] = {
        {"127.0.0.1", "loopback"},  {"127.9.9.9", "loopback"}, {"::1", "loopback"},       {"10.0.0.1", "private"},
        {"172.16.0.1", "private"},  {"172.31.0.1", "private"}, {"172.32.0.1", "public"},  {"192.168.9.1", "private"},
        {"169.254.1.1", "private"}, {"100.64.0.1", "private"}, {"100.63.0.1", "public"},  {"fd00::1", "private"},
        {"fe80::1", "private"},     {"fec0::1", "public"},     {"2001:db8::1", "public"}, {"192.0.2.1", "public"},
        {"128.0.0.1", "public"},    {"::2", "public"},
    };
    uint8_t address[IP_BYTES];

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_true(ip_parse(view_of_string(cases[i].text), address));
        assert_string_equal(ip_reach_text(ip_reach_of(address)), cases[i].reach);
    }
}

int test_ip(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_read_with_what_may_stand_around_them),
        cmocka_unit_test(a_nul_ends_no_address),
        cmocka_unit_test(an_address_is_of_this_machine_of_a_network_of_ones_own_or_of_anywhere),
    };

    return cmocka_run_group_tests_name("ip", tests, NULL, NULL);
}
