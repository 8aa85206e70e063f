/* SPDX-License-Identifier: Apache-2.0 */
/* The structures of chat/, grouped by who may write them. Nobody outside chat/ includes this. */
#pragma once

#include <assert.h>
#include <stdatomic.h>

#include "base/due.h"
#include "base/pool.h"
#include "base/table.h"
#include "base/wheel.h"
#include "chat/chat.h"
#include "chat/name.h"
#include "chat/rate.h"
#include "chat/report.h"
#include "net/conn.h"
#include "net/letters.h"

enum {
    HUB_TICK_MS = 10,
    USER_NAME_BYTES_MAX = 128,
    USER_NAME_INLINE_MAX = 26,
    USER_ID_BYTES = 26,
    ROOM_NAME_BYTES_MAX = 257, /* '~' and 64 characters of at most 4 bytes */
    MEMBERS_IN_JOINED_MAX = 100,
    ROSTER_BYTES_MAX = 1 << 20, /* their text; a name has at most 128 bytes */
    MEMBERS_IN_WHO_MAX = 1000,
    DIRECT_USERS_MAX = 32,  /* whatever is configured */
    SESSIONS_TOLD_MAX = 64, /* of one user, of what another of them did */
    ROOMS_IN_LIST_MAX = 500,
    IDLE_ROOMS_MAX = 256, /* rooms without members that stay open, so that coming back costs no disk read */
    DIGEST_EVENTS_MAX = 100000,
    LOGIN_GRACE_MS = 100, /* how long the welcome of a nameless connection waits for a login as the first frame */
    FRAME_BYTES_MAX = 4 * 1024 * 1024,
};

/* Letters from the doors to the hub. */
enum hub_letter { HUB_ARRIVE, HUB_COMMAND, HUB_DEPART, HUB_CALL };

/* What an upgrade request said; given to the hub with HUB_ARRIVE. */
struct arrival {
    struct token_claims claims;
    uint64_t after, history;
    bool has_name, has_after, has_history, has_room_fault;
    bool is_unauthorized;   /* nobody may come in like this */
    bool is_token_wrong;    /* because a token was brought on purpose and is not right */
    struct view name, room; /* in `bytes` */
    uint8_t bytes[];
};

/* One open connection. Made at the upgrade by its shard, given back by the hub after HUB_DEPART. Small: every
 * connection has one for as long as it lives. */
struct session {
    uint64_t handle; /* constant after the upgrade, as is the shard: session_shard() */

    /* the door's until HUB_ARRIVE is posted, then the hub's */
    union {
        struct arrival *arrival;
        struct user *user; /* NULL: turned away */
    };

    /* the hub's: the rooms that this connection is in */
    union {
        struct member *member_one; /* if it is the only one */
        struct member **members;
    };
    struct session *of_user; /* the user's next */
    uint32_t walk_in_number; /* where plain text goes: the room's number and 1; 0 once left */

    uint16_t member_count, member_capacity;

    /* the door's */
    union {
        struct spender *spender;        /* while it uses up its rates */
        struct session *departing_next; /* HUB_DEPART found the queue full; or: it is in door->returned */
    };
    uint16_t refusals;      /* rate_limited answers in a row */
    bool is_announced;      /* HUB_ARRIVE was posted */
    bool is_ping_unordered; /* a ping was answered in order since the opening, or since the last login */
    bool is_walk_in;        /* constant after the upgrade */
    bool brings_identity;   /* a token was brought and is right; constant as well */

    /* the hub's */
    uint8_t name_fault; /* enum name_fault of the name in the address; told after the welcome */
    bool is_welcomed : 1;
    bool is_graced : 1;     /* the welcome waits for a login */
    bool is_name_taken : 1; /* the name in the address; told after the welcome */
    bool is_refused : 1;    /* told to go; commands are not served any longer */
};

static_assert(sizeof(struct session) <= 56, "every connection has one");

