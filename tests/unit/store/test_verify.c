/* SPDX-License-Identifier: Apache-2.0 */
/* A sound database, made by the store itself, is damaged in one way at a time with SQL; each damage must be named. */
#include "store/verify.h"

#include "store/verify_inside.h"
#include "store_test.h"

enum { FAULTS_MAX = 128 };

struct seen {
    char check[32], room[32], text[256];
    uint64_t seq;
};

struct findings {
    struct seen faults[FAULTS_MAX];
    size_t count;
    size_t progress_count;
    struct verify_summary summary;
};

static void copy_view(char *out, size_t capacity, struct view text)
{
    (void)snprintf(out, capacity, "%.*s", (int)text.size, (const char *)text.at);
}

static void note_fault(void *context, const struct verify_fault *fault)
{
    struct findings *findings = context;
    assert_true(findings->count < FAULTS_MAX);
    struct seen *seen = &findings->faults[findings->count++];
    (void)snprintf(seen->check, sizeof seen->check, "%s", fault->check);
    copy_view(seen->room, sizeof seen->room, fault->room);
    copy_view(seen->text, sizeof seen->text, fault->text);
    seen->seq = fault->seq;
}

static void note_progress(void *context, const char *check, uint64_t done, uint64_t total)
{
    struct findings *findings = context;
    assert_true(strlen(check) > 0 && done <= total);
    findings->progress_count++;
}

/* The fixture's rooms are their own folds. */
static bool fold(struct view name, struct builder *out)
{
    builder_add_view(out, name);
    return true;
}

static void look(const struct fixture *fixture, struct findings *findings)
{
    const struct verify_options options = {
        .fold = fold, .fault = note_fault, .progress = note_progress, .context = findings};
    memset(findings, 0, sizeof *findings);
    assert_int_equal(verify_run(fixture->folder, &options, &findings->summary), RESULT_OK);
    assert_int_equal(findings->summary.faults, findings->count);
}

static void must_append(struct fixture *fixture, struct store_room *room, struct event event)
{
    assert_int_equal(append(fixture, room, &event, 0), RESULT_OK);
    turn_all(fixture);
}

/* lobby: 1 and 2 messages, 3 a reaction to 2, 4 an edit of 1, 5 the deletion of 1, 6 a reply to 2, 7 and 8 messages.
 * attic: 1 and 2 messages. */
static void make_sound(struct fixture *fixture)
{
    struct store_user ada = {.id = "ada", .name = "Ada", .joined_ms = 1};
    struct event reaction = message_of("k3", "+1");
    struct event reply = message_of("k6", "six");
    fixture_init(fixture, false);
    struct store_room *lobby = must_open(fixture, "lobby");
    struct store_room *attic = must_open(fixture, "attic");
    must_append(fixture, lobby, message_of("0190163d-8694-739b-aea5-966c26f8ad91", "one"));
    must_append(fixture, lobby, message_of("k2", "two"));
    reaction.kind = EVENT_REACTION;
    reaction.target = 2;
    reaction.is_on = true;
    must_append(fixture, lobby, reaction);
    must_append(fixture, lobby, edit_of("k4", 1, "uno"));
    must_append(fixture, lobby, delete_of("k5", 1));
    reply.reply_to = 2;
    must_append(fixture, lobby, reply);
    must_append(fixture, lobby, message_of("k7", "seven"));
    must_append(fixture, lobby, message_of("k8", "eight"));
    must_append(fixture, attic, message_of("k2", "the same key in another room"));
    must_append(fixture, attic, message_of("k3", "two"));
    assert_int_equal(store_user_put(fixture->store, &ada), RESULT_OK);
    assert_int_equal(store_read_put(fixture->store, lobby, VIEW("ada"), 8), RESULT_OK);
    turn_all(fixture);
}

static void expect_sound(const struct findings *findings)
{
    if (findings->count > 0)
        fail_msg("%s: %s", findings->faults[0].check, findings->faults[0].text);
    assert_int_equal(findings->summary.rooms, 2);
    assert_int_equal(findings->summary.events, 10);
    assert_true(findings->progress_count >= 7);
}

