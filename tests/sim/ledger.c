/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/check.h"
#include "memory.h"
#include "serve/config.h"
#include "server.h"
#include "world.h"

enum { INTENTS_MAX = 20000, EVENT_BYTES_MAX = 1200 };

static struct book *books[ROOM_COUNT];
static struct intent **intents;
static size_t intent_count, intent_capacity;

static const char *const names[ROOM_COUNT] = {"alpha", "~gamma", "beta", "~delta", "epsilon"};

const char *room_name(int room)
{
    return names[room];
}

bool room_is_ephemeral(int room)
{
    return names[room][0] == '~';
}

int room_of_name(const char *name)
{
    for (int room = 0; name && room < ROOM_COUNT; room++) {
        if (strcasecmp(names[room], name) == 0)
            return room;
    }
    return -1;
}

void ledger_init(void)
{
    ledger_done();
}

void ledger_done(void)
{
    for (int room = 0; room < ROOM_COUNT; room++) {
        while (books[room]) {
            struct book *book = books[room];
            books[room] = book->older;
            own_free(book->facts);
            own_free(book);
        }
    }
    for (size_t i = 0; i < intent_count; i++)
        own_free(intents[i]);
    intent_count = 0;
}

/* ---- books ---- */

struct book *ledger_newest(int room)
{
    return books[room];
}

struct book *ledger_book(int room, const char *epoch, uint64_t connected_ns)
{
    struct book *newest = books[room], *book = newest;
    bool has_events = newest && !room_is_ephemeral(room) && newest->newest > 0;
    /* The words of a server that has ended may arrive after the first ones of its successor. */
    bool is_late = newest && connected_ns < newest->heard_ns;

    while (book && strcmp(book->epoch, epoch) != 0)
        book = book->older;
    if (book) {
        if (book != newest && has_events && !is_late)
            broken("P2: room %s is back in an older epoch", names[room]);
        return book;
    }
    if (has_events && !is_late)
        broken("P1: room %s had %llu events in epoch %s, and has a new epoch %s", names[room],
               (unsigned long long)newest->newest, newest->epoch, epoch);
    struct book **link = is_late ? &newest->older : &books[room];
    book = own_realloc(NULL, sizeof *book);
    *book = (struct book){.room = room, .heard_ns = is_late ? 0 : world.now_ns, .older = *link};
    (void)snprintf(book->epoch, sizeof book->epoch, "%s", epoch);
    *link = book;
    return book;
}

static struct fact *fact_at(struct book *book, uint64_t seq)
{
    if (seq == 0 || seq > 1000000)
        broken("P2: seq %llu in %s", (unsigned long long)seq, names[book->room]);
    while (seq > book->capacity) {
        uint64_t capacity = book->capacity > 0 ? book->capacity * 2 : 64;
        book->facts = own_realloc(book->facts, capacity * sizeof *book->facts);
        memset(book->facts + book->capacity, 0, (capacity - book->capacity) * sizeof *book->facts);
        for (uint64_t i = book->capacity; i < capacity; i++)
            book->facts[i].deleted_ns = UINT64_MAX;
        book->capacity = capacity;
    }
    if (seq > book->newest)
        book->newest = seq;
    return &book->facts[seq - 1];
}

uint64_t content_of(enum kind kind, uint64_t target, uint64_t reply_to, bool is_on, const char *text)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325) ^ (uint64_t)kind ^ target << 8 ^ reply_to << 32 ^ (uint64_t)is_on << 4;

    for (; *text; text++)
        hash = (hash ^ (uint8_t)*text) * UINT64_C(0x100000001b3);
    return hash;
}

/* ---- intents ---- */

static struct intent *find_intent(const char *user, const char *key, int room)
{
    for (size_t i = intent_count; i > 0; i--) {
        struct intent *intent = intents[i - 1];
        if (!intent->is_plain && intent->room == room && strcmp(intent->key, key) == 0
            && strcmp(intent->user, user) == 0)
            return intent;
    }
    return NULL;
}

bool ledger_key_is_free(const char *key, const char *user, int room)
{
    return !find_intent(user, key, room);
}