/* The rates of a connection that has spent some of them. Once they have long been full again it is given back. */
struct spender {
    struct list_link link; /* in door->spenders: who spent last comes last */
    struct session *session;
    uint64_t spent_ms;
    struct rate_bucket buckets[RATE_CLASS_COUNT];
};

/* A command on its way through the hub; for an append it is the store's ticket. */
struct request {
    struct session *session;
    struct shard *shard; /* the session's, also after its end */
    uint64_t handle;
    struct command command;
    bool is_plain;   /* a walk-in's plain text: no ack */
    uint8_t bytes[]; /* what the command's views point into, unless it has a document */
};

/* Somebody who is here, or was a moment ago. Hub. */
struct user {
    uint8_t id[16]; /* the key in hub->users */
    int64_t joined_ms;
    struct member *members;   /* by member.of_user */
    struct session *sessions; /* by session.of_user, newest first */
    uint32_t session_count;
    bool has_chosen_name : 1;
    bool is_stored : 1;
    bool is_named : 1; /* in hub->names */
    uint8_t name_size;
    uint8_t name[USER_NAME_INLINE_MAX]; /* a longer one: where it is; user_name() knows */
};

static_assert(sizeof(struct user) == 72, "everybody who is here has one");

/* A user in a room. Present while session_count > 0, shown until the lease is over. Hub. */
struct member {
    struct user *user;
    struct room *room;
    struct member *of_user;   /* the user's next */
    struct list_link of_room; /* room->members, or room->left */
    uint32_t typed_ms;        /* when their typing was last told; low 32 bits */
    uint32_t session_count : 20;
    uint32_t lease_count : 8; /* leases that run: times that the last connection went, not long ago */
    uint32_t is_shown : 1;    /* others were told that they are here */
    uint32_t is_fresh : 1;    /* to be told with the next presence frame: came, or has a new name */
    uint32_t is_rostered : 1; /* named in the room's roster */
};

static_assert(sizeof(struct member) == 48, "everybody who is in a room has one");

/* Users to be named in a frame. */
struct people {
    struct user_view *views;
    char (*ids)[USER_ID_BYTES + 1];
    size_t count, max;
};

/* A room with its log open. Hub. */
struct room {
    struct store_room *log;
    uint32_t number;          /* of its feeds */
    struct list_link members; /* member.of_room: those who count as here */
    uint32_t member_count;
    uint32_t roster_count;
    struct builder roster; /* the first of them as frames name them, kept while it is right; roster.c */
    struct list_link left; /* whose end is still to be told */
    uint32_t *interest;    /* subscribed connections by shard */
    uint32_t session_count;
    struct wheel_timer presence; /* armed while something is to be told */
    uint64_t presence_ms;        /* when it was last told */
    struct list_link idle;       /* in hub->idle while nobody is here */
    uint32_t fresh_count;
    uint32_t traffic_now, traffic_before; /* events of two windows of time; survey.c */
    uint64_t traffic_ms;                  /* when the newer one began */
};

/* The name of the room behind a feed number, for shards that tell of a gap. Written before the number is first used;
 * numbers rest long enough before they are used again that nobody still reads the old one. */
struct room_label {
    uint16_t size;
    char name[ROOM_NAME_BYTES_MAX + 1];
};

struct hub {
    struct table users; /* id → user */
    struct table names; /* skeleton → user */
    struct table rooms; /* fold → room */
    struct pool user_pool, member_pool;
    struct due graces;     /* sessions whose welcome waits for a login */
    struct due leases;     /* members whose last connection went */
    struct list_link idle; /* rooms without members, longest first */
    uint32_t idle_count;
    struct wheel wheel;
    uint64_t now_ms;
    uint32_t *free_numbers; /* a ring: those that rest come last */
    uint32_t free_head, free_count;
    struct room **by_number; /* open rooms; NULL: free */
    uint32_t numbers_used;   /* those from here on never were */
    struct builder text;     /* of the frame at work */
    struct builder events;
    struct builder fold;
    struct builder mentions; /* of the text at work */
    struct builder skeleton;
    struct people people;  /* of the frame at work */
    struct builder roster; /* of a small room */
    struct builder frames; /* of the chunk at work */
    struct hub_counters counters;
};

