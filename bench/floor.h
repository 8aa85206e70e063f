/* SPDX-License-Identifier: Apache-2.0 */
/* What the two floors share: bare one-threaded epoll servers that broadcast every WebSocket message to every connection
 * and do nothing else. They are yardsticks for `natter bench --raw`, not servers: no limits, no deadlines, no checks
 * beyond those that keep a stream whole.
 *
 * Ready frames stand in one shared log, a ring of bytes; a connection is a position in it, so nothing is copied or
 * queued per connection. Whoever falls behind by the whole ring is passed over for good: it costs nobody anything.
 *
 *     tail = head - size                 position             head
 *       |------ frames already sent -------|---- to send ------|
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LOG_BYTES = 16 << 20, DESCRIPTORS_MAX = 1 << 16 };

struct connection {
    uint64_t position; /* in the log: bytes before it are sent */
    int descriptor;
    uint32_t index;  /* in floor.connections */
    bool is_open;    /* upgraded */
    bool is_blocked; /* the socket takes no more; EPOLLOUT will say when it does */
    bool is_lapped;  /* what it would need next is gone from the log */
    uint32_t rest_size;
    uint8_t *rest; /* the beginning of a request or frame that has not come whole */
};

struct floor {
    uint8_t *log;
    uint64_t head; /* bytes ever written to the log */
    struct connection **connections;
    uint32_t count;
    int poller;
    int listener;
    int send_buffer_bytes; /* SO_SNDBUF; 0: the kernel's */
};

/* What makes the difference between the floors. `message` is called for each message, when its frame stands in the log;
 * `turn` when all sockets that were ready have been read. Either may be NULL. */
struct floor_manner {
    void (*message)(struct floor *floor);
    void (*turn)(struct floor *floor);
};

/* Sends what the connection has pending, in one system call. */
void floor_send(struct floor *floor, struct connection *connection);

/* Reads --port N and --sndbuf BYTES, prints the port and serves until it is killed. Returns the exit code. */
int floor_main(int count, char **arguments, const struct floor_manner *manner);