static struct intent *find_plain(const char *text)
{
    for (size_t i = intent_count; i > 0; i--) {
        struct intent *intent = intents[i - 1];
        if (intent->is_plain && strcmp(intent->text, text) == 0)
            return intent;
    }
    return NULL;
}

struct intent *ledger_intent(const struct intent *given)
{
    check(intent_count < INTENTS_MAX);
    if (intent_count == intent_capacity) {
        intent_capacity = intent_capacity > 0 ? intent_capacity * 2 : 256;
        intents = own_realloc(intents, intent_capacity * sizeof *intents);
    }
    struct intent *intent = own_realloc(NULL, sizeof *intent);
    *intent = *given;
    intent->content = content_of(given->kind, given->target, given->reply_to, given->is_on, given->text);
    intents[intent_count++] = intent;
    return intent;
}

/* An ephemeral room knows a key as long as it keeps its event. */
static bool must_know_key(const struct book *book, uint64_t before, uint64_t now)
{
    const struct store_options *store = &server_config()->store;
    uint64_t reach = store->recent_events_max;

    if (!room_is_ephemeral(book->room))
        return true;
    if (store->recent_bytes_max / EVENT_BYTES_MAX < reach)
        reach = store->recent_bytes_max / EVENT_BYTES_MAX;
    if (store->recent_total_max / EVENT_BYTES_MAX / ROOM_COUNT < reach)
        reach = store->recent_total_max / EVENT_BYTES_MAX / ROOM_COUNT;
    return now > before && now - before < reach;
}

/* The intent has happened as that event. */
static void note(struct book *book, struct intent *intent, uint64_t seq)
{
    if (intent->book == book && intent->seq != seq && intent->seq > 0 && must_know_key(book, intent->seq, seq))
        broken("P2: key %s of %s in %s is event %llu and event %llu", intent->key, intent->user, names[book->room],
               (unsigned long long)intent->seq, (unsigned long long)seq);
    if (intent->times_sent == 0)
        broken("P2: key %s of %s in %s has happened, and was never sent", intent->key, intent->user, names[book->room]);
    intent->seq = seq;
    intent->book = book;
}

void ledger_plain(const struct intent *intent)
{
    ledger_intent(intent)->times_sent = 1;
}

/* ---- events ---- */

static void check_sender(struct book *book, const struct told *told, uint64_t content)
{
    struct intent *intent = find_intent(told->user, told->key, book->room);
    bool is_whole = !told->is_deleted;

    if (!intent && told->kind == KIND_MESSAGE && is_whole)
        intent = find_plain(told->text);
    if (!intent) {
        if (is_whole)
            broken("nobody sent event %llu of %s, key %s, user %s", (unsigned long long)told->seq, names[book->room],
                   told->key, told->user);
        return;
    }
    if (intent->room != book->room || strcmp(intent->user, told->user) != 0)
        broken("event %llu of %s is not in its sender's room or name", (unsigned long long)told->seq,
               names[book->room]);
    if (is_whole && intent->content != content)
        broken("event %llu of %s is not what %s sent with key %s: %s, instead of %s", (unsigned long long)told->seq,
               names[book->room], told->user, told->key, told->text, intent->text);
    note(book, intent, told->seq);
}

static void check_at(const struct book *book, const struct fact *fact, uint64_t seq)
{
    const struct fact *before = seq > 1 ? &book->facts[seq - 2] : NULL;
    const struct fact *after = seq < book->newest ? &book->facts[seq] : NULL;

    if ((before && before->is_known && before->at_ms > fact->at_ms)
        || (after && after->is_known && after->at_ms < fact->at_ms))
        broken("P2: at decreases at event %llu of %s", (unsigned long long)seq, names[book->room]);
}

static void note_deletion(struct book *book, const struct told *told)
{
    if (told->kind != KIND_DELETED)
        return;
    if (told->target == 0 || told->target >= told->seq)
        broken("event %llu of %s deletes event %llu", (unsigned long long)told->seq, names[book->room],
               (unsigned long long)told->target);
    struct fact *target = fact_at(book, told->target);
    if (target->deleted_ns == UINT64_MAX)
        target->deleted_ns = world.now_ns;
}

