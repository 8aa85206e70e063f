/* SPDX-License-Identifier: Apache-2.0 */
/* What the clients know together, independent of the server: every event that anybody was shown, and every key that
 * anybody sent. Whatever the server says is held against it at once; what was said once must stay true. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ROOM_COUNT = 5, KEY_BYTES = 68, ID_BYTES = 40, EPOCH_BYTES = 24, TEXT_BYTES = 640 };

/* The rooms of all simulations. */
const char *room_name(int room);
bool room_is_ephemeral(int room);
/* -1: it is none of ours. */
int room_of_name(const char *name);

enum kind { KIND_MESSAGE = 1, KIND_EDITED, KIND_DELETED, KIND_REACTION };

/* An event as a frame or a row says it. */
struct told {
    enum kind kind;
    uint64_t seq, target, reply_to;
    int64_t at_ms;
    const char *user, *key, *text;
    bool is_on, is_deleted;
};

struct fact {
    bool is_known;
    bool is_text_known; /* a deleted message may be met first without it */
    enum kind kind;
    char user[ID_BYTES], key[KEY_BYTES];
    uint64_t content, target;
    int64_t at_ms;
    uint64_t deleted_ns; /* when its deletion became known; UINT64_MAX: it has not */
};

/* One life of a room's log. */
struct book {
    int room;
    char epoch[EPOCH_BYTES];
    struct fact *facts; /* by seq - 1 */
    uint64_t newest, capacity;
    uint64_t heard_ns; /* when somebody first heard of it */
    struct book *older;
};

/* One thing that a user means to say once. */
struct intent {
    char user[ID_BYTES], key[KEY_BYTES], text[TEXT_BYTES];
    int room;
    enum kind kind;
    uint64_t target, reply_to, content;
    bool is_on, is_plain;
    uint32_t times_sent;
    uint64_t seq; /* 0: not known to have happened */
    const struct book *book;
};

void ledger_init(void);
void ledger_done(void);

/* The room's newest life as far as anybody knows; NULL: nobody has been there. */
struct book *ledger_newest(int room);
/* The life of that epoch. Another one than before is right only where nothing is lost by it. */
struct book *ledger_book(int room, const char *epoch, uint64_t connected_ns);
/* Somebody was told of this event. */
void ledger_event(struct book *book, const struct told *told);
/* A deletion of it was known before that time: then its text must not be told any longer. */
bool ledger_is_deleted(const struct book *book, uint64_t seq, uint64_t before_ns);

struct intent *ledger_intent(const struct intent *intent);
bool ledger_key_is_free(const char *key, const char *user, int room);
/* `was_known`: it was known to have happened when it was sent the last time. */
void ledger_ack(struct book *book, struct intent *intent, uint64_t seq, int64_t at_ms, bool is_duplicate,
                bool was_known);
/* Plain text of a walk-in: its key is the server's, its text is told once at most. */
void ledger_plain(const struct intent *intent);

/* Lower-case hex. False: not all of these events are known. */
bool ledger_digest(const struct book *book, uint64_t from, uint64_t to, char out[65]);
uint64_t content_of(enum kind kind, uint64_t target, uint64_t reply_to, bool is_on, const char *text);
