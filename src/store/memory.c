/* SPDX-License-Identifier: Apache-2.0 */
/* The engine that keeps everything in plain memory, for tests and for trying natter out: nothing survives the process,
 * nothing is bounded. One lock stands for the isolation of readers; a transaction holds what it would change aside
 * until its commit. */
#include "store/engine.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/table.h"
#include "store/record.h"

enum { USER_ID_BYTES_MAX = 64 }; /* store_user's are shorter */

struct memory_room {
    struct list_link staged; /* rooms with events of the open transaction */
    int64_t id;
    struct record *name; /* event.text: name, event.key: fold, event.mentions: members */
    char epoch[17];
    int64_t made_ms;
    int64_t active_ms;
    struct record **events; /* seq - 1 */
    size_t count, capacity;
    size_t committed; /* what readers may see */
    struct table keys;
};

struct memory_read {
    uint64_t seq;
    struct view key; /* in `bytes`: the room's id, the user's id */
    uint8_t bytes[];
};

struct removal {
    struct memory_room *room;
    uint64_t target;
};

struct memory_engine {
    struct engine engine;       /* first */
    pthread_mutex_t lock;       /* rooms and events: held while the writer changes them and while a reader looks */
    struct memory_room **rooms; /* id - 1 */
    size_t room_count, room_capacity;
    struct table folds;
    struct table users;  /* id → struct store_user */
    struct table reads;  /* room and user → struct memory_read */
    struct table joined; /* the same, of those who belong to rooms */
    struct list_link staged;
    struct removal *removals; /* texts that go with the commit */
    size_t removal_count, removal_capacity;
};

struct engine_reader {
    struct memory_engine *engine;
};

static struct memory_engine *memory_of(struct engine *engine)
{
    return (struct memory_engine *)(void *)engine;
}

static bool memory_log_has_fold(const void *value, struct view key)
{
    const struct memory_room *room = value;
    return view_equal(room->name->entry.event.key, key);
}

static bool user_has_id(const void *value, struct view key)
{
    const struct store_user *user = value;
    return view_equal(view_of_string(user->id), key);
}

static bool read_has_key(const void *value, struct view key)
{
    const struct memory_read *read = value;
    return view_equal(read->key, key);
}

static enum result fail_memory(struct engine *engine)
{
    (void)snprintf(engine->failure, sizeof engine->failure, "out of memory"); /* fits */
    return RESULT_NO_MEMORY;
}

static struct memory_room *room_get(struct memory_engine *engine, int64_t room_id)
{
    return room_id >= 1 && (uint64_t)room_id <= engine->room_count ? engine->rooms[room_id - 1] : NULL;
}

/* Room for one more in an array of pointers or small structs. False: no memory. */
static bool grow(void **array, size_t *capacity, size_t count, size_t size)
{
    if (count < *capacity)
        return true;
    size_t wanted = *capacity > 0 ? *capacity * 2 : 16;
    void *larger = realloc(*array, wanted * size);
    if (larger == NULL)
        return false;
    *array = larger;
    *capacity = wanted;
    return true;
}

/* ---- transaction ---- */

static enum result begin(struct engine *engine)
{
    (void)engine; /* every writing call keeps what is needed to go back */
    return RESULT_OK;
}

/* Only the text and the mark; nobody reads a JSON form here. */
static void forget_text(struct record *record)
{
    record->entry.event.text.size = 0;
    record->entry.event.mentions.size = 0;
    record->entry.event.is_deleted = true;
}

static void apply_removal(const struct removal *removal)
{
    for (size_t index = removal->target - 1; index < removal->room->count; index++) {
        struct record *record = removal->room->events[index];
        const struct event *event = &record->entry.event;
        if (event->seq == removal->target || (event->kind == EVENT_EDITED && event->target == removal->target))
            forget_text(record);
    }
}

static enum result commit(struct engine *base)
{
    struct memory_engine *engine = memory_of(base);
    (void)pthread_mutex_lock(&engine->lock); /* an ordinary lock, never held twice: cannot fail */
    for (size_t index = 0; index < engine->removal_count; index++)
        apply_removal(&engine->removals[index]);
    engine->removal_count = 0;
    list_each(&engine->staged, link, following) {
        struct memory_room *room = list_entry(link, struct memory_room, staged);
        list_remove(link);
        room->committed = room->count;
    }
    (void)pthread_mutex_unlock(&engine->lock);
    return RESULT_OK;
}