static void a_sound_database_has_no_fault_live_or_at_rest(void **state)
{
    (void)state;
    struct fixture fixture;
    struct findings findings;
    make_sound(&fixture);
    look(&fixture, &findings);
    expect_sound(&findings);
    struct store_room *room = must_open(&fixture, "cellar");
    struct event staged = message_of("k1", "not yet committed");
    assert_int_equal(append(&fixture, room, &staged, 0), RESULT_OK);
    look(&fixture, &findings); /* while a transaction is open */
    expect_sound(&findings);
    turn_all(&fixture);
    fixture_close(&fixture);
    look(&fixture, &findings);
    assert_int_equal(findings.count, 0);
    assert_int_equal(findings.summary.events, 11);
    fixture_done(&fixture);
}

#define LOBBY "room = (SELECT id FROM rooms WHERE fold = 'lobby') AND "

static const struct damage {
    const char *name, *sql;
    struct seen expected; /* text: a part of it */
} damages[] = {
    {"an event is lost", "DELETE FROM events WHERE " LOBBY "seq = 7", {"events", "lobby", "event 7 is missing", 7}},
    {"several events are lost",
     "DELETE FROM events WHERE " LOBBY "seq IN (6, 7)",
     {"events", "lobby", "events 6 to 7 are missing", 6}},
    {"the first event is lost",
     "DELETE FROM events WHERE room = (SELECT id FROM rooms WHERE fold = 'attic') AND seq = 1",
     {"events", "attic", "event 1 is missing", 1}},
    {"time goes back",
     "UPDATE events SET at_ms = at_ms - 5000 WHERE " LOBBY "seq = 8",
     {"events", "lobby", "ms before that of the event before it", 8}},
    {"a key is another",
     "UPDATE events SET key = 'else' WHERE " LOBBY "seq = 7",
     {"events", "lobby", "filed under another key", 7}},
    {"the index has another number",
     "UPDATE events SET key_hash = key_hash + 1 WHERE " LOBBY "seq = 1",
     {"events", "lobby", "filed under another key", 1}},
    {"a key is there twice",
     "UPDATE events SET (key, key_hash) = (SELECT key, key_hash FROM events WHERE " LOBBY "seq = 7) WHERE " LOBBY
     "seq = 8",
     {"keys", "lobby", "has the key of event 7 once more", 8}},
    {"a target comes later",
     "UPDATE events SET target = 8 WHERE " LOBBY "seq = 3",
     {"events", "lobby", "event 8, which does not come before it", 3}},
    {"a target is lost",
     "DELETE FROM events WHERE " LOBBY "seq = 2",
     {"events", "lobby", "about event 2, which is not there", 3}},
    {"a target is no message",
     "UPDATE events SET target = 3 WHERE " LOBBY "seq = 4",
     {"events", "lobby", "event 3, which is not a message", 4}},
    {"a target is not named",
     "UPDATE events SET target = 0 WHERE " LOBBY "seq = 3",
     {"events", "lobby", "does not say what it is about", 3}},
    {"a message has a target",
     "UPDATE events SET target = 1 WHERE " LOBBY "seq = 7",
     {"events", "lobby", "is said to be about event 1", 7}},
    {"a reply comes before its message",
     "UPDATE events SET reply_to = 8 WHERE " LOBBY "seq = 6",
     {"events", "lobby", "replies to event 8, which does not come before it", 6}},
    {"a deleted text is back",
     "UPDATE events SET text = 'one' WHERE " LOBBY "seq = 1",
     {"events", "lobby", "its text is still there", 1}},
    {"an edit of a deleted text is back",
     "UPDATE events SET text = 'uno', is_deleted = 0 WHERE " LOBBY "seq = 4",
     {"events", "lobby", "one of the two is marked as deleted", 4}},
    {"a deletion did not reach its message",
     "UPDATE events SET is_deleted = 0 WHERE " LOBBY "seq = 1",
     {"events", "lobby", "which is not marked as deleted", 5}},
    {"a text is gone that nobody deleted",
     "UPDATE events SET is_deleted = 1, text = '' WHERE " LOBBY "seq = 7",
     {"events", "lobby", "no event deletes it", 7}},
    {"a kind is unknown",
     "UPDATE events SET kind = 9 WHERE " LOBBY "seq = 7",
     {"events", "lobby", "no kind of event with the number 9", 7}},
    {"an author is lost", "UPDATE events SET user = '' WHERE " LOBBY "seq = 7", {"events", "lobby", "no author", 7}},
    {"a text is broken",
     "UPDATE events SET text = CAST(x'61c328' AS TEXT) WHERE " LOBBY "seq = 7",
     {"events", "lobby", "not UTF-8", 7}},
    {"a room is filed wrongly",
     "UPDATE rooms SET fold = 'lobbi' WHERE fold = 'lobby'",
     {"rooms", "lobby", "should be under \"lobby\"", 0}},
    {"an epoch is none", "UPDATE rooms SET epoch = 'x' WHERE fold = 'attic'", {"rooms", "attic", "epoch", 0}},
    {"a mark of activity is old",
     "UPDATE rooms SET active_ms = 0 WHERE fold = 'attic'",
     {"rooms", "attic", "older than its newest event", 0}},
    {"a room is lost", "DELETE FROM rooms WHERE fold = 'attic'", {"references", "", "a row of rooms that is not", 0}},
    {"an old event is still there",
     "UPDATE rooms SET first_seq = 2 WHERE fold = 'attic'",
     {"retention", "attic", "it is still there, and the room begins at 2", 1}},
    {"a size is wrong",
     "INSERT INTO room_sizes SELECT id, 2, 7 FROM rooms WHERE fold = 'attic'",
     {"retention", "attic", "its size is written down as 7 bytes", 0}},
    {"somebody read ahead", "UPDATE reads SET seq = 9", {"reads", "lobby", "has read up to 9", 0}},
    {"a user has no name", "UPDATE users SET name = ''", {"users", "", "no name", 0}},
    {"the secret is lost", "DELETE FROM settings WHERE name = 'hash_key'", {"file", "", "secret", 0}},
    {"an index is lost",
     "PRAGMA writable_schema = ON; DELETE FROM sqlite_schema WHERE name = 'events_by_target'",
     {"file", "", "the file is damaged", 0}},
};

