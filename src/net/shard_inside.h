/* SPDX-License-Identifier: Apache-2.0 */
/* The shard as net/ itself sees it. Nobody outside net/ includes this. */
#pragma once

#include "base/pool.h"
#include "base/snapshot.h"
#include "net/admission.h"
#include "net/agents.h"
#include "net/conn_inside.h"
#include "net/ended.h"
#include "net/letters.h"
#include "net/shard.h"
#include "net/silence.h"
#include "os/mailbox.h"
#include "os/poller.h"
#include "os/thread.h"

enum {
    SHARD_LESSON_WORDS = SILENCE_LESSONS_MAX * sizeof(struct silence_lesson) / sizeof(uint64_t),
    SHARD_READ_BYTES = 64 * 1024,
    SHARD_SWEEP_MS = 50, /* between two looks for deadlines that have come, at least */
    SHARD_SWEEP_SLOTS_PER_MS = 1024,
    SHARD_LETTERS_PER_TURN = 4096,
    SHARD_ACCEPTS_PER_TURN = 256,
    SHARD_SLEEP_MS_MAX = 1000,
    SHARD_DRAIN_GRACE_MS = 500,  /* for the request of a connection that has just been made */
    FEED_NUMBERS_MAX = 10000000, /* rooms that may be configured to be live at the same time */
    SHARD_ACCEPT_PAUSE_MS = 100, /* after the descriptors ran out */
    SHARD_PARTS_MAX = 64,        /* of one writev */
    SHARD_COALESCE_BYTES = 64 * 1024,
    SHARD_PROXIES_MAX = 15, /* whose ways with silence are told apart: four bits in a connection */
    SHARD_PROBE_EACH = 16,  /* connections, of which one finds out whether a learned heartbeat is still needed */
};

/* A connection's handle is its slot and the slot's generation. Deadlines stand here rather than in a structure of
 * timers: to sweep over them costs 16 bytes of reading each, now and then; a timer would cost as much memory as all
 * the rest of what an idle connection needs to be looked after. */
struct registry_slot {
    struct conn *conn;   /* NULL: free */
    uint32_t generation; /* of the one that is or was here last */
    union {
        uint32_t deadline_ms; /* low 32 bits of the shard's clock */
        uint32_t next_free;
    };
};

struct queue {
    uint32_t first, last; /* slots; of no meaning while count is 0 */
    uint32_t count;
};

/* What most subscribers of a feed are owed: gathered once, sent to all who stand at the same place. */
struct run {
    uint64_t position; /* from here, frame 0 … */
    uint64_t end;      /* … up to here */
    uint64_t seq_next; /* after it */
    struct iovec parts[SHARD_PARTS_MAX];
    int part_count;
    size_t bytes;
    uint32_t frame_count;
    bool is_there;
};

struct listener {
    int descriptor;
    bool has_proxy_header;
    bool is_tls;
    bool is_redirect;
    bool is_unix;
    bool is_ready;
};

struct shard {
    struct net_options options;
    struct net_events events;
    struct admission *admission;
    uint32_t index;
    struct listener listeners[NET_LISTEN_MAX];
    size_t listener_count;
    bool is_accepting;
    bool is_resting; /* neither reads nor accepts, all else goes on */
    bool is_draining;
    bool is_stopped;
    enum end_reason drain_reason;
    uint64_t accept_resume_ms; /* after a pause; 0: none */
    struct os_poller poller;
    struct mailbox mailbox;
    struct os_thread thread;
    uint64_t now_ms;
    uint64_t sweep_ms; /* no deadline comes before; UINT64_MAX: there is none */
    struct pool conns;
    struct registry_slot *registry;
    uint32_t registry_count; /* slots that hold a connection */
    uint32_t registry_used;  /* slots that ever did: those behind are untouched memory */
    uint32_t registry_capacity, registry_free;
    struct feed **feeds; /* by number; NULL: nobody here follows it */
    uint32_t feeds_capacity;
    struct list_link dirty_feeds;
    struct list_link empty_feeds; /* nobody follows them any longer: freed at the end of the turn */
    struct queue queues[QUEUE_COUNT];
    struct conn *ended;      /* freed at the end of the turn */
    struct conn_life *lives; /* by slot, as many as the registry has */
    struct agents agents;
    struct ended ended_newest;
    struct deflater *deflaters[16]; /* by window bits, made on first need; 15 is there from the start */
    uint8_t *buffer;                /* bytes as read; valid within one conn_read */
    size_t buffer_bytes;
    uint8_t *coalesced[2]; /* plain and compressed run of the feed at work */
    struct tls_desk tls;
    struct silence silence;  /* what was learned of paths that cut it */
    struct snapshot lessons; /* the same for other threads to read */
    struct counter lesson_words[SHARD_LESSON_WORDS];
    uint64_t silence_line_ms; /* no line of the log about it before */
    uint8_t proxies[SHARD_PROXIES_MAX][IP_BYTES];
    uint8_t proxy_count;
    struct view host;          /* of the request at hand */
    struct builder scratch;    /* text of frames made here */
    struct builder compressed; /* a frame's payload while it is compressed */
    void *owner;
    uint64_t (*clock_ns)(void);    /* os_clock_monotonic_ns, but in tests of the watchdog */
    uint64_t work[TURNS_WORK_MAX]; /* of the turn at work; of some kinds, what the counter said at its begin */
    struct shard_counters counters;
    struct os_event event_list[OS_EVENTS_MAX];
};

static inline uint32_t shard_clock(const struct shard *shard)
{
    return (uint32_t)shard->now_ms;
}

/* The live connection with that handle, or NULL. */
struct conn *shard_find(struct shard *shard, uint64_t handle);
/* At the end of that queue; nothing if it is there already. */
void queue_add(struct conn *conn, enum conn_queue which);
/* Takes the first out. NULL: the queue is empty. It may have ended meanwhile. */
struct conn *queue_take(struct shard *shard, enum conn_queue which);
/* RESULT_OK or RESULT_NO_MEMORY. */
enum result shard_register(struct shard *shard, struct conn *conn) MUST_USE;
/* The same at a slot and with a generation that are given: its handle is what it was in another process. Slots that
 * this leaves behind are free after shard_link_free(). RESULT_INVALID: somebody is there, or there is no such slot. */
enum result shard_register_as(struct shard *shard, struct conn *conn, uint64_t handle) MUST_USE;
void shard_link_free(struct shard *shard);
void shard_unregister(struct shard *shard, struct conn *conn);
/* The feed of that number, made if `may_make`. NULL: not there, or no memory. */
struct feed *shard_feed(struct shard *shard, uint32_t number, bool may_make);
void shard_feed_dirty(struct shard *shard, struct feed *feed);
/* Gives back the chunks that every subscriber has. */
void shard_feed_trim(struct shard *shard, struct feed *feed);
/* The compressor with that window, 9 to 15. NULL: no memory. */
struct deflater *shard_deflater(struct shard *shard, int window_bits);
/* Nobody follows the feed any longer: it goes at the end of the turn, unless somebody comes. */
void shard_feed_release(struct shard *shard, struct feed *feed);
/* Serves a slice of the cursors: `options.flush_slice`, in large rooms more. True: cursors are left for the next turn.
 */
bool feed_flush(struct shard *shard, struct feed *feed);
/* Goes on with handshakes for a slice of the turn. False: there was none. */
bool shard_handshakes(struct shard *shard);
void shard_mail(struct shard *shard, const struct letter *letter);
void listener_accept(struct shard *shard, struct listener *listener);
void listeners_close(struct shard *shard);
void listeners_pause(struct shard *shard);
void listeners_resume(struct shard *shard);