/* Comes only when memory has ended. Rooms, users and read positions stay, which is harmless: they are found again. */
static void rollback(struct engine *base)
{
    struct memory_engine *engine = memory_of(base);
    (void)pthread_mutex_lock(&engine->lock); /* see commit */
    engine->removal_count = 0;
    list_each(&engine->staged, link, following) {
        struct memory_room *room = list_entry(link, struct memory_room, staged);
        list_remove(link);
        while (room->count > room->committed) {
            struct record *record = room->events[--room->count];
            (void)table_remove(&room->keys, record->identity); /* the record itself */
            record_free(record);
        }
    }
    (void)pthread_mutex_unlock(&engine->lock);
}

static enum result probe(struct engine *engine)
{
    (void)engine; /* memory is there or it is not */
    return RESULT_OK;
}

/* ---- rooms ---- */

static enum result room_find(struct engine *base, struct view fold, struct engine_room *out_room)
{
    const struct memory_room *room = table_get(&memory_of(base)->folds, fold);
    if (room == NULL)
        return RESULT_NOT_FOUND;
    *out_room = (struct engine_room){
        .id = room->id,
        .name = room->name->entry.event.text,
        .members = room->name->entry.event.mentions,
        .first = 1, /* nothing ever goes */
        .seq = room->count,
        .messages = room->count > 0 ? room->events[room->count - 1]->entry.event.ordinal : 0,
        .at_ms = room->count > 0 ? room->events[room->count - 1]->entry.event.at_ms : room->made_ms,
        .active_ms = room->active_ms,
    };
    memcpy(out_room->epoch, room->epoch, sizeof room->epoch);
    return RESULT_OK;
}

static struct memory_room *memory_room_new(const struct store_room *shown, int64_t at_ms)
{
    struct memory_room *room = calloc(1, sizeof *room);
    struct event names = {.text = shown->name, .key = shown->fold, .mentions = shown->members};
    if (room == NULL)
        return NULL;
    room->name = record_new(&names, (struct view){0});
    if (room->name == NULL) {
        free(room);
        return NULL;
    }
    memcpy(room->epoch, shown->epoch, sizeof room->epoch);
    room->made_ms = room->active_ms = at_ms;
    list_init(&room->staged);
    table_init(&room->keys, SIZE_MAX, record_has_identity);
    return room;
}

static void memory_room_free(struct memory_room *room)
{
    for (size_t index = 0; index < room->count; index++)
        record_free(room->events[index]);
    free(room->events);
    table_done(&room->keys);
    record_free(room->name);
    free(room);
}

static enum result room_make(struct engine *base, const struct store_room *shown, int64_t at_ms, int64_t *out_id)
{
    struct memory_engine *engine = memory_of(base);
    struct memory_room *room = memory_room_new(shown, at_ms);
    if (room == NULL)
        return fail_memory(base);
    (void)pthread_mutex_lock(&engine->lock); /* see commit */
    bool has_place =
        grow((void **)&engine->rooms, &engine->room_capacity, engine->room_count, sizeof(struct memory_room *))
        && table_put(&engine->folds, room->name->entry.event.key, room) == RESULT_OK;
    if (has_place) {
        engine->rooms[engine->room_count++] = room;
        room->id = (int64_t)engine->room_count;
    }
    (void)pthread_mutex_unlock(&engine->lock);
    if (!has_place) {
        memory_room_free(room);
        return fail_memory(base);
    }
    *out_id = room->id;
    return RESULT_OK;
}

static enum result room_mark(struct engine *base, int64_t room_id, int64_t at_ms)
{
    struct memory_room *room = room_get(memory_of(base), room_id);
    check(room != NULL);
    room->active_ms = at_ms;
    return RESULT_OK;
}

