/* SPDX-License-Identifier: Apache-2.0 */
#include "store_test.h"

#include <sqlite3.h>
#include <unistd.h>

#include "base/diag.h"
#include "os/random.h"

static void note_line(void *context, const char *line)
{
    struct fixture *fixture = context;
    (void)snprintf(fixture->last_line, sizeof fixture->last_line, "%s", line);
    fixture->line_count++;
}

static void copy(char *out, size_t capacity, struct view text)
{
    size_t size = text.size < capacity ? text.size : capacity - 1;
    if (size > 0)
        memcpy(out, text.at, size);
    out[size] = '\0';
}

static void note(struct fixture *fixture, const struct store_room *room, const struct store_entry *entry,
                 enum result why)
{
    assert_true(fixture->told_count < TOLD_MAX);
    assert_ptr_equal(entry->room, room);
    struct told *told = &fixture->told[fixture->told_count++];
    *told = (struct told){
        .seq = entry->event.seq,
        .at_ms = entry->event.at_ms,
        .kind = entry->event.kind,
        .is_duplicate = entry->is_duplicate,
        .is_refused = why != RESULT_OK,
        .why = why,
        .ticket = (uintptr_t)entry->ticket,
    };
    copy(told->room, sizeof told->room, room->fold);
    copy(told->key, sizeof told->key, entry->event.key);
    copy(told->text, sizeof told->text, entry->event.text);
    copy(told->json, sizeof told->json, entry->json);
}

static void on_visit(void *context, const struct letter *letter)
{
    struct fixture *fixture = context;
    if (fixture->visit != NULL)
        fixture->visit(fixture, letter);
}

static void on_committed(void *context, struct store_room *room, struct list_link *entries)
{
    struct fixture *fixture = context;
    list_each(entries, link, following) {
        const struct store_entry *entry = list_entry(link, struct store_entry, link);
        assert_int_equal(entry->json.size > 0, !entry->is_duplicate);
        note(fixture, room, entry, RESULT_OK);
    }
    assert_int_equal(room->seq_committed, room->seq_staged);
    recent_check(room->recent);
    if (fixture->committed != NULL)
        fixture->committed(fixture, room);
}

static void on_refused(void *context, struct store_room *room, struct list_link *entries, enum result why)
{
    assert_int_not_equal(why, RESULT_OK);
    assert_int_equal(room->seq_committed, room->seq_staged);
    list_each(entries, link, following)
        note(context, room, list_entry(link, struct store_entry, link), why);
}

static int on_turned(void *context)
{
    struct fixture *fixture = context;
    fixture->turned_count++;
    return fixture->turned_answer;
}

void fixture_open(struct fixture *fixture)
{
    assert_int_equal(store_open(&fixture->options, &fixture->events, &fixture->store), RESULT_OK);
}

void fixture_init(struct fixture *fixture, bool is_in_memory)
{
    static bool has_seed;
    static const uint8_t secret[16] = "sixteen letters";
    if (!has_seed) {
        os_random_init();
        table_seed(secret);
        has_seed = true;
    }
    *fixture = (struct fixture){
        .options =
            {
                .durability = STORE_DURABLE_POWER,
                .queue_letters = 1024,
                .batch_letters_max = 256,
                .recent_events_max = 8,
                .recent_bytes_max = 1 << 20,
                .recent_total_max = 64 * 1024 * 1024,
                .reader_threads = 2,
                .reader_jobs_max = 64,
                .wal_bytes_max = 1 << 20,
                .keys_recent_max = 64, /* small, so that every test sees the index as well */
            },
        .events = {.context = fixture,
                   .visit = on_visit,
                   .committed = on_committed,
                   .refused = on_refused,
                   .turned = on_turned},
        .turned_answer = -1,
    };
    fixture->told = calloc(TOLD_MAX, sizeof *fixture->told);
    assert_non_null(fixture->told);
    if (!is_in_memory) {
        (void)snprintf(fixture->folder, sizeof fixture->folder, "/tmp/natter-store-XXXXXX");
        assert_non_null(mkdtemp(fixture->folder));
        fixture->options.folder = fixture->folder;
    }
    diag_set_sink(note_line, fixture);
    fixture_open(fixture);
}

void fixture_close(struct fixture *fixture)
{
    if (fixture->store == NULL)
        return;
    store_stop(fixture->store);
    store_free(fixture->store);
    fixture->store = NULL;
}

void fixture_done(struct fixture *fixture)
{
    fixture_close(fixture);
    static const char *const names[] = {"natter.db", "natter.db-wal", "natter.db-shm", "natter.db-journal", "lock"};
    if (fixture->folder[0] != '\0') {
        for (size_t index = 0; index < COUNT(names); index++)
            (void)unlink(fixture_path(fixture, names[index]));
        assert_int_equal(rmdir(fixture->folder), 0);
    }
    free(fixture->told);
    diag_set_sink(NULL, NULL);
}