static void same(bool is_same, const struct book *book, const struct told *told, const char *what)
{
    if (!is_same)
        broken("P1: event %llu of %s has another %s than before (key %s, user %s)", (unsigned long long)told->seq,
               names[book->room], what, told->key, told->user);
}

void ledger_event(struct book *book, const struct told *told)
{
    uint64_t content = content_of(told->kind, told->target, told->reply_to, told->is_on, told->text);
    struct fact *fact = fact_at(book, told->seq);

    world.events_seen++;
    if (!fact->is_known) {
        uint64_t deleted_ns = fact->deleted_ns;
        *fact = (struct fact){.is_known = true,
                              .kind = told->kind,
                              .target = told->target,
                              .at_ms = told->at_ms,
                              .deleted_ns = deleted_ns};
        (void)snprintf(fact->user, sizeof fact->user, "%s", told->user);
        (void)snprintf(fact->key, sizeof fact->key, "%s", told->key);
        check_sender(book, told, content);
        check_at(book, fact, told->seq);
        note_deletion(book, told);
        fact = fact_at(book, told->seq);
    }
    same(strcmp(fact->key, told->key) == 0, book, told, "key");
    same(strcmp(fact->user, told->user) == 0, book, told, "user");
    same(fact->kind == told->kind && fact->target == told->target, book, told, "kind or target");
    same(fact->at_ms == told->at_ms, book, told, "time");
    if (told->is_deleted) {
        same(told->text[0] == 0, book, told, "text, though it is deleted, and so a text at all");
        return;
    }
    if (!fact->is_text_known) {
        fact->is_text_known = true;
        fact->content = content;
    }
    same(fact->content == content, book, told, "content");
}

bool ledger_is_deleted(const struct book *book, uint64_t seq, uint64_t before_ns)
{
    const struct fact *fact = &book->facts[seq - 1];

    if (fact->kind == KIND_EDITED && fact->target > 0)
        return book->facts[fact->target - 1].deleted_ns < before_ns;
    return fact->deleted_ns < before_ns;
}

void ledger_ack(struct book *book, struct intent *intent, uint64_t seq, int64_t at_ms, bool is_duplicate,
                bool was_known)
{
    struct fact *fact = fact_at(book, seq);

    world.acks_seen++;
    if (was_known && !is_duplicate && intent->book == book && must_know_key(book, intent->seq, seq))
        broken("P2: key %s was event %llu already, and its ack for %llu does not say duplicate", intent->key,
               (unsigned long long)intent->seq, (unsigned long long)seq);
    if (is_duplicate && intent->times_sent < 2 && !was_known)
        broken("P2: key %s was sent once, and is called a duplicate", intent->key);
    note(book, intent, seq);
    if (!fact->is_known)
        return; /* the event itself comes later, and is compared then */
    if (strcmp(fact->key, intent->key) != 0 || strcmp(fact->user, intent->user) != 0)
        broken("P2: the ack of key %s says event %llu of %s, which is another", intent->key, (unsigned long long)seq,
               names[book->room]);
    if (fact->at_ms != at_ms)
        broken("the ack of key %s says another time than the event", intent->key);
}

bool ledger_digest(const struct book *book, uint64_t from, uint64_t to, char out[65])
{
    crypto_hash_sha256_state state;
    uint8_t hash[crypto_hash_sha256_BYTES];

    crypto_hash_sha256_init(&state);
    for (uint64_t seq = from; seq <= to; seq++) {
        char line[KEY_BYTES + 32];
        if (seq > book->newest || !book->facts[seq - 1].is_known)
            return false;
        int size = snprintf(line, sizeof line, "%llu:%s\n", (unsigned long long)seq, book->facts[seq - 1].key);
        crypto_hash_sha256_update(&state, (const uint8_t *)line, (unsigned long long)size);
    }
    crypto_hash_sha256_final(&state, hash);
    (void)sodium_bin2hex(out, 65, hash, sizeof hash);
    return true;
}