static int compare_active(const void *left, const void *right)
{
    const struct memory_room *a = *(struct memory_room *const *)left;
    const struct memory_room *b = *(struct memory_room *const *)right;
    return (a->active_ms < b->active_ms) - (a->active_ms > b->active_ms);
}

static enum result rooms(struct engine *base, size_t max, engine_each_room *each, void *context)
{
    struct memory_engine *engine = memory_of(base);
    if (engine->room_count == 0)
        return RESULT_OK;
    struct memory_room **sorted = calloc(engine->room_count, sizeof(struct memory_room *));
    if (sorted == NULL)
        return fail_memory(base);
    memcpy(sorted, engine->rooms, engine->room_count * sizeof(struct memory_room *));
    qsort(sorted, engine->room_count, sizeof(struct memory_room *), compare_active);
    for (size_t index = 0, listed = 0; index < engine->room_count && listed < max; index++) {
        const struct memory_room *room = sorted[index];
        if (room->name->entry.event.mentions.size > 0)
            continue;
        listed++;
        struct store_room_row row = {
            .name = room->name->entry.event.text,
            .fold = room->name->entry.event.key,
            .seq = room->count,
            .at_ms = room->count > 0 ? room->events[room->count - 1]->entry.event.at_ms : room->made_ms,
        };
        each(context, &row);
    }
    free(sorted);
    return RESULT_OK;
}

/* ---- events ---- */

static enum result key_find(struct engine *base, int64_t room_id, const struct event *event, struct view identity,
                            uint64_t *out_seq, int64_t *out_at_ms)
{
    (void)event; /* the identity says it all */
    const struct memory_room *room = room_get(memory_of(base), room_id);
    check(room != NULL);
    const struct record *record = table_get(&room->keys, identity);
    if (record == NULL)
        return RESULT_NOT_FOUND;
    *out_seq = record->entry.event.seq;
    *out_at_ms = record->entry.event.at_ms;
    return RESULT_OK;
}

static enum result event_put(struct engine *base, int64_t room_id, const struct event *event, struct view identity)
{
    (void)identity; /* the record makes its own */
    struct memory_engine *engine = memory_of(base);
    struct memory_room *room = room_get(engine, room_id);
    check(room != NULL && event->seq == room->count + 1);
    struct record *record = record_new(event, (struct view){0});
    if (record == NULL)
        return fail_memory(base);
    (void)pthread_mutex_lock(&engine->lock); /* see commit */
    bool has_place = grow((void **)&room->events, &room->capacity, room->count, sizeof(struct record *))
                     && table_put(&room->keys, record->identity, record) == RESULT_OK;
    if (has_place)
        room->events[room->count++] = record;
    if (has_place && list_is_empty(&room->staged))
        list_add_last(&engine->staged, &room->staged);
    (void)pthread_mutex_unlock(&engine->lock);
    if (has_place)
        return RESULT_OK;
    record_free(record);
    return fail_memory(base);
}

static enum result event_get(struct engine *base, int64_t room_id, uint64_t seq, struct event *out_event)
{
    const struct memory_room *room = room_get(memory_of(base), room_id);
    if (room == NULL || seq == 0 || seq > room->count)
        return RESULT_NOT_FOUND;
    *out_event = room->events[seq - 1]->entry.event;
    return RESULT_OK;
}

static enum result text_remove(struct engine *base, int64_t room_id, uint64_t target)
{
    struct memory_engine *engine = memory_of(base);
    struct memory_room *room = room_get(engine, room_id);
    check(room != NULL);
    if (target == 0)
        return RESULT_OK;
    if (!grow((void **)&engine->removals, &engine->removal_capacity, engine->removal_count, sizeof(struct removal)))
        return fail_memory(base);
    engine->removals[engine->removal_count++] = (struct removal){.room = room, .target = target};
    return RESULT_OK;
}

static void walk(const struct memory_room *room, uint64_t from, uint64_t to, bool is_falling, engine_each_event *each,
                 void *context)
{
    if (from == 0)
        from = 1;
    if (to > room->committed)
        to = room->committed;
    if (from > to)
        return;
    for (uint64_t step = 0; step <= to - from; step++) {
        uint64_t seq = is_falling ? to - step : from + step;
        if (!each(context, &room->events[seq - 1]->entry.event))
            return;
    }
}

