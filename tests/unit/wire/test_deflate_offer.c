/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/deflate.h"

#include "wire_test.h"

int test_deflate_offer(void);

struct offer_case {
    struct view list;
    enum deflate_offer outcome;
    struct deflate_terms terms;
    const char *answer; /* behind the part that is always the same */
};

#define PD        "permessage-deflate"
#define DECLINED  DEFLATE_DECLINED, {0}, NULL
#define MALFORMED DEFLATE_MALFORMED, {0}, NULL
#define PLAIN                      \
    {                              \
        15, 15, false, false, true \
    }

static const struct offer_case cases[] = {
    {BYTES(PD), DEFLATE_TAKEN, PLAIN, ""},
    {BYTES(PD "; client_max_window_bits"), DEFLATE_TAKEN, {15, 15, true, false, true}, ""}, /* what browsers send */
    {BYTES(PD "; client_max_window_bits=8"), DEFLATE_TAKEN, {15, 8, true, false, true}, ""},
    {BYTES(PD "; client_max_window_bits=10"), DEFLATE_TAKEN, {15, 10, true, false, true}, ""},
    {BYTES(PD "; server_max_window_bits=9"), DEFLATE_TAKEN, {9, 15, false, true, true}, "; server_max_window_bits=9"},
    {BYTES(PD "; server_max_window_bits=15"),
     DEFLATE_TAKEN,
     {15, 15, false, true, true},
     "; server_max_window_bits=15"},
    {BYTES(PD "; server_max_window_bits=\"10\""),
     DEFLATE_TAKEN,
     {10, 15, false, true, true},
     "; server_max_window_bits=10"},
    {BYTES(PD "; server_max_window_bits=\"1\\0\""),
     DEFLATE_TAKEN,
     {10, 15, false, true, true},
     "; server_max_window_bits=10"},
    {BYTES(PD "; server_no_context_takeover; client_no_context_takeover"), DEFLATE_TAKEN, PLAIN, ""},
    {BYTES(" \t" PD "\t;\tserver_max_window_bits = 11 ;client_max_window_bits\t"),
     DEFLATE_TAKEN,
     {11, 15, true, true, true},
     "; server_max_window_bits=11"},
    {BYTES(PD ";server_no_context_takeover;server_max_window_bits=12;client_max_window_bits=13"),
     DEFLATE_TAKEN,
     {12, 13, true, true, true},
     "; server_max_window_bits=12"},
    {BYTES("x-webkit-deflate-frame, " PD), DEFLATE_TAKEN, PLAIN, ""},
    {BYTES("other; a=b; c=\"d\"; e, " PD ", more"), DEFLATE_TAKEN, PLAIN, ""},
    {BYTES(",, ," PD ",,"), DEFLATE_TAKEN, PLAIN, ""},
    {BYTES(PD "; server_max_window_bits=8, " PD), DEFLATE_TAKEN, PLAIN, ""}, /* the second choice is acceptable */
    {BYTES(PD "; unknown, " PD "; server_max_window_bits=10"),
     DEFLATE_TAKEN,
     {10, 15, false, true, true},
     "; server_max_window_bits=10"},
    {BYTES(PD "; server_max_window_bits=10, " PD),
     DEFLATE_TAKEN,
     {10, 15, false, true, true},
     "; server_max_window_bits=10"},

    {BYTES(""), DECLINED},
    {BYTES(" , "), DECLINED},
    {BYTES("other"), DECLINED},
    {BYTES("Permessage-Deflate"), DECLINED},
    {BYTES(PD "x"), DECLINED},
    {BYTES(PD "; unknown"), DECLINED},
    {BYTES(PD "; unknown=1"), DECLINED},
    {BYTES(PD "; server_max_window_bits"), DECLINED},
    {BYTES(PD "; server_max_window_bits=8"), DECLINED},
    {BYTES(PD "; server_max_window_bits=7"), DECLINED},
    {BYTES(PD "; server_max_window_bits=16"), DECLINED},
    {BYTES(PD "; server_max_window_bits=0"), DECLINED},
    {BYTES(PD "; server_max_window_bits=09"), DECLINED},
    {BYTES(PD "; server_max_window_bits=010"), DECLINED},
    {BYTES(PD "; server_max_window_bits=1x"), DECLINED},
    {BYTES(PD "; server_max_window_bits=110"), DECLINED},
    {BYTES(PD "; client_max_window_bits=7"), DECLINED},
    {BYTES(PD "; client_max_window_bits=16"), DECLINED},
    {BYTES(PD "; client_max_window_bits=+9"), DECLINED},
    {BYTES(PD "; server_no_context_takeover=1"), DECLINED},
    {BYTES(PD "; client_no_context_takeover=true"), DECLINED},
    {BYTES(PD "; server_no_context_takeover; server_no_context_takeover"), DECLINED},
    {BYTES(PD "; client_max_window_bits; client_max_window_bits=10"), DECLINED},
    {BYTES(PD "; server_max_window_bits=10; server_max_window_bits=10"), DECLINED},
    /* Lists that are not well-formed: the handshake must fail (RFC 6455 section 9.1). */
    {BYTES(PD ";"), MALFORMED},
    {BYTES(PD "; ;"), MALFORMED},
    {BYTES("; client_max_window_bits"), MALFORMED},
    {BYTES(PD " client_max_window_bits"), MALFORMED},
    {BYTES(PD "; client_max_window_bits="), MALFORMED},
    {BYTES(PD "; client_max_window_bits=\"10"), MALFORMED},
    {BYTES(PD "; client_max_window_bits=\"10\\"), MALFORMED},
    {BYTES(PD "; client_max_window_bits=\"\""), MALFORMED},
    {BYTES(PD "; client_max_window_bits=\"1 0\""), MALFORMED},
    {BYTES(PD "; =10"), MALFORMED},
    {BYTES(PD ", other; ="), MALFORMED},
    {BYTES(PD ", a b"), MALFORMED},
    {BYTES(PD "\xFF"), MALFORMED},
    {BYTES("\"" PD "\""), MALFORMED},
};

