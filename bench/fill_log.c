/* SPDX-License-Identifier: Apache-2.0 */
/* Makes a database with one large room, by the store itself and so in its true form:
 *
 *     fill_log FOLDER ROOM EVENTS USER
 *
 * The message of seq n has the key "grown-n" and is by USER (an id as a token carries it) where n is divisible by 100;
 * other keys are random, as strangers draw them. Some messages are edited or reacted to. The same arguments give the
 * same texts. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/table.h"
#include "os/random.h"
#include "store/store.h"

enum {
    BATCH_MAX = 4096,
    USERS = 200,
    OWN_EVERY = 100,
    EDIT_EVERY = 97,
    REACTION_EVERY = 13,
    WORDS_MIN = 3,
    WORDS_RANGE = 30,
    RECENT_BYTES = 1 << 20,
};

static const char *const words[] = {
    "the",   "boat",     "leaves", "at",    "nine",   "and",    "nobody", "has", "seen",   "my",   "keys",
    "since", "Tuesday",  "so",     "we",    "could",  "take",   "a",      "bus", "if",     "it",   "rains",
    "again", "tomorrow", "bring",  "bread", "please", "thanks", "who",    "is",  "coming", "to",   "dinner",
    "maybe", "later",    "I",      "think", "that",   "works",  "for",    "me",  "too",    "über", "naïve",
};

struct filling {
    uint64_t random;
    char user_id[40], user_name[24];
    char key[48];
    char text[512];
};

/* xorshift64: fast, and the same everywhere. */
static uint64_t draw(struct filling *filling)
{
    filling->random ^= filling->random << 13;
    filling->random ^= filling->random >> 7;
    filling->random ^= filling->random << 17;
    return filling->random;
}

static void draw_text(struct filling *filling)
{
    size_t size = 0;
    uint64_t count = WORDS_MIN + draw(filling) % WORDS_RANGE * (draw(filling) % WORDS_RANGE) / WORDS_RANGE;
    for (uint64_t word = 0; word < count; word++) {
        const char *next = words[draw(filling) % (sizeof words / sizeof words[0])];
        size += (size_t)snprintf(filling->text + size, sizeof filling->text - size, "%s%s", word > 0 ? " " : "", next);
    }
}

/* An edit or a reaction is about the event before it, if that is a message. */
static enum event_kind kind_at(uint64_t seq)
{
    bool is_own = seq % OWN_EVERY == 0;
    bool is_edit = !is_own && seq % EDIT_EVERY == 0;
    bool is_reaction = !is_own && !is_edit && seq % REACTION_EVERY == 0;
    if (seq < 2 || (!is_edit && !is_reaction) || kind_at(seq - 1) != EVENT_MESSAGE)
        return EVENT_MESSAGE;
    return is_edit ? EVENT_EDITED : EVENT_REACTION;
}

static struct event event_at(struct filling *filling, uint64_t seq, const char *own_id)
{
    uint64_t user = draw(filling) % USERS;
    bool is_own = seq % OWN_EVERY == 0;
    struct event event = {.kind = kind_at(seq)};
    if (event.kind != EVENT_MESSAGE)
        event.target = seq - 1;
    event.is_on = event.kind == EVENT_REACTION;
    draw_text(filling);
    if (is_own)
        (void)snprintf(filling->user_id, sizeof filling->user_id, "%s", own_id);
    else
        (void)snprintf(filling->user_id, sizeof filling->user_id, "writer%020llu", (unsigned long long)user);
    (void)snprintf(filling->user_name, sizeof filling->user_name, "writer %llu", (unsigned long long)user);
    if (is_own)
        (void)snprintf(filling->key, sizeof filling->key, "grown-%llu", (unsigned long long)seq);
    else
        (void)snprintf(filling->key, sizeof filling->key, "%016llx%016llx", (unsigned long long)draw(filling),
                       (unsigned long long)draw(filling));
    event.user = (struct user_view){view_of_string(filling->user_id), view_of_string(filling->user_name)};
    event.key = view_of_string(filling->key);
    event.text = event.kind == EVENT_REACTION ? VIEW("👍") : view_of_string(filling->text);
    return event;
}

static void on_visit(void *context, const struct letter *letter)
{
    (void)context;
    (void)letter;
}

static void on_committed(void *context, struct store_room *room, struct list_link *entries)
{
    (void)context;
    (void)room;
    (void)entries;
}

static void on_refused(void *context, struct store_room *room, struct list_link *entries, enum result why)
{
    (void)context;
    (void)room;
    (void)entries;
    (void)fprintf(stderr, "fill_log: the store refused a batch: %s\n", result_text(why));
    exit(EXIT_FAILURE);
}

static int on_turned(void *context)
{
    (void)context;
    return -1;
}

static const struct store_events nobody = {
    .visit = on_visit, .committed = on_committed, .refused = on_refused, .turned = on_turned};

static bool fill(struct store *store, const char *room_name, uint64_t count, const char *own_id)
{
    static struct filling filling = {.random = 0x9e3779b97f4a7c15u};
    struct view name = view_of_string(room_name);
    struct store_room *room = NULL;
    if (store_room_open(store, name, name, false, true, &room) != RESULT_OK)
        return false;
    for (uint64_t seq = room->seq_committed + 1; seq <= count; seq++) {
        struct event event = event_at(&filling, seq, own_id);
        if (store_append(store, room, &event, NULL) != RESULT_OK)
            return false;
        if (seq % BATCH_MAX == 0 || seq == count)
            (void)store_turn(store);
    }
    return true;
}

int main(int count, char **arguments)
{
    if (count != 5) {
        (void)fprintf(stderr, "usage: fill_log FOLDER ROOM EVENTS USER\n");
        return 2;
    }
    static const uint8_t secret[16] = "sixteen letters";
    os_random_init();
    table_seed(secret); /* the rooms' table; nobody chooses names here */
    const struct store_options options = {
        .folder = arguments[1],
        .durability = STORE_DURABLE_PROCESS,
        .queue_letters = 64,
        .batch_letters_max = BATCH_MAX,
        .recent_events_max = 1,
        .recent_bytes_max = RECENT_BYTES,
        .recent_total_max = RECENT_BYTES,
        .reader_threads = 1,
        .reader_jobs_max = 1,
        .wal_bytes_max = 64 << 20,
        .keys_recent_max = 262144,
    };
    struct store *store;
    if (store_open(&options, &nobody, &store) != RESULT_OK)
        return EXIT_FAILURE;
    bool is_filled = fill(store, arguments[2], strtoull(arguments[3], NULL, 10), arguments[4]);
    store_free(store);
    return is_filled ? EXIT_SUCCESS : EXIT_FAILURE;
}
