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

int test_ip(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_read_with_what_may_stand_around_them),
        cmocka_unit_test(a_nul_ends_no_address),
    };

    return cmocka_run_group_tests_name("ip", tests, NULL, NULL);
}
