/* SPDX-License-Identifier: Apache-2.0 */
/* The rooms' logs, event by event, in pages. Of an earlier page only the last seq and time are remembered; what an
 * event is about is looked up. The log only grows at its end, and is cut at its begin, so pages of different snapshots
 * fit together. */
#include "store/record.h"
#include "store/verify_inside.h"
#include "wire/utf8.h"

#define EVENTS_OF_PAGE                                                                                               \
    "SELECT " SQLITE_EVENT_COLUMNS ", key_hash FROM events WHERE room = ?1 AND seq > ?2 AND seq <= ?3 ORDER BY seq " \
    "LIMIT ?4"

/* The room at work. */
struct log_check {
    struct verify *verify;
    int64_t room_id;
    struct view room;
    uint64_t first;       /* what comes before it is gone, as it should be */
    uint64_t seq, newest; /* read so far, and where to stop */
    int64_t at_ms;
    uint64_t ordinal;
    sqlite3_stmt *page, *target, *deletion, *mention, *begin;
};

#define FAULT(log, event, ...) verify_fault((log)->verify, (log)->room, (event)->seq, __VA_ARGS__)

/* What is missing may have gone of age since the room was begun with. True: the log begins later now. */
static bool has_moved_on(struct log_check *log)
{
    (void)sqlite3_reset(log->begin); /* repeats the code of the step before */
    (void)sqlite3_bind_int64(log->begin, 1, log->room_id);
    if (!verify_row(log->verify, log->begin) || (uint64_t)sqlite3_column_int64(log->begin, 0) <= log->first)
        return false;
    log->first = (uint64_t)sqlite3_column_int64(log->begin, 0);
    return true;
}

static void check_order(struct log_check *log, const struct event *event)
{
    uint64_t expected = log->seq + 1;
    if (event->seq > expected && has_moved_on(log) && expected < log->first)
        expected = log->first;
    if (event->seq > expected + 1)
        verify_fault(log->verify, log->room, expected, "events %llu to %llu are missing", (unsigned long long)expected,
                     (unsigned long long)event->seq - 1);
    else if (event->seq > expected)
        verify_fault(log->verify, log->room, expected, "event %llu is missing", (unsigned long long)expected);
    if (event->at_ms < log->at_ms)
        FAULT(log, event, "its time is %lld ms before that of the event before it",
              (long long)(log->at_ms - event->at_ms));
    else
        log->at_ms = event->at_ms;
    log->seq = event->seq;
}

/* A row that is not what the writer writes. */
static void check_form(struct log_check *log, const struct event *event)
{
    if (event->kind < EVENT_MESSAGE || event->kind > EVENT_REACTION)
        FAULT(log, event, "there is no kind of event with the number %d", (int)event->kind);
    if (event->user.id.size == 0)
        FAULT(log, event, "it has no author");
    if (event->key.size == 0)
        FAULT(log, event, "it has no key");
    if (!utf8_is_valid(event->text))
        FAULT(log, event, "its text is not UTF-8");
    if (event->kind != EVENT_MESSAGE && event->target == 0)
        FAULT(log, event, "it does not say what it is about");
    if (event->kind == EVENT_MESSAGE && event->target != 0)
        FAULT(log, event, "it is a message, and is said to be about event %llu", (unsigned long long)event->target);
    if (event->mentions.size % EVENT_MENTION_BYTES != 0)
        FAULT(log, event, "its list of mentions is not made of ids");
    if (event->mentions.size > 0 && event->kind != EVENT_MESSAGE && event->kind != EVENT_EDITED)
        FAULT(log, event, "it has no text, and is said to name somebody");
    if (event->is_deleted && event->text.size + event->mentions.size > 0)
        FAULT(log, event, "it was deleted, and its text is still there");
}

