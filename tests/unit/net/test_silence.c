/* SPDX-License-Identifier: Apache-2.0 */
/* Canned series of ends, at times that the tests make up. */
#include "world.h"

#include "net/silence.h"

enum { HEARTBEAT_MS = 25000, FLOOR_MS = 1000, FORGET_MS = 3600000 };

static struct silence silence;
static struct silence_key home, proxy;

static int begin(void **state)
{
    uint8_t address[IP_BYTES];

    (void)state;
    silence = (struct silence){.heartbeat_ms = HEARTBEAT_MS, .floor_ms = FLOOR_MS, .forget_ms = FORGET_MS};
    assert_true(ip_parse(VIEW("192.0.2.7"), address));
    home = silence_key_of_client(address);
    proxy = silence_key_of_proxy(address);
    return 0;
}

static uint32_t cut(const struct silence_key *key, uint32_t client_ms, uint32_t both_ms)
{
    return silence_cut(&silence, key, 0, &(struct silence_ages){{client_ms, both_ms}});
}

static uint32_t interval(const struct silence_key *key, uint64_t now_ms)
{
    return silence_interval(&silence, key, now_ms, false);
}

static void ends_at_one_age_are_learned_from(void **state)
{
    static const struct {
        const char *name;
        struct silence_ages ends[8];
        uint32_t interval_ms; /* after all of them */
    } cases[] = {
        {"a limit of 20 s", {{{20003, 20003}}, {{20010, 20010}}, {{20001, 20001}}, {{20040, 20040}}}, 16001},
        {"three are too few", {{{20003, 20003}}, {{20010, 20010}}, {{20001, 20001}}}, HEARTBEAT_MS},
        {"at any age",
         {{{3000, 3000}},
          {{5500, 5500}},
          {{8000, 8000}},
          {{11000, 11000}},
          {{14000, 14000}},
          {{17000, 17000}},
          {{20000, 20000}},
          {{23500, 23500}}},
         HEARTBEAT_MS},
        {"below the floor", {{{900, 900}}, {{905, 905}}, {{910, 910}}, {{915, 915}}, {{920, 920}}}, HEARTBEAT_MS},
        {"with others between",
         {{{10000, 10000}}, {{4000, 4000}}, {{10050, 10050}}, {{7000, 7000}}, {{10020, 10020}}, {{10100, 10100}}},
         8000},
        {"the room goes on, the client is silent",
         {{{20000, 1200}}, {{20010, 9000}}, {{20020, 3000}}, {{20030, 15000}}},
         16000},
        {"silent both ways, the client for longer",
         {{{21500, 12000}}, {{12000, 12000}}, {{18000, 12010}}, {{24000, 12020}}},
         9600},
        {"never below the floor", {{{1100, 1100}}, {{1101, 1101}}, {{1102, 1102}}, {{1103, 1103}}}, FLOOR_MS},
        {"what the heartbeat covers anyway",
         {{{60000, 60000}}, {{60000, 60000}}, {{60000, 60000}}, {{60000, 60000}}},
         HEARTBEAT_MS},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        begin(state);
        for (size_t j = 0; j < 8 && cases[i].ends[j].ms[0] > 0; j++)
            (void)silence_cut(&silence, &home, 0, &cases[i].ends[j]); /* what is learned in the end counts */
        if (interval(&home, 0) != cases[i].interval_ms)
            fail_msg("%s: %u ms", cases[i].name, interval(&home, 0));
    }
}

static void a_lesson_is_told_once(void **state)
{
    (void)state;
    for (int i = 0; i < SILENCE_PROOFS - 1; i++)
        assert_int_equal(cut(&home, 20000, 20000), 0);
    assert_int_equal(cut(&home, 20000, 20000), 16000);
    assert_int_equal(cut(&home, 20000, 20000), 0);
    for (int i = 0; i < SILENCE_PROOFS - 1; i++)
        assert_int_equal(cut(&home, 10000, 10000), 0);
    assert_int_equal(cut(&home, 10000, 10000), 8000);
}

