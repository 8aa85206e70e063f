/* SPDX-License-Identifier: Apache-2.0 */
/* From evidence to the board: what is a fault, and above all what is none. */
#include "ops/notices.h"

#include <string.h>

#include "base/diag.h"
#include "ops_test.h"

enum { FORGET_MS = 3600000, LINES_MAX = 16 };

static const struct notices_options options = {
    .window_ms = 600000,
    .evidence_min = 4,
    .socket_ms = 15000,
    .repeat_ms = 3600000,
    .one_address_min = 20,
};

static struct notices *notices;
static struct notices_view view;
static char lines[LINES_MAX][1024];
static size_t line_count;

static void keep_line(void *context, const char *line)
{
    (void)context;
    assert_true(line_count < LINES_MAX);
    (void)snprintf(lines[line_count++], sizeof lines[0], "%s", line);
}

static int begin(void **state)
{
    (void)state;
    notices = notices_new(&options, FORGET_MS);
    view = (struct notices_view){.now_ms = 1000000, .wall_ms = 1700000000000};
    line_count = 0;
    diag_setup(DIAG_HUMAN, DIAG_INFO);
    diag_set_sink(keep_line, NULL);
    notices_look(notices, &view);
    return 0;
}

static int end(void **state)
{
    (void)state;
    diag_set_sink(NULL, NULL);
    diag_setup(DIAG_HUMAN, DIAG_ERROR);
    notices_free(notices);
    return 0;
}

static void pass(uint64_t ms)
{
    view.now_ms += ms;
    view.wall_ms += ms;
}

/* Looks, and holds that `expected` is up and nothing else; NOTICE_COUNT: nothing is. */
static struct notice_state look(enum notice expected)
{
    struct notice_state found = {0}, state;

    pass(1);
    notices_look(notices, &view);
    for (enum notice notice = 0; notice < NOTICE_COUNT; notice++) {
        if (notices_read(notices, notice, &state) != (notice == expected))
            fail_msg("%s is %sup", notice_word(notice), notice == expected ? "not " : "");
        if (notice == expected)
            found = state;
    }
    return found;
}

static void ask(int times, const char *fields, const char *peer)
{
    see_times(&notices->evidence, times,
              &(struct seen){.line = "GET /ws HTTP/1.1", .fields = fields, .peer = peer, .now_ms = view.now_ms});
}

static void visit(int times, const char *fields, const char *peer)
{
    see_times(&notices->evidence, times,
              &(struct seen){.line = "GET / HTTP/1.1", .fields = fields, .peer = peer, .now_ms = view.now_ms});
}

static void plead(const char *client, bool is_astray, bool is_misorigin)
{
    struct plea plea = {.is_astray = is_astray, .is_misorigin = is_misorigin, .now_ms = view.now_ms};

    assert_true(ip_parse(view_of_string(client), plea.client));
    evidence_plead(&notices->evidence, &plea, options.socket_ms);
}

static void plead_from(int clients, bool is_astray, bool is_misorigin)
{
    char client[32];

    for (int i = 0; i < clients; i++) {
        (void)snprintf(client, sizeof client, "192.0.2.%d", i);
        plead(client, is_astray, is_misorigin);
    }
}

/* ---- upgrade_dropped ---- */

static void a_proxy_that_drops_upgrades_is_noticed_named_and_told_once(void **state)
{
    (void)state;
    ask(3, SENT_NO_HOP, "10.0.0.2");
    look(NOTICE_COUNT);
    ask(1, SENT_NO_HOP, "10.0.0.2");
    struct notice_state found = look(NOTICE_UPGRADE_DROPPED);
    assert_int_equal(found.count, 4);
    assert_int_equal(found.detail, DETAIL_NO_UPGRADE);
    assert_int_equal(found.since_ms, view.wall_ms);
    assert_true(found.is_sure && !found.is_remark);
    pass(60000);
    ask(1, SENT_NO_HOP, "10.0.0.2");
    found = look(NOTICE_UPGRADE_DROPPED);
    assert_int_equal(found.last_ms, view.wall_ms);
    assert_true(found.since_ms < found.last_ms);
    assert_int_equal(line_count, 1);
    assert_non_null(strstr(lines[0], "notice=upgrade_dropped"));
    assert_non_null(strstr(lines[0], "10.0.0.2 drops Upgrade"));
    assert_non_null(strstr(lines[0], "read=docs/howto/what-natter-noticed.md#upgrade_dropped"));
}