/* A shard's side. */
struct door {
    struct chat *chat;
    struct shard *shard;
    struct rate_table addresses;
    struct list_link spenders;
    uint64_t refill_ms; /* after so long every rate of a connection is full; UINT64_MAX: one never refills */
    struct session *departing;
    struct pool sessions;
    _Atomic(struct session *) returned; /* by the hub, to be given to the pool */
    struct builder text;
    struct reports reports;
    struct door_counters counters;
};

struct chat {
    struct chat_options options;
    struct token_key key;
    struct store *store;
    struct shard **shards;
    struct door *doors;
    size_t shard_count;
    struct hub hub;
    _Atomic(struct room_label *) *labels; /* by feed number */
    _Atomic uint32_t return_spread_ms;
    _Atomic bool is_restart; /* who is bidden farewell finds another process of this server */
};

/* door.c, entry.c: a shard's thread */
void door_upgrade(void *context, struct conn *conn, const struct http_request *request, const struct ws_offer *offer,
                  struct net_upgrade *upgrade);
void door_opened(void *context, struct conn *conn);
void door_message(void *context, struct conn *conn, enum ws_opcode opcode, struct view payload);
void door_lapped(void *context, struct conn *conn, uint32_t number, uint64_t from, uint64_t to, struct builder *out);
void door_ended(void *context, struct conn *conn);
void door_farewell(void *context, struct conn *conn, struct builder *out);
void door_turned(void *context, struct shard *shard);

/* hub.c: the store's thread, as all that follows */
void hub_visit(void *context, const struct letter *letter);
/* One that came after the store's end: nobody is answered. */
void hub_forget(struct chat *chat, const struct letter *letter);
void hub_committed(void *context, struct store_room *log, struct list_link *entries);
void hub_refused(void *context, struct store_room *log, struct list_link *entries, enum result why);
int hub_turned(void *context);
void hub_arm(struct chat *chat, struct wheel_timer *timer, uint64_t delay_ms);

/* survey.c */
void room_count_events(struct room *room, uint32_t events, uint64_t now_ms);
/* pack_session.c: a shard's own, while its thread rests. */
bool door_pack(void *context, struct conn *conn, struct builder *out);
bool door_unpack(void *context, struct conn *conn, struct unpack *in);

/* answer.c: each request is settled exactly once, by one of these or by a subscription */
void request_free(struct request *request);
void answer_request(struct chat *chat, struct request *request, const struct builder *text);
void settle_request(struct request *request);
void refuse_request(struct chat *chat, struct request *request, enum error_code code, const char *text);
/* To a session, unasked. */
void tell_session(struct session *session, const struct builder *text);
void tell_error(struct chat *chat, struct session *session, enum error_code code, const char *text);
/* One frame to all who are in the room; `text` is the JSON. */
void tell_room(struct chat *chat, struct room *room, struct view text);
void post_chunk(struct chat *chat, struct room *room, struct view frames, uint32_t frame_count, uint64_t seq_first,
                uint64_t seq_last);

/* Events up to `seq_last` could not be handed on: subscribers are told of a gap, and fetch them. */
void tell_lost(struct chat *chat, struct room *room, uint64_t seq_last);

/* session.c */
void session_arrive(struct chat *chat, struct session *session, struct arrival *arrival);
void session_depart(struct chat *chat, struct session *session);
void session_welcome(struct chat *chat, struct session *session, struct view ref);
/* Without a ref, and with what is to be said about the name in the address. */
void session_welcome_first(struct chat *chat, struct session *session);
void session_login(struct chat *chat, struct request *request);
void session_ping(struct chat *chat, struct request *request);
void session_name(struct chat *chat, struct request *request);
struct member *session_member(struct session *session, struct room *room);
struct member *session_member_at(const struct session *session, uint32_t i);
/* Nobody logged in within the grace. */
void session_grace_over(struct chat *chat, struct session *session);

