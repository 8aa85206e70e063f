/* SPDX-License-Identifier: Apache-2.0 */
#include "store_test.h"

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/sqlite.h"

static void a_deleted_text_is_gone_from_the_file(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture, false);
    struct store_room *room = must_open(&fixture, "lobby");
    char long_text[9000]; /* more than one page */
    memset(long_text, 'x', sizeof long_text - 1);
    long_text[sizeof long_text - 1] = '\0';
    memcpy(long_text + 6000, "long secret", 11);
    (void)say(&fixture, room, "k1", "short secret");
    struct event events[] = {message_of("k2", long_text), edit_of("k3", 1, "edited secret"),
                             message_of("k4", "bystander"), delete_of("k5", 1), delete_of("k6", 2)};
    for (size_t index = 0; index < COUNT(events); index++) {
        assert_int_equal(append(&fixture, room, &events[index], 0), RESULT_OK);
        turn_all(&fixture);
    }
    fixture_close(&fixture); /* copies the log of changes back and removes it */
    assert_false(fixture_file_holds(&fixture, "natter.db-wal", "secret"));
    assert_true(fixture_file_holds(&fixture, "natter.db", "bystander"));
    assert_false(fixture_file_holds(&fixture, "natter.db", "secret"));
    fixture_done(&fixture);
}

static void a_deleted_text_leaves_the_log_of_changes_of_a_live_store(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture, false);
    struct store_room *room = must_open(&fixture, "lobby");
    (void)say(&fixture, room, "k1", "short secret");
    struct event removal = delete_of("k2", 1);
    assert_int_equal(append(&fixture, room, &removal, 0), RESULT_OK);
    turn_all(&fixture);
    assert_true(fixture_file_holds(&fixture, "natter.db-wal", "secret"));
    struct sqlite_engine *engine = sqlite_of(fixture.store->engine);
    assert_true(engine->checkpoint.is_purge_due);
    engine->checkpoint.purge_due_ms = 0; /* the time has come */
    fixture.store->maintain_due_ms = 0;
    turn_all(&fixture);
    assert_false(engine->checkpoint.is_purge_due);
    assert_false(fixture_file_holds(&fixture, "natter.db-wal", "secret"));
    assert_false(fixture_file_holds(&fixture, "natter.db", "secret"));
    fixture_done(&fixture);
}

static void its_files_are_the_owners_alone(void **state)
{
    (void)state;
    static const char *const names[] = {"natter.db", "natter.db-wal", "natter.db-shm"};
    struct fixture fixture;
    mode_t mask = umask(0);
    fixture_init(&fixture, false);
    (void)say(&fixture, must_open(&fixture, "lobby"), "k1", "x");
    (void)umask(mask);
    for (size_t index = 0; index < COUNT(names); index++) {
        struct stat status;
        assert_int_equal(stat(fixture_path(&fixture, names[index]), &status), 0);
        assert_int_equal(status.st_mode & 0777, 0600);
    }
    fixture_close(&fixture);
    assert_int_equal(chmod(fixture_path(&fixture, "natter.db"), 0644), 0);
    assert_int_equal(store_open(&fixture.options, &fixture.events, &fixture.store), RESULT_REFUSED);
    assert_non_null(strstr(fixture.last_line, "chmod 600"));
    fixture.store = NULL;
    fixture_done(&fixture);
}

static void hostile_text_is_only_data(void **state)
{
    (void)state;
    static const char *const texts[] = {"'); DROP TABLE events; --", "\"", "%s%n", "\x01\x1f\x7f",
                                        "\xf0\x9f\x98\x80",          ""};
    struct fixture fixture;
    fixture_init(&fixture, false);
    struct store_room *room = must_open(&fixture, "'; DELETE FROM rooms; --");
    for (size_t index = 0; index < COUNT(texts); index++) {
        char key[8];
        (void)snprintf(key, sizeof key, "'%zu", index);
        (void)say(&fixture, room, key, texts[index]);
    }
    fixture_close(&fixture);
    fixture_open(&fixture);
    room = must_open(&fixture, "'; DELETE FROM rooms; --");
    assert_int_equal(room->seq_committed, COUNT(texts));
    struct event found;
    for (size_t index = 0; index < COUNT(texts); index++) {
        assert_int_equal(store_event_get(fixture.store, room, index + 1, &found), RESULT_OK);
        assert_true(view_equal(found.text, view_of_string(texts[index])));
    }
    fixture_done(&fixture);
}

static void all_fields_of_an_event_return(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture, false);
    fixture.options.recent_events_max = 1;
    fixture_close(&fixture);
    fixture_open(&fixture);
    struct store_room *room = must_open(&fixture, "lobby");
    const struct event events[] = {
        {.kind = EVENT_MESSAGE,
         .user = {VIEW("u1"), VIEW("ada")},
         .key = VIEW("a"),
         .text = VIEW("one"),
         .reply_to = 77},
        {.kind = EVENT_EDITED, .user = {VIEW("u2"), VIEW("bob")}, .key = VIEW("b"), .text = VIEW("two"), .target = 1},
        {.kind = EVENT_REACTION,
         .user = {VIEW("u3"), VIEW("eve")},
         .key = VIEW("c"),
         .text = VIEW("+1"),
         .target = 1,
         .is_on = true},
        {.kind = EVENT_REACTION, .user = {VIEW("u3"), VIEW("eve")}, .key = VIEW("d"), .text = VIEW("+1"), .target = 1},
        {.kind = EVENT_DELETED, .user = {VIEW("u4"), VIEW("mod")}, .key = VIEW("e"), .target = 4},
        {.kind = EVENT_MESSAGE,
         .user = {VIEW("u1"), VIEW("ada")},
         .key = VIEW("f"),
         .text = VIEW("last"),
         .mentions = VIEW("aaaaaaaaaaaaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbbbbbbbbbbb")},
    };
    for (size_t index = 0; index < COUNT(events); index++) {
        assert_int_equal(append(&fixture, room, &events[index], 0), RESULT_OK);
        turn_all(&fixture);
    }
    for (size_t index = 0; index < COUNT(events); index++) {
        struct event found;
        const struct event *event = &events[index];
        assert_int_equal(store_event_get(fixture.store, room, index + 1, &found), RESULT_OK);
        assert_int_equal(found.kind, event->kind);
        assert_int_equal(found.is_on, event->is_on);
        assert_int_equal(found.is_deleted, index == 3);
        assert_int_equal(found.target, event->target);
        assert_int_equal(found.reply_to, event->reply_to);
        assert_int_equal(found.at_ms, fixture.told[index].at_ms);
        assert_true(view_equal(found.user.id, event->user.id));
        assert_true(view_equal(found.user.name, event->user.name));
        assert_true(view_equal(found.key, event->key));
        assert_true(view_equal(found.text, index == 3 ? VIEW("") : event->text));
        assert_true(view_equal(found.mentions, event->mentions));
    }
    fixture_done(&fixture);
}