static void expect_named(const struct damage *damage, const struct findings *findings)
{
    const struct seen *expected = &damage->expected;
    for (size_t index = 0; index < findings->count; index++) {
        const struct seen *seen = &findings->faults[index];
        if (strcmp(seen->check, expected->check) == 0 && strcmp(seen->room, expected->room) == 0
            && seen->seq == expected->seq && strstr(seen->text, expected->text) != NULL)
            return;
    }
    for (size_t index = 0; index < findings->count; index++)
        print_message("  %s %s #%llu: %s\n", findings->faults[index].check, findings->faults[index].room,
                      (unsigned long long)findings->faults[index].seq, findings->faults[index].text);
    fail_msg("not named: %s", damage->name);
}

static void read_file(const struct fixture *fixture, struct builder *out)
{
    uint8_t bytes[4096];
    FILE *file = fopen(fixture_path(fixture, "natter.db"), "rb");
    assert_non_null(file);
    for (size_t size; (size = fread(bytes, 1, sizeof bytes, file)) > 0;)
        builder_add(out, bytes, size);
    assert_int_equal(fclose(file), 0);
    assert_true(builder_ok(out) && out->size > 0);
}

static void write_file(const struct fixture *fixture, const struct builder *bytes)
{
    (void)remove(fixture_path(fixture, "natter.db-wal")); /* it may not be there */
    (void)remove(fixture_path(fixture, "natter.db-shm"));
    FILE *file = fopen(fixture_path(fixture, "natter.db"), "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes->at, 1, bytes->size, file), bytes->size);
    assert_int_equal(fclose(file), 0);
}

/* The database is made once, and put back before each damage. */
static void each_damage_is_named(void **state)
{
    (void)state;
    struct fixture fixture;
    struct findings findings;
    struct builder sound;
    builder_init(&sound, SIZE_MAX);
    make_sound(&fixture);
    fixture_close(&fixture);
    read_file(&fixture, &sound);
    for (size_t index = 0; index < COUNT(damages); index++) {
        write_file(&fixture, &sound);
        fixture_sql(&fixture, damages[index].sql);
        look(&fixture, &findings);
        expect_named(&damages[index], &findings);
    }
    write_file(&fixture, &sound);
    look(&fixture, &findings);
    expect_sound(&findings);
    builder_done(&sound);
    fixture_done(&fixture);
}

/* Two thirds of the keys are in the index, the others in key_log. */
static const struct damage key_damages[] = {
    {"the index lacks an entry", "DELETE FROM keys WHERE event = 3", {"keys", "lobby", "key cannot be found", 3}},
    {"an entry of the index has another number",
     "UPDATE keys SET hash = hash + 1 WHERE event = 3",
     {"keys", "lobby", "key cannot be found", 3}},
    {"an entry of the index is there once more under another number",
     "INSERT INTO keys (hash, event) SELECT hash + 1, event FROM keys WHERE event = 4",
     {"keys", "", "leads to row 4 of events", 0}},
    {"an entry of the index leads nowhere",
     "INSERT INTO keys (hash, event) VALUES (7, 100000)",
     {"keys", "", "leads to row 100000 of events", 0}},
    {"a row of key_log is lost",
     "DELETE FROM key_log WHERE first = (SELECT max(first) FROM key_log)",
     {"keys", "lobby", "key cannot be found", 150}},
    {"a row of key_log is another's",
     "UPDATE key_log SET hashes = zeroblob(8) WHERE first = 149",
     {"keys", "lobby", "key cannot be found", 149}},
    {"a row of key_log is cut",
     "UPDATE key_log SET hashes = substr(hashes, 1, 5) WHERE first = 150",
     {"keys", "", "row 150 of key_log is cut", 0}},
    {"key_log lists what is not there",
     "INSERT INTO key_log (first, hashes) VALUES (151, zeroblob(8))",
     {"keys", "", "key_log lists row 151", 0}},
    {"two rows of key_log list one event",
     "UPDATE key_log SET hashes = zeroblob(16) WHERE first = 149",
     {"keys", "", "row 150 of key_log lists what", 0}},
    {"the mark of the index is ahead",
     "UPDATE settings SET value = 150 WHERE name = 'keys_done'",
     {"keys", "lobby", "key cannot be found", 150}},
    {"the mark of the index is lost",
     "DELETE FROM settings WHERE name = 'keys_done'",
     {"keys", "", "the mark of how far", 0}},
};

static void make_keys(struct fixture *fixture)
{
    fixture_init(fixture, false);
    struct store_room *room = must_open(fixture, "lobby");
    for (int number = 1; number <= 150; number++) {
        char key[16];
        (void)snprintf(key, sizeof key, "k%d", number);
        must_append(fixture, room, message_of(key, "x"));
    }
    assert_true(fixture_sql_number(fixture, "SELECT count(*) FROM keys") > 10);
    fixture_close(fixture);
}

static void each_damage_to_the_keys_is_named(void **state)
{
    (void)state;
    struct fixture fixture;
    struct findings findings;
    struct builder sound;
    builder_init(&sound, SIZE_MAX);
    make_keys(&fixture);
    read_file(&fixture, &sound);
    for (size_t index = 0; index < COUNT(key_damages); index++) {
        write_file(&fixture, &sound);
        look(&fixture, &findings);
        assert_int_equal(findings.count, 0);
        fixture_sql(&fixture, key_damages[index].sql);
        look(&fixture, &findings);
        expect_named(&key_damages[index], &findings);
    }
    builder_done(&sound);
    fixture_done(&fixture);
}

/* An index that is gone is told in a hundred faults, not in one for each event. */
static void a_lost_index_is_told_shortly(void **state)
{
    (void)state;
    static struct findings findings;
    struct fixture fixture;
    make_keys(&fixture);
    fixture_sql(&fixture, "DELETE FROM keys; UPDATE settings SET value = 150 WHERE name = 'keys_done'");
    look(&fixture, &findings);
    assert_int_equal(findings.count, 101);
    assert_non_null(strstr(findings.faults[100].text, "50 more events"));
    fixture_done(&fixture);
}

/* Numbers may be shared by different keys: many such events cost a join, not a pass each; and where the key is the same
 * as well each is named. */
static void many_events_may_share_their_numbers(void **state)
{
    (void)state;
    static struct findings findings;
    struct fixture fixture;
    fixture_init(&fixture, false);
    struct store_room *room = must_open(&fixture, "lobby");
    for (int number = 1; number <= 40; number++) {
        char key[16];
        (void)snprintf(key, sizeof key, "k%d", number);
        must_append(&fixture, room, message_of(key, "x"));
    }
    fixture_close(&fixture);
    fixture_sql(&fixture, "UPDATE events SET (key, key_hash) = (SELECT key, key_hash FROM events o WHERE o.seq = "
                          "events.seq - 20) WHERE seq > 20");
    look(&fixture, &findings);
    size_t twice = 0;
    for (size_t index = 0; index < findings.count; index++)
        twice += strstr(findings.faults[index].text, "once more here") != NULL;
    assert_int_equal(twice, 20);
    fixture_sql(&fixture, "UPDATE events SET key = 'other' || seq WHERE seq > 20");
    look(&fixture, &findings);
    for (size_t index = 0; index < findings.count; index++)
        assert_null(strstr(findings.faults[index].text, "once more here"));
    fixture_done(&fixture);
}

static void a_file_with_broken_pages_is_a_fault_and_no_crash(void **state)
{
    (void)state;
    struct fixture fixture;
    struct findings findings;
    uint8_t zeroes[4096] = {0};
    make_sound(&fixture);
    fixture_close(&fixture);
    int64_t page_bytes = fixture_sql_number(&fixture, "PRAGMA page_size");
    int64_t root = fixture_sql_number(&fixture, "SELECT rootpage FROM sqlite_schema WHERE name = 'events'");
    FILE *file = fopen(fixture_path(&fixture, "natter.db"), "r+b");
    assert_non_null(file);
    assert_int_equal(fseek(file, (long)((root - 1) * page_bytes), SEEK_SET), 0);
    assert_int_equal(fwrite(zeroes, 1, sizeof zeroes, file), sizeof zeroes);
    assert_int_equal(fclose(file), 0);
    look(&fixture, &findings);
    assert_true(findings.count > 0);
    assert_non_null(strstr(findings.faults[0].text, "the file"));
    fixture_done(&fixture);
}

static void long_rooms_are_read_in_pages(void **state)
{
    (void)state;
    struct fixture fixture;
    struct findings findings;
    fixture_init(&fixture, false);
    struct store_room *room = must_open(&fixture, "lobby");
    for (int number = 0; number < 2 * VERIFY_PAGE_EVENTS + 7; number++) {
        char key[16];
        (void)snprintf(key, sizeof key, "k%d", number);
        struct event event = message_of(key, "x");
        assert_int_equal(append(&fixture, room, &event, 0), RESULT_OK);
        if (number % 4000 == 3999) {
            turn_all(&fixture);
            fixture.told_count = 0;
        }
    }
    turn_all(&fixture);
    fixture_close(&fixture);
    look(&fixture, &findings);
    assert_int_equal(findings.count, 0);
    assert_int_equal(findings.summary.events, 2 * VERIFY_PAGE_EVENTS + 7);
    fixture_sql(&fixture, "DELETE FROM events WHERE seq IN (10000, 10001, 20000)"); /* at the seams */
    look(&fixture, &findings);
    /* And each key leads nowhere: from the index, from the list of the newest, or from both while it moves over. */
    assert_in_range(findings.count, 2 + 3, 2 + 3 + 3);
    assert_string_equal(findings.faults[0].text, "events 10000 to 10001 are missing");
    assert_string_equal(findings.faults[1].text, "event 20000 is missing");
    fixture_done(&fixture);
}

static void every_check_has_a_name_and_words(void **state)
{
    (void)state;
    const char *name, *text;
    size_t count = 0;
    while (verify_check_at(count, &name, &text)) {
        assert_true(strlen(name) > 0 && strlen(text) > 0);
        count++;
    }
    assert_true(count >= 7);
}

static void what_is_no_database_is_said_to_be_none(void **state)
{
    (void)state;
    struct fixture fixture;
    struct findings findings = {0};
    const struct verify_options options = {.fault = note_fault, .context = &findings};
    fixture_init(&fixture, false);
    fixture_close(&fixture);
    assert_int_equal(remove(fixture_path(&fixture, "natter.db")), 0);
    assert_int_equal(verify_run(fixture.folder, &options, &findings.summary), RESULT_NOT_FOUND);
    fixture_done(&fixture);
}

int test_verify(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sound_database_has_no_fault_live_or_at_rest),
        cmocka_unit_test(each_damage_is_named),
        cmocka_unit_test(each_damage_to_the_keys_is_named),
        cmocka_unit_test(a_lost_index_is_told_shortly),
        cmocka_unit_test(many_events_may_share_their_numbers),
        cmocka_unit_test(a_file_with_broken_pages_is_a_fault_and_no_crash),
        cmocka_unit_test(long_rooms_are_read_in_pages),
        cmocka_unit_test(every_check_has_a_name_and_words),
        cmocka_unit_test(what_is_no_database_is_said_to_be_none),
    };
    return cmocka_run_group_tests_name("verify", tests, NULL, NULL);
}