static void it_goes_when_upgrades_come_through(void **state)
{
    (void)state;
    ask(10, SENT_NO_HOP, "10.0.0.2");
    look(NOTICE_UPGRADE_DROPPED);
    ask(4, SENT_UPGRADE, "10.0.0.2");
    look(NOTICE_COUNT);
    assert_int_equal(line_count, 2);
    assert_non_null(strstr(lines[1], "notice.over"));
    ask(20, SENT_NO_HOP, "10.0.0.2");
    struct notice_state found = look(NOTICE_UPGRADE_DROPPED);
    assert_int_equal(found.raised, 2);
    assert_int_equal(line_count, 2); /* not again so soon */
}

static void it_goes_when_nothing_has_happened_for_a_window(void **state)
{
    (void)state;
    ask(10, SENT_NO_HOP, "10.0.0.2");
    look(NOTICE_UPGRADE_DROPPED);
    for (int half = 0; half < 2; half++) {
        pass(options.window_ms / 2);
        notices_look(notices, &view);
    }
    look(NOTICE_COUNT);
}

static void while_it_lasts_the_log_is_told_again_after_a_long_time(void **state)
{
    (void)state;
    for (int hours = 0; hours < 3; hours++) {
        for (int i = 0; i < 60; i++) {
            ask(1, SENT_NO_HOP, "10.0.0.2");
            notices_look(notices, &view);
            pass(60000);
        }
    }
    assert_int_equal(line_count, 3);
}

#define PROXIED .peer = "10.0.0.3", .client = "192.0.2.1", .is_trusted = true, .is_client_told = true

static void a_person_with_a_browser_or_a_program_that_errs_is_no_proxy(void **state)
{
    static const char line[] = "GET /ws HTTP/1.1";

    (void)state;
    ask(50, SENT_BY_PERSON, "10.0.0.2");
    ask(50, NULL, "10.0.0.2");
    look(NOTICE_COUNT);
    see_times(&notices->evidence, 50, &(struct seen){.line = line, .fields = SENT_UPGRADE, PROXIED});
    see_times(&notices->evidence, 10, &(struct seen){.line = line, .fields = SENT_NO_HOP, PROXIED});
    look(NOTICE_COUNT); /* one errs, others come through the same proxy */
}

static void a_strange_client_is_worth_a_remark_unless_it_is_everybody(void **state)
{
    (void)state;
    ask(30, SENT_UPGRADE, "192.0.2.1");
    ask(10, SENT_NO_HOP, "203.0.113.9");
    struct notice_state found = look(NOTICE_UPGRADE_DROPPED);
    assert_true(found.is_remark && !found.is_sure);
    ask(30, SENT_NO_HOP, "203.0.113.9");
    found = look(NOTICE_UPGRADE_DROPPED);
    assert_true(!found.is_remark && !found.is_sure);
}

/* ---- sockets_missing, origin_refused ---- */

static void pages_without_sockets_are_noticed_once_their_time_is_over(void **state)
{
    (void)state;
    visit(5, SENT_BY_PERSON, "192.0.2.1");
    look(NOTICE_COUNT);
    pass(options.socket_ms);
    struct notice_state found = look(NOTICE_SOCKETS_MISSING);
    assert_int_equal(found.count, 5);
    assert_false(found.is_remark);
    view.opened_total += 4;
    look(NOTICE_COUNT);
}

static void crawlers_and_closed_tabs_beside_others_who_chat_ring_no_bell(void **state)
{
    (void)state;
    view.opened_total = 30;
    notices_look(notices, &view);
    visit(10, SENT_BY_PERSON, "192.0.2.1");
    pass(options.socket_ms);
    look(NOTICE_COUNT);
    visit(100, "User-Agent: a crawler\r\n", "192.0.2.2");
    pass(options.socket_ms);
    look(NOTICE_COUNT);
    visit(3, SENT_BY_PERSON, "192.0.2.3"); /* a quiet day, three tabs closed at once */
    pass(options.window_ms);
    look(NOTICE_COUNT);
}

static void pages_that_plead_are_heard_at_once(void **state)
{
    (void)state;
    plead_from(3, false, false);
    look(NOTICE_COUNT);
    plead_from(4, false, false);
    struct notice_state found = look(NOTICE_SOCKETS_MISSING);
    assert_int_equal(found.count, 4);
    assert_int_equal(found.detail, DETAIL_NONE);
}