/* Unread messages are counted by these; events of before they were kept have none. */
static void check_ordinal(struct log_check *log, const struct event *event, bool is_next)
{
    bool is_kept = is_next && sqlite3_column_type(log->page, 12) != SQLITE_NULL;
    uint64_t expected = log->ordinal + (event->kind == EVENT_MESSAGE);
    if (is_kept && event->ordinal != expected)
        FAULT(log, event, "it is filed as the end of %llu messages, and there are %llu",
              (unsigned long long)event->ordinal, (unsigned long long)expected);
    log->ordinal = event->ordinal;
}

/* A retry finds its first event by this number; with a wrong one it would make a second. */
static void check_key(struct log_check *log, const struct event *event, int64_t key_hash)
{
    struct verify *verify = log->verify;
    if (event->user.id.size > UINT8_MAX)
        return; /* no such user exists, and check_form cannot know */
    record_identity(&verify->identity, event);
    if ((int64_t)sqlite_keys_hash(verify->hash_key, log->room_id, event->key, builder_view(&verify->identity))
        != key_hash)
        FAULT(log, event, "it is filed under another key than its own: a retry would be taken twice");
}

static bool look_up(struct log_check *log, sqlite3_stmt *statement, uint64_t seq)
{
    (void)sqlite3_reset(statement); /* repeats the code of the step before */
    (void)sqlite3_bind_int64(statement, 1, log->room_id);
    sqlite_bind_u64(statement, 2, seq);
    return verify_row(log->verify, statement);
}

/* It is there, or was before the log's begin. */
static bool is_there(struct log_check *log, uint64_t seq)
{
    if (seq < log->first || look_up(log, log->target, seq))
        return true;
    return has_moved_on(log) && seq < log->first;
}

static void check_reply(struct log_check *log, const struct event *event)
{
    if (event->reply_to == 0)
        return;
    if (event->reply_to >= event->seq)
        FAULT(log, event, "it replies to event %llu, which does not come before it",
              (unsigned long long)event->reply_to);
    else if (!is_there(log, event->reply_to))
        FAULT(log, event, "it replies to event %llu, which is not there", (unsigned long long)event->reply_to);
}

static void check_target(struct log_check *log, const struct event *event)
{
    unsigned long long target = event->target;
    if (event->target >= event->seq) {
        FAULT(log, event, "it is about event %llu, which does not come before it", target);
        return;
    }
    if (!is_there(log, event->target)) {
        FAULT(log, event, "it is about event %llu, which is not there", target);
        return;
    }
    if (event->target < log->first)
        return; /* nothing is known of it any more */
    bool is_message = sqlite3_column_int(log->target, 0) == EVENT_MESSAGE;
    bool is_deleted = sqlite3_column_int(log->target, 1) != 0;
    if (!is_message)
        FAULT(log, event, "it is about event %llu, which is not a message", target);
    else if (event->kind == EVENT_DELETED && !is_deleted)
        FAULT(log, event, "it deletes message %llu, which is not marked as deleted", target);
    else if (event->kind == EVENT_EDITED && event->is_deleted != is_deleted)
        FAULT(log, event, "it edits message %llu, and one of the two is marked as deleted and the other is not",
              target);
}

static void check_marked(struct log_check *log, const struct event *event)
{
    if (event->kind == EVENT_MESSAGE && event->is_deleted && !look_up(log, log->deletion, event->seq))
        FAULT(log, event, "it is marked as deleted, and no event deletes it");
}

/* What waits for whom is counted by the table beside the log. */
static void check_mentions(struct log_check *log, const struct event *event)
{
    if (event->kind != EVENT_MESSAGE)
        return;
    for (size_t at = 0; at + EVENT_MENTION_BYTES <= event->mentions.size; at += EVENT_MENTION_BYTES) {
        struct view id = view_of(event->mentions.at + at, EVENT_MENTION_BYTES);
        if (view_equal(id, event->user.id))
            continue;
        sqlite_bind_view(log->mention, 3, id);
        if (!look_up(log, log->mention, event->seq))
            FAULT(log, event, "it names user %.*s, who is not told that it waits", (int)id.size, (const char *)id.at);
        (void)sqlite3_reset(log->mention); /* the id is of this row only */
    }
}

