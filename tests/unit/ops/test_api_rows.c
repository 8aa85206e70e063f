/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/api_rows.h"

#include "ops_test.h"

static struct row row_of(uint64_t handle, uint32_t idle_ms)
{
    struct row row = {.shard = 1};

    row.sight.handle = handle;
    row.sight.idle_ms = idle_ms;
    row.sight.state = CONN_OPEN;
    row.sight.address = (struct os_address){{[10] = 0xff, [11] = 0xff, [12] = 192, [15] = 7}, 99};
    (void)snprintf(row.who.user, sizeof row.who.user, "%s", "id-of-ada");
    (void)snprintf(row.who.name, sizeof row.who.name, "%s", "Ada");
    (void)snprintf(row.sight.agent, sizeof row.sight.agent, "%s", "curl/8");
    return row;
}

/* A thousand come in an order that is neither; the ten best are there, in order. */
static void the_best_are_kept_in_order_however_many_come(void **state)
{
    struct rows rows;

    (void)state;
    for (int is_rising = 0; is_rising < 2; is_rising++) {
        assert_int_equal(rows_init(&rows, 10, rows_key_of("idle"), is_rising), RESULT_OK);
        for (uint64_t i = 0; i < 1000; i++) {
            struct row row = row_of(i, (uint32_t)(i * 387 % 1000));
            rows_add(&rows, &row);
        }
        rows_settle(&rows);
        assert_int_equal(rows.count, 10);
        assert_int_equal(rows.found, 1000);
        for (uint32_t i = 0; i < 10; i++)
            assert_int_equal(rows.items[i].sight.idle_ms, is_rising ? i : 999 - i);
        rows_done(&rows);
    }
    assert_int_equal(rows_init(&rows, 0, rows_key_of("idle"), false), RESULT_OK);
    struct row row = row_of(1, 1);
    rows_add(&rows, &row);
    rows_settle(&rows);
    assert_int_equal(rows.count, 0);
    rows_done(&rows);
}

static void every_order_has_a_key_and_others_have_none(void **state)
{
    static const char *const names[] = {"age",      "idle",      "lag",  "waiting",     "rtt",         "ping",
                                        "bytes_in", "bytes_out", "laps", "messages_in", "messages_out"};
    struct row row = row_of(1, 1);

    (void)state;
    for (size_t i = 0; i < COUNT(names); i++) {
        assert_non_null(rows_key_of(names[i]));
        assert_true(rows_key_of(names[i])(&row) >= -1);
    }
    assert_null(rows_key_of("beauty"));
}

static void filters_look_at_what_they_name(void **state)
{
    struct parts parts;
    struct row row = row_of(1, 1);

    (void)state;
    parts_init(&parts);
    assert_true(row_matches(parts.chat, &row, &(struct row_filter){.state = ""}));
    assert_true(row_matches(parts.chat, &row, &(struct row_filter){.state = "open"}));
    assert_false(row_matches(parts.chat, &row, &(struct row_filter){.state = "closing"}));
    assert_true(row_matches(parts.chat, &row, &(struct row_filter){.user = "ada"}));
    assert_true(row_matches(parts.chat, &row, &(struct row_filter){.user = "id-of-ada"}));
    assert_false(row_matches(parts.chat, &row, &(struct row_filter){.user = "bob"}));
    assert_false(row_matches(parts.chat, &row, &(struct row_filter){.user_id = "ada"}));
    assert_true(row_matches(parts.chat, &row, &(struct row_filter){.address = "192.0.0.7"}));
    assert_false(row_matches(parts.chat, &row, &(struct row_filter){.address = "10."}));
    assert_true(row_matches(parts.chat, &row, &(struct row_filter){.agent = "CURL"}));
    assert_true(row_matches(parts.chat, &row, &(struct row_filter){.any = "ad"}));
    assert_false(row_matches(parts.chat, &row, &(struct row_filter){.room = "lobby"}));
    parts_done(&parts);
}

static void an_id_is_read_as_it_is_written(void **state)
{
    static const char *const bad[] = {"", "-", "1", "1-", "-1", "1-x", "1-12345678901234567", "G-1", "1 -1"};
    uint64_t handle = 0;
    uint32_t shard = 0;
    char id[40];

    (void)state;
    row_id_write(11, UINT64_C(0x123456789abcdef0), id);
    assert_string_equal(id, "b-123456789abcdef0");
    assert_true(row_id_read(view_of_string(id), &shard, &handle));
    assert_int_equal(shard, 11);
    assert_true(handle == UINT64_C(0x123456789abcdef0));
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_false(row_id_read(view_of_string(bad[i]), &shard, &handle));
}

int test_api_rows(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_best_are_kept_in_order_however_many_come),
        cmocka_unit_test(every_order_has_a_key_and_others_have_none),
        cmocka_unit_test(filters_look_at_what_they_name),
        cmocka_unit_test(an_id_is_read_as_it_is_written),
    };
    return cmocka_run_group_tests_name("ops/api_rows", tests, NULL, NULL);
}