static void offers_are_taken_or_declined(void **state)
{
    (void)state;
    for (size_t index = 0; index < COUNT(cases); index++) {
        struct view list = exact_copy(cases[index].list);
        const struct deflate_terms *expected = &cases[index].terms;
        struct deflate_terms terms = {0};

        if (deflate_offer_read(list, &terms) != cases[index].outcome)
            fail_msg("%.*s", (int)list.size, (const char *)list.at);
        if (cases[index].outcome == DEFLATE_TAKEN) {
            assert_int_equal(terms.server_window_bits, expected->server_window_bits);
            assert_int_equal(terms.client_window_bits, expected->client_window_bits);
            assert_int_equal(terms.has_client_window_bits, expected->has_client_window_bits);
            assert_int_equal(terms.server_window_bits_asked, expected->server_window_bits_asked);
            assert_true(terms.client_no_context);
        }
        free_copy(list);
    }
}

static void an_answer_repeats_the_limit_that_was_asked_for(void **state)
{
    static const char start[] = PD "; server_no_context_takeover; client_no_context_takeover";

    (void)state;
    for (size_t index = 0; index < COUNT(cases); index++) {
        struct deflate_terms terms;
        struct builder out;

        if (deflate_offer_read(cases[index].list, &terms) != DEFLATE_TAKEN)
            continue;
        builder_init(&out, 512);
        deflate_answer(&terms, &out);
        assert_true(view_starts_with(builder_view(&out), view_of_string(start)));
        assert_views_equal(view_skip(builder_view(&out), sizeof(start) - 1), view_of_string(cases[index].answer));
        builder_done(&out);
    }
}

static void every_start_of_a_list_is_safe(void **state)
{
    (void)state;
    for (size_t index = 0; index < COUNT(cases); index++)
        for (size_t cut = 0; cut < cases[index].list.size; cut++) {
            struct view list = exact_copy(view_first(cases[index].list, cut));
            struct deflate_terms terms = PLAIN;

            if (deflate_offer_read(list, &terms) == DEFLATE_TAKEN)
                assert_in_range(terms.server_window_bits, 9, 15);
            free_copy(list);
        }
}

int test_deflate_offer(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(offers_are_taken_or_declined),
        cmocka_unit_test(an_answer_repeats_the_limit_that_was_asked_for),
        cmocka_unit_test(every_start_of_a_list_is_safe),
    };
    return cmocka_run_group_tests_name("deflate_offer", tests, NULL, NULL);
}