static enum result events(struct engine *base, int64_t room_id, uint64_t from, uint64_t to, bool is_falling,
                          engine_each_event *each, void *context)
{
    const struct memory_room *room = room_get(memory_of(base), room_id);
    if (room != NULL)
        walk(room, from, to, is_falling, each, context);
    return RESULT_OK;
}

/* ---- users and read positions ---- */

static enum result user_get(struct engine *base, struct view id, struct store_user *out_user)
{
    const struct store_user *user = table_get(&memory_of(base)->users, id);
    if (user == NULL)
        return RESULT_NOT_FOUND;
    *out_user = *user;
    return RESULT_OK;
}

static enum result user_put(struct engine *base, const struct store_user *given)
{
    struct memory_engine *engine = memory_of(base);
    struct store_user *known = table_get(&engine->users, view_of_string(given->id));
    if (known != NULL) {
        *known = *given; /* the same id: the table's key stays what it is */
        return RESULT_OK;
    }
    struct store_user *user = malloc(sizeof *user);
    if (user == NULL)
        return fail_memory(base);
    *user = *given;
    if (table_put(&engine->users, view_of_string(user->id), user) == RESULT_OK)
        return RESULT_OK;
    free(user);
    return fail_memory(base);
}

static struct memory_read *read_new(int64_t room_id, struct view user_id)
{
    struct memory_read *read = malloc(sizeof *read + sizeof room_id + user_id.size);
    if (read == NULL)
        return NULL;
    memcpy(read->bytes, &room_id, sizeof room_id);
    memcpy(read->bytes + sizeof room_id, user_id.at, user_id.size);
    read->key = view_of(read->bytes, sizeof room_id + user_id.size);
    read->seq = 0;
    return read;
}

/* In one of the tables of them; NULL: there is none. */
static struct memory_read *pair_get(const struct table *table, int64_t room_id, struct view user_id)
{
    uint8_t bytes[sizeof room_id + USER_ID_BYTES_MAX];
    check(user_id.size <= USER_ID_BYTES_MAX);
    memcpy(bytes, &room_id, sizeof room_id);
    memcpy(bytes + sizeof room_id, user_id.at, user_id.size);
    return table_get(table, view_of(bytes, sizeof room_id + user_id.size));
}

static enum result read_get(struct engine *base, int64_t room_id, struct view user_id, uint64_t *out_seq)
{
    const struct memory_read *read = pair_get(&memory_of(base)->reads, room_id, user_id);
    if (read == NULL)
        return RESULT_NOT_FOUND;
    *out_seq = read->seq;
    return RESULT_OK;
}

static enum result read_put(struct engine *base, int64_t room_id, struct view user_id, uint64_t seq)
{
    struct memory_engine *engine = memory_of(base);
    struct memory_read *known = pair_get(&engine->reads, room_id, user_id);
    if (known != NULL) {
        known->seq = seq > known->seq ? seq : known->seq;
        return RESULT_OK;
    }
    struct memory_read *read = read_new(room_id, user_id);
    if (read == NULL)
        return fail_memory(base);
    read->seq = seq;
    if (table_put(&engine->reads, read->key, read) == RESULT_OK)
        return RESULT_OK;
    free(read);
    return fail_memory(base);
}

static enum result joined_get(struct engine *base, int64_t room_id, struct view user_id, uint64_t *out_since)
{
    const struct memory_read *pair = pair_get(&memory_of(base)->joined, room_id, user_id);
    if (pair == NULL)
        return RESULT_NOT_FOUND;
    *out_since = pair->seq;
    return RESULT_OK;
}

static enum result joined_count(struct engine *base, struct view user_id, size_t max, size_t *out_count)
{
    size_t position = 0, count = 0;
    for (const struct memory_read *pair; count < max && (pair = table_next(&memory_of(base)->joined, &position));)
        count += view_equal(view_skip(pair->key, sizeof(int64_t)), user_id);
    *out_count = count;
    return RESULT_OK;
}