/* The user's connections. A session is in exactly one such list, from attach to detach. */
void session_attach(struct session *session, struct user *user);

/* belong.c: the rooms of users whom the server remembers; a guest who never did anything has none. */
/* RESULT_OK; RESULT_REFUSED: they belong to as many rooms as a user may. What the disk refuses is no reason to. */
enum result belong_put(struct chat *chat, struct session *session, struct room *room) MUST_USE;
/* All rooms that the user is in, now that the server remembers them. */
void belong_put_all(struct chat *chat, struct user *user);
void belong_remove(struct chat *chat, struct session *session, struct room *room);
/* To all connections of that user (but one, or NULL), the frame in hub->text. */
void belong_tell(struct chat *chat, const struct user *user, const struct session *but);
/* direct.c: rooms of a few users, which nobody else can enter, see or list. */
void direct_command(struct chat *chat, struct request *request);
/* That the room is theirs, to the user's connections (but one, or NULL). */
void direct_tell(struct chat *chat, const struct room *room, const struct user *user, const struct session *but);
/* May that user be in the room? */
bool direct_allows(const struct room *room, const struct user *user);
/* Somebody says something there: its members belong to it from now on, also those who had left, and are told. */
void direct_remind(struct chat *chat, struct room *room);
void belong_read(struct chat *chat, struct request *request, struct room *room);
void belong_list(struct chat *chat, struct request *request);

/* user.c */
struct user *user_find_or_make(struct chat *chat, const struct token_claims *claims, const char *wanted_name,
                               bool *out_name_is_taken);
void user_release(struct chat *chat, struct user *user);
/* RESULT_OK, RESULT_EXISTS (it looks like the name of somebody who is here), RESULT_NO_MEMORY. `name` is clean. */
enum result user_rename(struct chat *chat, struct user *user, struct view name) MUST_USE;
void user_store(struct chat *chat, struct user *user);
/* One as another process knew them. NULL: the id or the name is somebody's already, or no memory. */
struct user *user_restore(struct chat *chat, const struct user *fields, struct view name);
struct view user_name(const struct user *user);
/* As frames show them; the id's text goes to `out_id`. */
struct user_view user_shown(const struct user *user, char out_id[USER_ID_BYTES + 1]);
bool user_has_id(const void *value, struct view key);
bool user_has_skeleton(const void *value, struct view key);

/* room.c */
bool room_has_fold(const void *value, struct view key);
/* Finds an open room, opens or makes it. RESULT_NOT_FOUND, RESULT_REFUSED (may not be made), RESULT_INVALID
 * (`*out_fault` says why), RESULT_FULL, RESULT_NO_MEMORY, RESULT_FAILED. */
enum result room_find(struct chat *chat, struct view name, bool may_open, struct room **out_room,
                      enum name_fault *out_fault) MUST_USE;
/* A direct room; made where `members` is not empty. RESULT_NOT_FOUND and as above. */
enum result room_find_direct(struct chat *chat, struct view name, struct view members, struct room **out_room) MUST_USE;
void room_close_if_idle(struct chat *chat, struct room *room);
void rooms_close_all(struct chat *chat);
/* Settles the request (may be NULL: a walk-in's entry). */
void room_join(struct chat *chat, struct session *session, struct request *request, const struct command *command);
void room_join_command(struct chat *chat, struct request *request);
void room_leave(struct chat *chat, struct request *request);
/* The room that the command names, if this session is in it; otherwise refuses the request and returns NULL. */
struct room *room_of_request(struct chat *chat, struct request *request, struct member **out_member);