static void paths_are_networks_and_proxies(void **state)
{
    struct silence_key neighbour, other, six, six_neighbour;
    uint8_t address[IP_BYTES];
    uint32_t shortest_ms;

    (void)state;
    for (int i = 0; i < SILENCE_PROOFS; i++)
        (void)cut(&home, 20000, 20000); /* seen by what the neighbour gets */
    assert_true(ip_parse(VIEW("192.0.2.200"), address));
    neighbour = silence_key_of_client(address);
    assert_true(ip_parse(VIEW("192.0.3.7"), address));
    other = silence_key_of_client(address);
    assert_int_equal(interval(&neighbour, 0), 16000);
    assert_int_equal(interval(&other, 0), HEARTBEAT_MS);
    assert_int_equal(interval(&proxy, 0), HEARTBEAT_MS);
    assert_true(ip_parse(VIEW("2001:db8:1:2::3"), address));
    six = silence_key_of_client(address);
    assert_true(ip_parse(VIEW("2001:db8:1:ffff::4"), address));
    six_neighbour = silence_key_of_client(address);
    for (int i = 0; i < SILENCE_PROOFS; i++)
        (void)cut(&six, 10000, 10000); /* as above */
    assert_int_equal(interval(&six_neighbour, 0), 8000);
    assert_int_equal(silence_learned_count(&silence, &shortest_ms), 2);
    assert_int_equal(shortest_ms, 8000);
}

static void those_who_outlive_it_speak_against_it(void **state)
{
    const struct silence_ages whole = {{HEARTBEAT_MS, HEARTBEAT_MS}}, shorter = {{15000, 15000}};

    (void)state;
    for (int i = 0; i < 20; i++) {
        assert_int_equal(cut(&home, 20000, 20000), 0);
        silence_survived(&silence, &home, &whole);
    }
    assert_int_equal(silence.used_count, 0);
    for (int i = 0; i < SILENCE_PROOFS; i++) {
        (void)cut(&home, 20000, 20000); /* seen below */
        silence_survived(&silence, &home, &shorter);
    }
    assert_int_equal(interval(&home, 0), 16000);
}

static void pings_without_an_answer_halve_the_interval(void **state)
{
    (void)state;
    for (int i = 0; i < SILENCE_PROOFS - 1; i++)
        assert_int_equal(silence_deaf(&silence, &home, 0, HEARTBEAT_MS), 0);
    assert_int_equal(silence_deaf(&silence, &home, 0, HEARTBEAT_MS), 12500);
    for (int i = 0; i < SILENCE_PROOFS - 1; i++)
        assert_int_equal(silence_deaf(&silence, &home, 0, 12500), 0);
    assert_int_equal(silence_deaf(&silence, &home, 0, 12500), 6250);
    for (int i = 0; i < 5 * SILENCE_PROOFS; i++)
        (void)silence_deaf(&silence, &home, 0, interval(&home, 0)); /* seen by where it ends */
    assert_int_equal(interval(&home, 0), FLOOR_MS);
}

static void phones_that_vanish_teach_nothing(void **state)
{
    (void)state;
    for (int i = 0; i < 50; i++) {
        assert_int_equal(silence_deaf(&silence, &home, 0, HEARTBEAT_MS), 0);
        silence_answered(&silence, &home, HEARTBEAT_MS);
    }
    assert_int_equal(silence.used_count, 0);
}

static void what_is_old_is_tried_by_few_and_then_forgotten(void **state)
{
    (void)state;
    for (int i = 0; i < SILENCE_PROOFS; i++)
        (void)cut(&home, 20000, 20000); /* seen below */
    assert_int_equal(silence_interval(&silence, &home, FORGET_MS - 1, true), 16000);
    assert_int_equal(silence_interval(&silence, &home, FORGET_MS, true), HEARTBEAT_MS);
    assert_int_equal(silence_interval(&silence, &home, FORGET_MS, false), 16000);
    assert_int_equal(silence_interval(&silence, &home, 2 * FORGET_MS - 1, false), 16000);
    assert_int_equal(silence_interval(&silence, &home, 2 * FORGET_MS, false), HEARTBEAT_MS);
    assert_int_equal(silence.used_count, 0);
}

