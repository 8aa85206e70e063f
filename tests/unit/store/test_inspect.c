/* SPDX-License-Identifier: Apache-2.0 */
#include "store/inspect.h"

#include <sys/stat.h>
#include <unistd.h>

#include "os/clock.h"
#include "store_test.h"

static void add_room(void *context, const struct inspected_room *room)
{
    char *text = context;
    size_t used = strlen(text);
    (void)snprintf(text + used, 256 - used, "%.*s:%llu ", (int)room->name.size, (const char *)room->name.at,
                   (unsigned long long)room->seq);
}

static bool add_event(void *context, const struct event *event)
{
    char *text = context;
    size_t used = strlen(text);
    (void)snprintf(text + used, 256 - used, "%llu:%.*s ", (unsigned long long)event->seq, (int)event->text.size,
                   (const char *)event->text.at);
    return true;
}

static void check_content(const struct fixture *fixture, const char *epoch)
{
    struct inspection *inspection;
    struct inspected_room room;
    char text[256] = "";
    assert_int_equal(inspect_open(fixture->folder, &inspection), RESULT_OK);
    assert_int_equal(inspect_rooms(inspection, add_room, text), RESULT_OK);
    assert_string_equal(text, "lobby:3 attic:0 ");
    assert_int_equal(inspect_room(inspection, VIEW("nowhere"), &room), RESULT_NOT_FOUND);
    assert_int_equal(inspect_room(inspection, VIEW("lobby"), &room), RESULT_OK);
    assert_int_equal(room.seq, 3);
    assert_string_equal(room.epoch, epoch);
    assert_true(view_equal(room.name, VIEW("lobby")));
    text[0] = '\0';
    assert_int_equal(inspect_events(inspection, room.id, 2, UINT64_MAX, add_event, text), RESULT_OK);
    assert_string_equal(text, "2:two 3:three ");
    inspect_close(inspection);
}

static void a_folder_is_read_beside_a_live_store_and_after_it(void **state)
{
    (void)state;
    struct fixture fixture;
    char epoch[17];
    fixture_init(&fixture, false);
    (void)must_open(&fixture, "attic");
    turn_all(&fixture);
    struct store_room *room = must_open(&fixture, "lobby");
    room->at_ms_last = os_clock_wall_ms() + 1000000; /* later than the attic, also within one millisecond */
    memcpy(epoch, room->epoch, sizeof epoch);
    (void)say(&fixture, room, "a", "one");
    (void)say(&fixture, room, "b", "two");
    (void)say(&fixture, room, "c", "three");
    check_content(&fixture, epoch);
    struct event staged = message_of("d", "four");
    assert_int_equal(append(&fixture, room, &staged, 0), RESULT_OK);
    check_content(&fixture, epoch); /* also while it writes */
    turn_all(&fixture);
    assert_int_equal(room->seq_committed, 4);
    fixture_sql(&fixture, "DELETE FROM events WHERE seq = 4");
    fixture_close(&fixture);
    check_content(&fixture, epoch);
    assert_int_equal(chmod(fixture.folder, 0500), 0);
    check_content(&fixture, epoch); /* where nothing can be written */
    assert_int_equal(chmod(fixture.folder, 0700), 0);
    fixture_done(&fixture);
}

static void a_folder_without_a_database_is_said_to_be_one(void **state)
{
    (void)state;
    struct fixture fixture;
    struct inspection *inspection;
    fixture_init(&fixture, false);
    fixture_close(&fixture);
    assert_int_equal(unlink(fixture_path(&fixture, "natter.db")), 0);
    fixture.line_count = 0;
    assert_int_equal(inspect_open(fixture.folder, &inspection), RESULT_NOT_FOUND);
    assert_int_equal(fixture.line_count, 1);
    assert_int_not_equal(access(fixture_path(&fixture, "natter.db"), F_OK), 0); /* and none is made */
    inspect_close(NULL);
    fixture_done(&fixture);
}

static void a_newer_database_is_refused_in_one_line(void **state)
{
    (void)state;
    struct fixture fixture;
    struct inspection *inspection;
    fixture_init(&fixture, false);
    fixture_close(&fixture);
    fixture_sql(&fixture, "PRAGMA user_version = 99");
    fixture.line_count = 0;
    assert_int_equal(inspect_open(fixture.folder, &inspection), RESULT_INVALID);
    assert_int_equal(fixture.line_count, 1);
    assert_non_null(strstr(fixture.last_line, "newer natter"));
    fixture_done(&fixture);
}

int test_inspect(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_folder_is_read_beside_a_live_store_and_after_it),
        cmocka_unit_test(a_folder_without_a_database_is_said_to_be_one),
        cmocka_unit_test(a_newer_database_is_refused_in_one_line),
    };
    return cmocka_run_group_tests_name("inspect", tests, NULL, NULL);
}