/* door_session.c: a shard's thread, but for session_return(), which is the hub's. NULL: no memory. */
struct session *session_new(struct door *door);
struct shard *session_shard(const struct session *session);
/* One that the hub never heard of. */
void session_free(struct door *door, struct session *session);
/* The hub is done with it. */
void session_return(struct chat *chat, struct session *session);
void sessions_take_back(struct door *door);

/* spender.c: a shard's thread. The buckets of that session, made on first need. NULL: no memory. */
struct rate_bucket *spender_buckets(struct door *door, struct session *session);
void spender_free(struct session *session);
/* Frees those whose rates are full again. */
void spenders_rest(struct door *door);

/* A room as another process had it, with that number. RESULT_OK, RESULT_INVALID (the number is taken, or there is no
 * such), RESULT_NO_MEMORY. */
enum result room_restore(struct chat *chat, struct store_room *log, uint32_t number, struct room **out_room) MUST_USE;
/* After the last of them: the numbers that are left, in order. */
void room_numbers_restored(struct chat *chat);

/* member.c, presence.c */
/* One as another process knew them, without connections and leases. NULL: no memory. */
struct member *member_restore(struct chat *chat, struct user *user, struct room *room, bool has_left);
/* The session is in there as well from now on. NULL: no memory. */
struct member *member_add_session(struct session *session, struct member *member);
/* They stay shown for as long as one who has just left. */
void member_begin_lease(struct chat *chat, struct member *member);
struct member *member_enter(struct chat *chat, struct session *session, struct room *room);
/* NULL: the user is not in that room. */
struct member *member_of(const struct user *user, const struct room *room);
void member_leave(struct chat *chat, struct session *session, struct room *room);
void member_lease_over(struct chat *chat, struct member *member);
/* Out of the room's list and the user's, and freed, with a user whom nothing holds any longer. */
void member_free(struct chat *chat, struct member *member);
void presence_due(struct chat *chat, struct room *room);
void presence_changed(struct chat *chat, struct member *member);
void presence_tell(struct chat *chat, struct room *room);
/* people.c */
enum result people_init(struct people *people, size_t max) MUST_USE;
void people_done(struct people *people);
/* False: there is no place for another. */
bool people_add(struct people *people, const struct user *user);
/* Fills hub->people with at most `max` of those who are in the room, longest first, and marks them as shown: their
 * leaving will be told. Returns how many. */
size_t people_in(struct hub *hub, const struct room *room, size_t max);

/* roster.c: those whom `joined` names, as users_encode() writes them. Valid until the next call for any room. */
struct view roster_of(struct hub *hub, struct room *room);
/* That member goes, or has another name. */
void roster_forget(struct member *member);

/* write.c: commands that append */
void room_send(struct chat *chat, struct request *request);
void room_edit(struct chat *chat, struct request *request);
void room_delete(struct chat *chat, struct request *request);
void room_react(struct chat *chat, struct request *request);
void room_typing(struct chat *chat, struct request *request);
void room_read(struct chat *chat, struct request *request);

/* mentions.c: ids of the users of the room whom the text names, as an event keeps them. Valid until the next call. */
struct view mentions_find(struct chat *chat, struct room *room, struct view text);

/* look.c, replay.c: commands that read */
void room_history(struct chat *chat, struct request *request);
void room_who(struct chat *chat, struct request *request);
void room_digest(struct chat *chat, struct request *request);
void room_list(struct chat *chat, struct request *request);

/* What a join must be told first, when memory does not reach back: read by a reader thread, then the held subscription
 * is let go. */
struct replay {
    uint64_t from, to;
    bool is_truncated;
};
enum result replay_post(struct chat *chat, struct session *session, struct request *request, struct room *room,
                        const struct replay *replay) MUST_USE;

/* command.c */
struct command_row {
    enum rate_class rate;
    void (*handle)(struct chat *chat, struct request *request);
};
const struct command_row *command_row(enum command_type type);
