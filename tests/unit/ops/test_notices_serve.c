/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/notices_serve.h"

#include <string.h>

#include "net/shard_inside.h"
#include "ops_test.h"

/* The shard's thread does this where it learns; nobody runs here. */
static void teach(struct shard *shard, const char *address, uint64_t cut_ms)
{
    struct silence_lesson lessons[SILENCE_LESSONS_MAX];
    uint64_t words[SHARD_LESSON_WORDS];
    uint8_t bytes[IP_BYTES];

    memset(lessons, 0, sizeof lessons);
    assert_true(ip_parse(view_of_string(address), bytes));
    lessons[0] = (struct silence_lesson){.is_proxy = 1, .interval_ms = cut_ms * 4 / 5, .cut_ms = cut_ms};
    memcpy(lessons[0].address, bytes, sizeof bytes);
    lessons[0].evidence_ms = 1000;
    memcpy(words, lessons, sizeof words);
    snapshot_write(&shard->lessons, words);
    counter_set(&shard->counters.silence_paths, 1);
}

static void paths_of_all_shards_are_shown_each_once(void **state)
{
    struct parts parts;
    struct builder text;

    (void)state;
    parts_init(&parts);
    builder_init(&text, 65536);
    notices_write_paths(&parts.sources, 4000, &text);
    assert_memory_equal(text.at, "{\"paths\":[]}", 12);
    teach(parts.shards[0], "10.0.0.2", 20000);
    teach(parts.shards[1], "10.0.0.2", 10000);
    builder_clear(&text);
    notices_write_paths(&parts.sources, 4000, &text);
    builder_add_byte(&text, 0);
    assert_string_equal((char *)text.at,
                        "{\"paths\":[{\"path\":\"proxy\",\"address\":\"10.0.0.2\",\"ping_every_ms\":8000,"
                        "\"cuts_after_ms\":10000,\"evidence_age_ms\":3000}]}\n");
    builder_done(&text);
    parts_done(&parts);
}

static void a_look_at_the_running_server_takes_in_what_the_shards_know(void **state)
{
    struct parts parts;
    struct notice_state found;

    (void)state;
    parts_init(&parts);
    counter_set(&parts.shards[0]->counters.upgrades, 3);
    counter_set(&parts.shards[1]->counters.upgrades, 4);
    notices_turn(parts.notices, &parts.sources);
    assert_int_equal(evidence_sum(&parts.notices->opened), 7);
    see_times(&parts.notices->evidence, 4,
              &(struct seen){.line = "GET /ws HTTP/1.0", .fields = SENT_KEY, .peer = "10.0.0.2"});
    notices_turn(parts.notices, &parts.sources);
    assert_true(notices_read(parts.notices, NOTICE_UPGRADE_DROPPED, &found));
    assert_int_equal(found.detail, DETAIL_HTTP_1_0);
    parts_done(&parts);
}

int test_notices_serve(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_of_all_shards_are_shown_each_once),
        cmocka_unit_test(a_look_at_the_running_server_takes_in_what_the_shards_know),
    };

    return cmocka_run_group_tests_name("notices_serve", tests, NULL, NULL);
}
