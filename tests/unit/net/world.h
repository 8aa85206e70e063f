/* SPDX-License-Identifier: Apache-2.0 */
/* A shard driven by hand in the test's own thread, and clients on loopback sockets. Every wait is for a condition, with
 * a generous deadline. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "net/letters.h"
#include "net/shard_inside.h"

enum { WORLD_MESSAGES_MAX = 64, CLIENT_BYTES_MAX = 4 * 1024 * 1024 };

struct world {
    struct net_options options;
    struct net_listen how; /* what its listener expects */
    struct admission *admission;
    struct shard *shard;
    struct os_address address;
    struct conn *last; /* opened last */
    uint64_t last_handle;
    int opened, ended, lapped, ended_aside;
    uint64_t gap_from, gap_to;
    int messages;
    struct builder texts; /* of all messages, each with a newline */
    int upgrade_status;   /* what the next upgrade is answered with */
    int arrived[WS_HANDSHAKE_BAD + 1]; /* requests, by what they ask for */
    bool echoes;
    bool turned_is_slow;
    bool lapped_has_no_memory;  /* what is told of a gap does not fit */
    uint64_t callback_takes_ns; /* each notice moves world_clock_ns() so far */
    struct net_events aside;    /* takes upgrades with the field X-Aside */
};

/* A clock that stands still but for slow notices; for shard->clock_ns. */
uint64_t world_clock_ns(void);

struct client {
    struct world *world;
    int descriptor;
    bool is_at_end; /* FIN or reset seen */
    struct builder in;
};

/* Sensible, short numbers; a test changes `options` before world_start. */
void world_init(struct world *world);
void world_start(struct world *world);
void world_done(struct world *world);
/* Turns until the condition holds or some seconds are over (then the test fails). */
#define world_until(world, condition)                            \
    do {                                                         \
        for (int world_turns = 0; !(condition); world_turns++) { \
            if (world_turns > 20000)                             \
                fail_msg("never came true: %s", #condition);     \
            world_turn(world);                                   \
        }                                                        \
    } while (0)
void world_turn(struct world *world);
uint64_t world_ended(const struct world *world, enum end_reason reason);
/* P3: accepted = live + ended, and the states add up. */
void world_check(const struct world *world);

void client_connect(struct client *client, struct world *world);
void client_close(struct client *client);
void client_send(struct client *client, const void *bytes, size_t size);
void client_say(struct client *client, const char *text);
/* Takes what has come. */
void client_pump(struct client *client);
bool client_has(struct client *client, const char *text);
/* Connects and upgrades; waits for the 101 and drops it from `in`. `extra`: further field lines. */
void client_upgrade(struct client *client, struct world *world, const char *extra);
/* A masked frame. */
/* A masked frame; `first` has FIN, the reserved bits and the opcode. */
void frame_add(struct builder *out, uint8_t first, const void *payload, size_t size);
void client_frame(struct client *client, uint8_t first, const void *payload, size_t size);
/* Waits for a whole frame, takes it off `in`, returns its first byte; the payload is copied to `out` with a NUL. */
uint8_t client_take_frame(struct client *client, char *out, size_t out_size, size_t *out_payload_size);
/* The close code of the next Close frame. */
uint16_t client_take_close(struct client *client);

/* A chunk of one text frame. */
struct chunk *chunk_of_text(const char *text, uint64_t seq);
