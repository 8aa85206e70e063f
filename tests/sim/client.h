/* SPDX-License-Identifier: Apache-2.0 */
/* A client of the server, from its first byte to its last: it speaks natter.v1 or walks in, keeps its token and what it
 * saw over reconnects, retries what was not acknowledged; or it is rude. Whatever it hears it checks strictly, against
 * the protocol and against the ledger. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ledger.h"
#include "os/socket.h"

enum { ASKED_MAX = 64, PENDING_MAX = 8, REF_BYTES = 16, TOKEN_BYTES = 600, MEMBERS_MAX = 64, CLIENTS_MAX = 16 };

struct link;

/* Somebody, with one client or more. */
struct identity {
    char token[TOKEN_BYTES]; /* empty: not yet */
    char user[ID_BYTES];
    struct intent *pending[PENDING_MAX]; /* meant, and not acknowledged */
    size_t pending_count;
    struct intent *done; /* the newest that was acknowledged */
};

/* A place in a room. What was seen last is kept when it is lost. */
struct seat {
    enum seat_state { SEAT_NONE, SEAT_ASKED, SEAT_IN, SEAT_LEAVING } state;
    bool is_wanted; /* join again after a reconnect */
    bool has_last;
    bool has_asked_after;
    uint64_t last, asked_after, asked_history;
    bool has_asked_epoch, has_asked_history;
    uint64_t asked_ns;
    char epoch[EPOCH_BYTES], asked_epoch[EPOCH_BYTES];
    struct book *book; /* while SEAT_IN */
    char members[MEMBERS_MAX][ID_BYTES];
    size_t member_count;
    uint64_t count_told;
    bool are_members_sure; /* nothing of presence can have been missed */
};

/* A command whose answer is awaited. */
struct asked {
    char ref[REF_BYTES];
    const char *type;
    int room;
    struct intent *intent;
    bool was_known;
    struct book *book; /* of the room, as it was then */
    uint64_t sent_ns, from, to, limit, newest;
    bool is_before;
};

enum stage {
    STAGE_AWAY,
    STAGE_ASKED, /* the request is sent */
    STAGE_OPEN,
    STAGE_CLOSING /* one of us has said Close */
};

struct bytes {
    uint8_t *at;
    size_t size, capacity;
};

struct client {
    int number;
    char name[16];
    struct identity *identity;
    enum stage stage;
    struct link *link;
    struct os_address address;
    uint64_t act_ns, hear_ns; /* when it does something by itself; when it reads */
    uint64_t connected_ns, asked_request_ns;
    struct bytes in, out;
    bool is_visitor; /* plain HTTP */
    bool has_heard_head;
    bool is_walk_in;
    bool is_anonymous; /* brings nothing, and is a new guest */
    bool is_rude;      /* has sent what is against the rules: it may be told so in any way */
    bool wants_deflate, has_deflate;
    bool logs_in;
    bool is_welcomed;
    bool has_sent_close, has_heard_close;
    bool is_deaf;        /* does not read */
    bool is_unclear;     /* something that it sent was refused, and it was not told what */
    uint64_t slow_bytes; /* reads so many at a time; 0: all */
    char user[ID_BYTES];
    int room_walked; /* -1: none */
    struct seat seats[ROOM_COUNT];
    struct asked asked[ASKED_MAX];
    size_t asked_count;
    uint32_t ref_next;
    uint64_t lost_count; /* connections that ended without its doing */
};

/* How all clients of this seed behave. */
struct manners {
    uint64_t pause_ns_max;
    uint32_t walk_in_ppm, visitor_ppm, deflate_ppm, slow_ppm, anonymous_ppm;
    bool is_calm;     /* nothing rude any more; who is away comes back */
    bool may_start;   /* new things are said */
    bool is_checking; /* all is quiet: presence is exact */
    bool is_leaving;  /* nobody comes back */
    int room_count;
    uint64_t text_count;
};
extern struct manners manners;

void client_init(struct client *client, int number, struct identity *identity);
void client_done(struct client *client);
/* Something has come for it. */
void client_notice(struct client *client);
uint64_t client_due_ns(const struct client *client);
void client_step(struct client *client);
/* The connection is over. */
void client_lost(struct client *client, const char *why);
void client_reset(struct client *client);
void client_say_close(struct client *client, uint16_t code);

/* client_wire.c */
void bytes_add(struct bytes *bytes, const void *at, size_t size);
void bytes_take(struct bytes *bytes, size_t size);
void wire_ask(struct client *client);
void wire_frame(struct client *client, int opcode, const void *at, size_t size);
void wire_garbage(struct client *client);
/* What is in `in`, as far as it is whole. */
void wire_hear(struct client *client);

/* client_act.c */
void act(struct client *client);
bool asked_take(struct client *client, const char *ref, struct asked *out_asked);
void pending_remove(struct identity *identity, const struct intent *intent);

/* client_hear.c */
void hear_text(struct client *client, const char *text, size_t size);
void seat_leave(struct seat *seat);
/* run.c: all is quiet; are those the ones who are there? */
void presence_check(const struct client *client, int room, const struct seat *told);