static void the_table_never_grows_and_keeps_what_it_learned(void **state)
{
    uint8_t address[IP_BYTES];
    struct silence_key stranger;

    (void)state;
    for (int i = 0; i < SILENCE_PROOFS; i++)
        (void)cut(&home, 20000, 20000); /* seen below */
    assert_true(ip_parse(VIEW("10.0.0.1"), address));
    for (int i = 0; i < 5000; i++) {
        address[13] = (uint8_t)(i >> 8);
        address[14] = (uint8_t)i;
        stranger = silence_key_of_client(address);
        assert_int_equal(cut(&stranger, 20000, 20000), 0);
    }
    assert_true(silence.used_count <= (size_t)SILENCE_SETS * SILENCE_WAYS);
    assert_int_equal(interval(&home, 0), 16000);
}

static void switched_off_it_learns_nothing(void **state)
{
    (void)state;
    silence.forget_ms = 0;
    for (int i = 0; i < 10; i++) {
        assert_int_equal(cut(&home, 20000, 20000), 0);
        assert_int_equal(silence_deaf(&silence, &home, 0, HEARTBEAT_MS), 0);
    }
    assert_int_equal(silence.used_count, 0);
}

static void lessons_are_listed_with_what_taught_them_the_shortest_first(void **state)
{
    struct silence_lesson lessons[SILENCE_LESSONS_MAX];

    (void)state;
    assert_int_equal(silence_list(&silence, lessons), 0);
    for (int i = 0; i < SILENCE_PROOFS; i++) {
        (void)cut(&home, 20000, 20000); /* seen below */
        (void)silence_deaf(&silence, &proxy, 7, HEARTBEAT_MS);
    }
    assert_int_equal(silence_list(&silence, lessons), 2);
    assert_int_equal(lessons[0].interval_ms, HEARTBEAT_MS / 2);
    assert_int_equal(lessons[0].cut_ms, 0);
    assert_int_equal(lessons[0].evidence_ms, 7);
    assert_true(lessons[0].is_proxy);
    assert_int_equal(lessons[1].interval_ms, 16000);
    assert_int_equal(lessons[1].cut_ms, 20000);
    assert_false(lessons[1].is_proxy);
    assert_memory_equal(lessons[1].address, home.address, IP_BYTES);
}

static void of_too_many_lessons_those_with_the_shortest_heartbeats_are_listed(void **state)
{
    struct silence_lesson lessons[SILENCE_LESSONS_MAX];
    uint8_t address[IP_BYTES];

    (void)state;
    assert_true(ip_parse(VIEW("10.0.0.1"), address));
    for (int i = 0; i < 2 * SILENCE_LESSONS_MAX; i++) {
        address[14] = (uint8_t)i;
        const struct silence_key key = silence_key_of_client(address);
        uint32_t age_ms = 5000 + 500 * (uint32_t)(i * 7 % (2 * SILENCE_LESSONS_MAX));
        for (int j = 0; j < SILENCE_PROOFS; j++)
            (void)cut(&key, age_ms, age_ms); /* seen below */
    }
    assert_int_equal(silence_list(&silence, lessons), SILENCE_LESSONS_MAX);
    for (uint64_t i = 0; i < SILENCE_LESSONS_MAX; i++)
        assert_int_equal(lessons[i].cut_ms, 5000 + 500 * i);
}

int test_silence(void);
int test_silence(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(ends_at_one_age_are_learned_from, begin),
        cmocka_unit_test_setup(a_lesson_is_told_once, begin),
        cmocka_unit_test_setup(paths_are_networks_and_proxies, begin),
        cmocka_unit_test_setup(those_who_outlive_it_speak_against_it, begin),
        cmocka_unit_test_setup(pings_without_an_answer_halve_the_interval, begin),
        cmocka_unit_test_setup(phones_that_vanish_teach_nothing, begin),
        cmocka_unit_test_setup(what_is_old_is_tried_by_few_and_then_forgotten, begin),
        cmocka_unit_test_setup(the_table_never_grows_and_keeps_what_it_learned, begin),
        cmocka_unit_test_setup(switched_off_it_learns_nothing, begin),
        cmocka_unit_test_setup(lessons_are_listed_with_what_taught_them_the_shortest_first, begin),
        cmocka_unit_test_setup(of_too_many_lessons_those_with_the_shortest_heartbeats_are_listed, begin),
    };

    return cmocka_run_group_tests_name("silence", tests, NULL, NULL);
}