static void pages_find_out_that_the_sockets_path_leads_elsewhere(void **state)
{
    (void)state;
    plead_from(5, true, false);
    struct notice_state found = look(NOTICE_SOCKETS_MISSING);
    assert_int_equal(found.detail, DETAIL_ASTRAY);
}

static void what_explains_missing_sockets_is_noticed_instead(void **state)
{
    (void)state;
    plead_from(5, false, false);
    ask(5, SENT_NO_HOP, "10.0.0.2");
    look(NOTICE_UPGRADE_DROPPED);
    assert_int_equal(line_count, 1);
}

static void an_origin_that_is_refused_is_noticed(void **state)
{
    (void)state;
    plead_from(4, false, true);
    struct notice_state found = look(NOTICE_ORIGIN_REFUSED);
    assert_int_equal(found.count, 4);
    view.opened_total += 4;
    look(NOTICE_COUNT);
}

/* ---- silence_cut ---- */

static struct silence_lesson lesson_of(const char *address, bool is_proxy, uint64_t cut_ms)
{
    struct silence_lesson lesson = {
        .is_proxy = is_proxy, .interval_ms = cut_ms > 0 ? cut_ms * 4 / 5 : 12500, .cut_ms = cut_ms};
    uint8_t bytes[IP_BYTES];

    assert_true(ip_parse(view_of_string(address), bytes));
    memcpy(lesson.address, bytes, sizeof bytes);
    lesson.evidence_ms = view.now_ms;
    return lesson;
}

static void a_path_that_cuts_silence_is_noticed_with_its_seconds(void **state)
{
    const struct silence_lesson lessons[] = {lesson_of("192.0.2.0", false, 8000), lesson_of("10.0.0.2", true, 20000)};

    (void)state;
    view.lessons = lessons;
    view.lesson_count = COUNT(lessons);
    struct notice_state found = look(NOTICE_SILENCE_CUT);
    assert_int_equal(found.number_ms, 20000);
    assert_int_equal(found.heartbeat_ms, 16000);
    assert_true(found.is_sure && !found.is_remark && !found.is_network);
    assert_non_null(strstr(lines[0], "10.0.0.2 cuts after 20.0 s of silence and is pinged after 16.0 s"));
    view.lesson_count = 0;
    look(NOTICE_COUNT);
}

static void a_network_of_clients_is_worth_a_remark_and_old_lessons_are_over(void **state)
{
    const struct silence_lesson lessons[] = {lesson_of("192.0.2.0", false, 0)};

    (void)state;
    view.lessons = lessons;
    view.lesson_count = COUNT(lessons);
    struct notice_state found = look(NOTICE_SILENCE_CUT);
    assert_true(found.is_remark && found.is_network);
    assert_int_equal(found.detail, DETAIL_FORGOTTEN);
    pass((uint64_t)2 * FORGET_MS);
    look(NOTICE_COUNT);
}

static void lessons_of_several_shards_about_one_path_are_one(void **state)
{
    struct silence_lesson lessons[] = {lesson_of("10.0.0.2", true, 20000), lesson_of("192.0.2.0", false, 10000),
                                       lesson_of("10.0.0.2", true, 5000), lesson_of("10.0.0.2", false, 30000)};

    (void)state;
    assert_int_equal(notices_merge_lessons(lessons, COUNT(lessons)), 3);
    assert_int_equal(lessons[0].cut_ms, 5000);
    assert_int_equal(lessons[1].cut_ms, 10000);
    assert_int_equal(lessons[2].cut_ms, 30000);
}

/* ---- forwarded_not_believed, forwarded_missing, one_address ---- */

static void a_proxy_that_is_not_trusted_is_noticed_by_what_it_says(void **state)
{
    (void)state;
    ask(4, SENT_UPGRADE "X-Forwarded-For: 192.0.2.1\r\n", "10.0.0.2");
    struct notice_state found = look(NOTICE_FORWARDED_NOT_BELIEVED);
    assert_true(found.is_sure && !found.is_remark);
    assert_non_null(strstr(lines[0], "detail=10.0.0.2"));
}