const char *fixture_path(const struct fixture *fixture, const char *name)
{
    static char paths[4][128];
    static unsigned next;
    char *path = paths[next++ % 4];
    (void)snprintf(path, sizeof paths[0], "%s/%s", fixture->folder, name);
    return path;
}

bool fixture_file_holds(const struct fixture *fixture, const char *name, const char *bytes)
{
    FILE *file = fopen(fixture_path(fixture, name), "rb");
    if (file == NULL)
        return false;
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    size_t size = (size_t)ftell(file);
    rewind(file);
    char *content = malloc(size + 1);
    assert_non_null(content);
    assert_int_equal(fread(content, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
    bool is_there = memmem(content, size, bytes, strlen(bytes)) != NULL;
    free(content);
    return is_there;
}

void fixture_sql(const struct fixture *fixture, const char *sql)
{
    sqlite3 *database;
    assert_int_equal(sqlite3_open(fixture_path(fixture, "natter.db"), &database), SQLITE_OK);
    assert_int_equal(sqlite3_exec(database, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(database), SQLITE_OK);
}

int64_t fixture_sql_number(const struct fixture *fixture, const char *sql)
{
    sqlite3 *database;
    sqlite3_stmt *statement;
    assert_int_equal(sqlite3_open(fixture_path(fixture, "natter.db"), &database), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(database, sql, -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    int64_t number = sqlite3_column_int64(statement, 0);
    assert_int_equal(sqlite3_finalize(statement), SQLITE_OK);
    assert_int_equal(sqlite3_close(database), SQLITE_OK);
    return number;
}

enum result try_open(struct fixture *fixture, const char *name, bool may_make, struct store_room **out_room)
{
    struct view view = view_of_string(name);
    return store_room_open(fixture->store, view, view, name[0] == '~', may_make, out_room);
}

struct store_room *must_open(struct fixture *fixture, const char *name)
{
    struct store_room *room = NULL;
    assert_int_equal(try_open(fixture, name, true, &room), RESULT_OK);
    return room;
}

static struct event event_of(enum event_kind kind, const char *key)
{
    return (struct event){.kind = kind, .user = {.id = VIEW("u1"), .name = VIEW("ada")}, .key = view_of_string(key)};
}

struct event message_of(const char *key, const char *text)
{
    struct event event = event_of(EVENT_MESSAGE, key);
    event.text = view_of_string(text);
    return event;
}

struct event edit_of(const char *key, uint64_t target, const char *text)
{
    struct event event = event_of(EVENT_EDITED, key);
    event.target = target;
    event.text = view_of_string(text);
    return event;
}

struct event delete_of(const char *key, uint64_t target)
{
    struct event event = event_of(EVENT_DELETED, key);
    event.target = target;
    return event;
}

enum result append(struct fixture *fixture, struct store_room *room, const struct event *event, uintptr_t ticket)
{
    return store_append(fixture->store, room, event, (void *)ticket);
}

const struct told *say(struct fixture *fixture, struct store_room *room, const char *key, const char *text)
{
    struct event event = message_of(key, text);
    size_t before = fixture->told_count;
    assert_int_equal(append(fixture, room, &event, before + 1), RESULT_OK);
    turn_all(fixture);
    assert_int_equal(fixture->told_count, before + 1);
    return &fixture->told[before];
}

void turn_all(struct fixture *fixture)
{
    while (store_turn(fixture->store)) {
    }
}

struct reading {
    struct store_job job;
    int64_t room_id;
    uint64_t to;
    enum result result;
    struct builder text;
};

static bool add_read(void *context, const struct event *event)
{
    struct reading *reading = context;
    builder_format(&reading->text, "%s%llu:", reading->text.size > 0 ? " " : "", (unsigned long long)event->seq);
    builder_add_view(&reading->text, event->text);
    return true;
}

static void run_reading(struct store_job *job, struct store_snapshot *snapshot)
{
    struct reading *reading = (struct reading *)(void *)job;
    reading->result = RESULT_FAILED;
    if (snapshot != NULL)
        reading->result = store_snapshot_events(snapshot, reading->room_id, 1, reading->to, false, add_read, reading);
}

const char *read_all(struct fixture *fixture, const struct store_room *room)
{
    return read_up_to(fixture, room, UINT64_MAX);
}

const char *read_up_to(struct fixture *fixture, const struct store_room *room, uint64_t to)
{
    static char text[65536];
    struct reading reading = {.job.run = run_reading, .room_id = room->id, .to = to};
    builder_init(&reading.text, sizeof text - 1);
    assert_int_equal(store_job_post(fixture->store, &reading.job), RESULT_OK);
    assert_int_equal(reading.result, RESULT_OK);
    assert_true(builder_ok(&reading.text));
    copy(text, sizeof text, builder_view(&reading.text));
    builder_done(&reading.text);
    return text;
}
