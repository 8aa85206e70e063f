/* SPDX-License-Identifier: Apache-2.0 */
/* The parts; whole storms against a server are in test_load.c. */
#include "load/storm.h"

#include "load_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static struct load_options options = {.storms = 1, .rooms = 2};
static const struct load_shared shared = {.options = &options};

static void a_token_is_kept_once_and_only_for_those_who_will_return(void **state)
{
    struct worker worker = {.shared = &shared};
    struct publisher publisher;
    struct client client = {.descriptor = -1};
    struct client sender = {.descriptor = -1, .publisher = &publisher};
    (void)state;
    storm_keep_token(&worker, &client, VIEW(""));
    assert_null(client.token);
    storm_keep_token(&worker, &client, VIEW("one"));
    storm_keep_token(&worker, &client, VIEW("two"));
    assert_string_equal(client.token, "one");
    storm_keep_token(&worker, &sender, VIEW("three"));
    assert_null(sender.token);
    free(client.token);
    client.token = NULL;
    options.storms = 0;
    storm_keep_token(&worker, &client, VIEW("one"));
    assert_null(client.token);
    options.storms = 1;
}

static void a_return_names_its_place_and_the_rooms_life(void **state)
{
    struct load_epoch epochs[2] = {0};
    struct worker worker = {.shared = &shared, .epochs = epochs};
    struct client client = {.room = 1};
    struct builder join;
    (void)state;
    builder_init(&join, 256);
    ledger_start(&client.stream, 41);
    storm_add_place(&worker, &client, &join);
    assert_true(view_equal(builder_view(&join), VIEW("\"after\":41")));
    storm_keep_epoch(&worker, &client, VIEW("e7"));
    storm_keep_epoch(&worker, &client, VIEW("e8"));
    builder_clear(&join);
    storm_add_place(&worker, &client, &join);
    assert_true(view_equal(builder_view(&join), VIEW("\"epoch\":\"e7\",\"after\":41")));
    assert_string_equal(epochs[0].text, "");
    builder_done(&join);
}

static void what_an_answer_leaves_out_must_be_announced(void **state)
{
    struct load_epoch epochs[2] = {{"e7"}};
    struct worker worker = {.shared = &shared, .epochs = epochs};
    struct client client = {.room = 0};
    (void)state;
    ledger_start(&client.stream, 10);
    storm_check_answer(&worker, &client, VIEW("e7"), false, 15);
    assert_int_equal(worker.ledger.gaps, 0); /* so the ledger will call 11 to 14 lost */
    storm_check_answer(&worker, &client, VIEW("e7"), true, 15);
    assert_int_equal(worker.ledger.gaps, 1);
    assert_int_equal(worker.ledger.skipped, 4);
    assert_int_equal(worker.truncated, 1);
    assert_int_equal(worker.ledger.mismatched, 0);
    storm_check_answer(&worker, &client, VIEW("e8"), false, 15);
    assert_int_equal(worker.ledger.mismatched, 1);
}

int test_storm(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_is_kept_once_and_only_for_those_who_will_return),
        cmocka_unit_test(a_return_names_its_place_and_the_rooms_life),
        cmocka_unit_test(what_an_answer_leaves_out_must_be_announced),
    };
    return cmocka_run_group_tests_name("storm", tests, NULL, NULL);
}