static void a_stranger_who_claims_to_be_a_proxy_is_worth_a_remark(void **state)
{
    (void)state;
    ask(20, SENT_UPGRADE, "192.0.2.7");
    ask(1, SENT_UPGRADE, "192.0.2.8");
    ask(10, SENT_UPGRADE "X-Forwarded-For: 10.0.0.1\r\n", "203.0.113.9");
    struct notice_state found = look(NOTICE_FORWARDED_NOT_BELIEVED);
    assert_true(found.is_remark && !found.is_sure);
}

static void a_proxy_that_hides_its_clients_is_noticed(void **state)
{
    const struct seen silent = {
        .line = "GET /ws HTTP/1.1", .fields = SENT_UPGRADE, .peer = "10.0.0.2", .is_trusted = true};
    const struct seen telling = {.line = "GET /ws HTTP/1.1",
                                 .fields = SENT_UPGRADE,
                                 .peer = "10.0.0.2",
                                 .client = "192.0.2.1",
                                 .is_trusted = true,
                                 .is_client_told = true};

    (void)state;
    see_times(&notices->evidence, 4, &silent);
    assert_true(look(NOTICE_FORWARDED_MISSING).is_sure);
    see_times(&notices->evidence, 4, &telling);
    look(NOTICE_COUNT);
    ask(4, SENT_UPGRADE "Host: chat.example.org\r\n", "127.0.0.1"); /* nobody here asks for that name */
    assert_true(look(NOTICE_FORWARDED_MISSING).is_sure);
}

static void a_load_test_a_household_and_a_proxys_own_questions_ring_no_bell(void **state)
{
    char address[32];

    (void)state;
    view.open_now = 10000;
    ask(10000, SENT_UPGRADE, "127.0.0.1");
    look(NOTICE_COUNT);
    for (int i = 0; i < 100; i++) { /* a network at home, each with an address */
        (void)snprintf(address, sizeof address, "192.168.1.%d", 2 + i % 50);
        ask(1, SENT_UPGRADE, address);
    }
    look(NOTICE_COUNT);
    see_times(&notices->evidence, 100,
              &(struct seen){.line = "GET /healthz HTTP/1.1", .peer = "10.0.0.2", .is_trusted = true});
    look(NOTICE_COUNT);
}

static void everybody_on_one_address_is_only_a_remark(void **state)
{
    (void)state;
    view.open_now = 19;
    ask(30, SENT_UPGRADE, "203.0.113.9");
    look(NOTICE_COUNT);
    view.open_now = 30;
    struct notice_state found = look(NOTICE_ONE_ADDRESS);
    assert_true(found.is_remark && !found.is_sure);
    assert_int_equal(found.count, 30);
    ask(1, SENT_UPGRADE, "192.0.2.1");
    look(NOTICE_COUNT);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int test_notices(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_proxy_that_drops_upgrades_is_noticed_named_and_told_once),
        TEST(it_goes_when_upgrades_come_through),
        TEST(it_goes_when_nothing_has_happened_for_a_window),
        TEST(while_it_lasts_the_log_is_told_again_after_a_long_time),
        TEST(a_person_with_a_browser_or_a_program_that_errs_is_no_proxy),
        TEST(a_strange_client_is_worth_a_remark_unless_it_is_everybody),
        TEST(pages_without_sockets_are_noticed_once_their_time_is_over),
        TEST(crawlers_and_closed_tabs_beside_others_who_chat_ring_no_bell),
        TEST(pages_that_plead_are_heard_at_once),
        TEST(pages_find_out_that_the_sockets_path_leads_elsewhere),
        TEST(what_explains_missing_sockets_is_noticed_instead),
        TEST(an_origin_that_is_refused_is_noticed),
        TEST(a_path_that_cuts_silence_is_noticed_with_its_seconds),
        TEST(a_network_of_clients_is_worth_a_remark_and_old_lessons_are_over),
        TEST(lessons_of_several_shards_about_one_path_are_one),
        TEST(a_proxy_that_is_not_trusted_is_noticed_by_what_it_says),
        TEST(a_stranger_who_claims_to_be_a_proxy_is_worth_a_remark),
        TEST(a_proxy_that_hides_its_clients_is_noticed),
        TEST(a_load_test_a_household_and_a_proxys_own_questions_ring_no_bell),
        TEST(everybody_on_one_address_is_only_a_remark),
    };

    return cmocka_run_group_tests_name("notices", tests, NULL, NULL);
}