static enum result joined_put(struct engine *base, int64_t room_id, struct view user_id, uint64_t since)
{
    struct memory_engine *engine = memory_of(base);
    struct memory_read *pair = read_new(room_id, user_id);
    if (pair == NULL)
        return fail_memory(base);
    pair->seq = since;
    (void)pthread_mutex_lock(&engine->lock); /* see commit */
    enum result result = table_put(&engine->joined, pair->key, pair);
    (void)pthread_mutex_unlock(&engine->lock);
    if (result != RESULT_OK)
        free(pair);
    return result == RESULT_OK || result == RESULT_EXISTS ? RESULT_OK : fail_memory(base);
}

static enum result joined_remove(struct engine *base, int64_t room_id, struct view user_id)
{
    struct memory_engine *engine = memory_of(base);
    struct memory_read *pair = pair_get(&engine->joined, room_id, user_id);
    if (pair == NULL)
        return RESULT_OK;
    (void)pthread_mutex_lock(&engine->lock); /* see commit */
    free(table_remove(&engine->joined, pair->key));
    (void)pthread_mutex_unlock(&engine->lock);
    return RESULT_OK;
}

static bool does_name(const struct event *event, struct view user_id)
{
    for (size_t at = 0; at + EVENT_MENTION_BYTES <= event->mentions.size; at += EVENT_MENTION_BYTES) {
        if (view_equal(view_of(event->mentions.at + at, EVENT_MENTION_BYTES), user_id))
            return event->kind == EVENT_MESSAGE && !view_equal(event->user.id, user_id);
    }
    return false;
}

static enum result mentions_count(struct engine *base, int64_t room_id, struct view user_id, uint64_t after,
                                  uint64_t to, uint64_t *out_count)
{
    const struct memory_room *room = room_get(memory_of(base), room_id);
    uint64_t count = 0;
    for (size_t index = after; room != NULL && index < room->count && index < to; index++)
        count += does_name(&room->events[index]->entry.event, user_id);
    *out_count = count < STORE_MENTIONS_COUNTED_MAX ? count : STORE_MENTIONS_COUNTED_MAX;
    return RESULT_OK;
}

static enum result user_named(struct engine *base, int64_t room_id, struct view fold, char out_id[33])
{
    struct memory_engine *engine = memory_of(base);
    const struct store_user *found = NULL, *user;
    size_t position = 0;
    while ((user = table_next(&engine->users, &position)) != NULL) {
        bool fits = fold.size > 0 && view_equal(view_of_string(user->fold), fold)
                    && pair_get(&engine->joined, room_id, view_of_string(user->id)) != NULL;
        if (fits && (found == NULL || user->joined_ms > found->joined_ms))
            found = user;
    }
    if (found == NULL)
        return RESULT_NOT_FOUND;
    memcpy(out_id, found->id, sizeof found->id);
    return RESULT_OK;
}

/* ---- readers ---- */

static struct engine_reader *reader_new(struct engine *base)
{
    struct engine_reader *reader = calloc(1, sizeof *reader);
    if (reader != NULL)
        reader->engine = memory_of(base);
    return reader;
}

static void reader_free(struct engine_reader *reader)
{
    free(reader);
}

static enum result reader_begin(struct engine_reader *reader)
{
    (void)pthread_mutex_lock(&reader->engine->lock); /* see commit */
    return RESULT_OK;
}

static enum result reader_events(struct engine_reader *reader, int64_t room_id, uint64_t from, uint64_t to,
                                 bool is_falling, engine_each_event *each, void *context)
{
    return events(&reader->engine->engine, room_id, from, to, is_falling, each, context);
}

static enum result reader_user(struct engine_reader *reader, struct view id, struct store_user *out_user)
{
    return user_get(&reader->engine->engine, id, out_user);
}