/* ---- kill -9 ---- */

enum { CRASH_BATCH = 7, CRASH_ROUNDS = 12, CRASH_TEXTS = 60 };

static int acknowledge_to = -1;

static void write_acknowledged(struct fixture *fixture, struct store_room *room)
{
    (void)fixture; /* the room says it */
    uint64_t seq = room->seq_committed;
    if (write(acknowledge_to, &seq, sizeof seq) != (ssize_t)sizeof seq)
        _exit(3);
}

static void append_for_ever(const struct store_options *options)
{
    struct fixture fixture = {0};
    fixture.options = *options;
    fixture.events.context = &fixture;
    struct fixture model;
    fixture_init(&model, true); /* for its notices only */
    fixture.events = model.events;
    fixture.events.context = &model;
    model.committed = write_acknowledged;
    if (store_open(&fixture.options, &fixture.events, &model.store) != RESULT_OK)
        _exit(2);
    struct store_room *room = must_open(&model, "lobby");
    for (uint64_t number = room->seq_committed;;) {
        for (int index = 0; index < CRASH_BATCH; index++) {
            char key[32];
            (void)snprintf(key, sizeof key, "k%llu", (unsigned long long)++number);
            struct event event = message_of(key, key);
            if (append(&model, room, &event, 1) != RESULT_OK)
                _exit(4);
        }
        (void)store_turn(model.store);
        model.told_count = 0;
    }
}

/* Reads what the child acknowledged, kills it after some, and reads the rest that was already on its way. */
static uint64_t kill_while_it_appends(const struct fixture *fixture, int acknowledgements)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        (void)close(ends[0]);
        acknowledge_to = ends[1];
        append_for_ever(&fixture->options);
    }
    (void)close(ends[1]);
    uint64_t newest = 0, seq;
    for (int index = 0; index < acknowledgements; index++) {
        assert_int_equal(read(ends[0], &seq, sizeof seq), sizeof seq);
        newest = seq;
    }
    assert_int_equal(kill(child, SIGKILL), 0);
    while (read(ends[0], &seq, sizeof seq) == (ssize_t)sizeof seq)
        newest = seq;
    (void)close(ends[0]);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    return newest;
}

static void a_killed_process_loses_nothing_that_it_acknowledged(void **state)
{
    (void)state;
    static const enum store_durability levels[] = {STORE_DURABLE_POWER, STORE_DURABLE_PROCESS};
    for (size_t level = 0; level < COUNT(levels); level++) {
        struct fixture fixture;
        fixture_init(&fixture, false);
        fixture_close(&fixture);
        fixture.options.durability = levels[level];
        fixture.options.wal_bytes_max = 64 * 1024; /* so that checkpoints are hit as well */
        for (int round = 1; round <= CRASH_ROUNDS; round++) {
            uint64_t acknowledged = kill_while_it_appends(&fixture, 5 + round * 7 % 40);
            fixture_open(&fixture);
            struct store_room *room = must_open(&fixture, "lobby");
            assert_true(room->seq_committed >= acknowledged);
            assert_int_equal(room->seq_committed % CRASH_BATCH, 0); /* whole batches only */
            struct event found;
            for (uint64_t seq = 1; seq <= room->seq_committed; seq++) {
                char key[32];
                (void)snprintf(key, sizeof key, "k%llu", (unsigned long long)seq);
                assert_int_equal(store_event_get(fixture.store, room, seq, &found), RESULT_OK);
                assert_true(view_equal(found.text, view_of_string(key)));
                uint64_t known = 0;
                int64_t at_ms;
                assert_int_equal(store_key_find(fixture.store, room, VIEW("u1"), view_of_string(key), &known, &at_ms),
                                 RESULT_OK);
                assert_int_equal(known, seq);
            }
            fixture_close(&fixture);
            assert_int_equal(fixture_sql_number(
                                 &fixture, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'"),
                             1);
            assert_int_equal(fixture_sql_number(&fixture, "SELECT max(seq) - count(*) FROM events"), 0);
        }
        fixture_done(&fixture);
    }
}

int test_sqlite(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_deleted_text_is_gone_from_the_file),
        cmocka_unit_test(a_deleted_text_leaves_the_log_of_changes_of_a_live_store),
        cmocka_unit_test(its_files_are_the_owners_alone),
        cmocka_unit_test(hostile_text_is_only_data),
        cmocka_unit_test(all_fields_of_an_event_return),
        cmocka_unit_test(a_killed_process_loses_nothing_that_it_acknowledged),
    };
    return cmocka_run_group_tests_name("sqlite", tests, NULL, NULL);
}