static void check_event(struct log_check *log)
{
    struct event event;
    sqlite_row_event(log->page, &event);
    bool is_next = event.seq == log->seq + 1;
    check_order(log, &event);
    check_form(log, &event);
    check_key(log, &event, sqlite3_column_int64(log->page, 13));
    check_ordinal(log, &event, is_next);
    check_mentions(log, &event);
    check_reply(log, &event);
    if (event.kind != EVENT_MESSAGE && event.target > 0)
        check_target(log, &event);
    check_marked(log, &event);
    log->verify->summary.events++;
}

/* False: there was nothing more. The snapshot of the page ends with it. */
static bool check_page(struct log_check *log)
{
    uint64_t before = log->seq;
    uint64_t events = log->verify->summary.events;
    (void)sqlite3_bind_int64(log->page, 1, log->room_id);
    sqlite_bind_u64(log->page, 2, log->seq);
    sqlite_bind_u64(log->page, 3, log->newest);
    (void)sqlite3_bind_int(log->page, 4, VERIFY_PAGE_EVENTS);
    while (verify_row(log->verify, log->page))
        check_event(log);
    (void)sqlite3_reset(log->page); /* repeats the code of the step */
    (void)sqlite3_reset(log->target);
    (void)sqlite3_reset(log->deletion);
    (void)sqlite3_reset(log->begin);
    verify_progress(log->verify, log->verify->summary.events);
    return log->seq > before && log->verify->summary.events > events;
}

static void check_room(struct log_check *log)
{
    while (log->seq < log->newest && check_page(log)) {
    }
}

/* The room after that one, and where its log ends now. The name is copied: no statement may stay open. */
static bool next_room(struct log_check *log, sqlite3_stmt *rooms)
{
    struct builder *name = &log->verify->name;
    (void)sqlite3_bind_int64(rooms, 1, log->room_id);
    bool is_there = verify_row(log->verify, rooms);
    if (is_there) {
        builder_clear(name);
        builder_add_view(name, sqlite_column_view(rooms, 1));
        log->room_id = sqlite3_column_int64(rooms, 0);
        log->room = builder_view(name);
        log->newest = (uint64_t)sqlite3_column_int64(rooms, 2);
        log->seq = (uint64_t)sqlite3_column_int64(rooms, 3) - 1;
        log->first = log->seq + 1;
        log->at_ms = 0;
        log->ordinal = (uint64_t)sqlite3_column_int64(rooms, 4);
    }
    (void)sqlite3_reset(rooms); /* repeats the code of the step */
    return is_there;
}

void verify_events(struct verify *verify)
{
    struct log_check log = {.verify = verify, .room_id = INT64_MIN};
    sqlite3_stmt *rooms = verify_prepare(
        verify, "SELECT id, name, coalesce((SELECT max(seq) FROM events WHERE room = rooms.id), 0), first_seq, "
                "gone_messages FROM rooms WHERE "
                "id > ?1 ORDER BY id LIMIT 1");
    log.page = verify_prepare(verify, EVENTS_OF_PAGE);
    log.target = verify_prepare(verify, "SELECT kind, is_deleted FROM events WHERE room = ?1 AND seq = ?2");
    log.deletion =
        verify_prepare(verify, "SELECT 1 FROM events WHERE room = ?1 AND target = ?2 AND target > 0 AND kind = 3");
    log.mention = verify_prepare(verify, "SELECT 1 FROM mentions WHERE room = ?1 AND seq = ?2 AND user = ?3");
    log.begin = verify_prepare(verify, "SELECT first_seq FROM rooms WHERE id = ?1");
    while (rooms && log.page && log.target && log.deletion && log.mention && log.begin && next_room(&log, rooms))
        check_room(&log);
    (void)sqlite3_finalize(rooms); /* these repeat the code of the step */
    (void)sqlite3_finalize(log.page);
    (void)sqlite3_finalize(log.target);
    (void)sqlite3_finalize(log.deletion);
    (void)sqlite3_finalize(log.mention);
    (void)sqlite3_finalize(log.begin);
}