static enum result reader_mine(struct engine_reader *reader, struct view user_id, size_t max, engine_each_mine *each,
                               void *context)
{
    struct memory_engine *engine = reader->engine;
    size_t position = 0, count = 0;
    for (const struct memory_read *pair; count < max && (pair = table_next(&engine->joined, &position));) {
        if (!view_equal(view_skip(pair->key, sizeof(int64_t)), user_id))
            continue;
        int64_t room_id;
        memcpy(&room_id, pair->bytes, sizeof room_id);
        const struct memory_room *room = room_get(engine, room_id);
        const struct memory_read *read = pair_get(&engine->reads, room_id, user_id);
        struct store_mine_row row = {
            .room = room->name->entry.event.text,
            .members = room->name->entry.event.mentions,
            .seq = room->committed,
        };
        row.read = read != NULL && read->seq > pair->seq ? read->seq : pair->seq;
        row.read = row.read < row.seq ? row.read : row.seq;
        uint64_t seen = row.read > 0 ? room->events[row.read - 1]->entry.event.ordinal : 0;
        row.unread = row.seq > 0 ? room->events[row.seq - 1]->entry.event.ordinal - seen : 0;
        (void)mentions_count(&engine->engine, room_id, user_id, row.read, row.seq, &row.mentions); /* never fails */
        each(context, &row);
        count++;
    }
    return RESULT_OK;
}

static void reader_end(struct engine_reader *reader)
{
    (void)pthread_mutex_unlock(&reader->engine->lock);
}

/* ---- life ---- */

static enum result reopen(struct engine *engine)
{
    engine->is_trusted = true;
    return RESULT_OK;
}

static enum result start(struct engine *engine)
{
    (void)engine; /* needs no thread */
    return RESULT_OK;
}

static void stop(struct engine *engine)
{
    (void)engine; /* has no thread */
}

static uint64_t maintain(struct engine *engine, uint64_t now_ms)
{
    (void)engine; /* nothing gathers */
    (void)now_ms;
    return UINT64_MAX;
}

static void free_values(struct table *table)
{
    size_t position = 0;
    for (void *value; (value = table_next(table, &position)) != NULL;)
        free(value);
    table_done(table);
}

static void engine_free(struct engine *base)
{
    struct memory_engine *engine = memory_of(base);
    for (size_t index = 0; index < engine->room_count; index++)
        memory_room_free(engine->rooms[index]);
    free_values(&engine->users);
    free_values(&engine->reads);
    free_values(&engine->joined);
    table_done(&engine->folds);
    free(engine->rooms);
    free(engine->removals);
    (void)pthread_mutex_destroy(&engine->lock); /* nobody holds it */
    free(engine);
}

static const struct engine_calls memory_calls = {
    .free = engine_free,
    .reopen = reopen,
    .start = start,
    .stop = stop,
    .maintain = maintain,
    .begin = begin,
    .commit = commit,
    .rollback = rollback,
    .probe = probe,
    .room_find = room_find,
    .room_make = room_make,
    .room_mark = room_mark,
    .rooms = rooms,
    .key_find = key_find,
    .event_put = event_put,
    .event_get = event_get,
    .text_remove = text_remove,
    .events = events,
    .user_get = user_get,
    .user_put = user_put,
    .read_get = read_get,
    .read_put = read_put,
    .joined_get = joined_get,
    .joined_count = joined_count,
    .joined_put = joined_put,
    .joined_remove = joined_remove,
    .mentions_count = mentions_count,
    .user_named = user_named,
    .reader_new = reader_new,
    .reader_free = reader_free,
    .reader_begin = reader_begin,
    .reader_events = reader_events,
    .reader_user = reader_user,
    .reader_mine = reader_mine,
    .reader_end = reader_end,
};

enum result memory_engine_new(struct store_counters *counters, struct engine **out_engine)
{
    struct memory_engine *engine = calloc(1, sizeof *engine);
    if (engine == NULL)
        return RESULT_NO_MEMORY;
    engine->engine = (struct engine){.calls = &memory_calls, .counters = counters, .is_trusted = true};
    (void)pthread_mutex_init(&engine->lock, NULL); /* with default attributes it only fails on other systems */
    table_init(&engine->folds, SIZE_MAX, memory_log_has_fold);
    table_init(&engine->users, SIZE_MAX, user_has_id);
    table_init(&engine->reads, SIZE_MAX, read_has_key);
    table_init(&engine->joined, SIZE_MAX, read_has_key);
    list_init(&engine->staged);
    *out_engine = &engine->engine;
    return RESULT_OK;
}
