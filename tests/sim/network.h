/* SPDX-License-Identifier: Apache-2.0 */
/* The network between clients and the server, in memory: links of two bounded pipes, in which bytes take time and come
 * in pieces; listeners; and the kernel's table of descriptors. os_socket.c and os_poller.c are the server's side of it;
 * what is declared here is the clients' side, and the scheduler's. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "os/poller.h"
#include "os/socket.h"

struct client;
struct fiber;

struct segment {
    uint64_t at_ns;
    size_t size;
};

/* One direction. `bytes` from `head` on are unread; the first `arrived` of them have come. */
struct pipe {
    uint8_t *bytes;
    size_t head, size, capacity;
    size_t arrived;
    size_t size_max; /* the buffers of both kernels together */
    struct segment *segments;
    size_t segment_first, segment_count, segment_capacity;
    uint64_t last_at_ns;
    uint64_t end_at_ns; /* of FIN; UINT64_MAX: none sent */
    bool has_ended;     /* FIN has arrived */
    bool wants_space;   /* the writer was refused, and waits for an event */
};

struct link {
    int descriptor; /* the server's; -1 before accept and after close */
    struct client *client;
    struct pipe up, down; /* to the server, to the client */
    struct os_address address;
    uint64_t latency_ns;
    uint64_t connect_at_ns; /* SYN arrives */
    uint64_t reset_up_ns;   /* RST arrives at the server; UINT64_MAX: none */
    uint64_t reset_down_ns; /* RST arrives at the client */
    uint64_t event_in_ns;   /* a late readable event; UINT64_MAX: none */
    uint64_t event_out_ns;  /* a late writable event */
    bool is_waiting;        /* to be accepted */
    bool is_accepted;
    bool is_reset_up, is_reset_down;
    bool is_gone;             /* the client vanished: nothing from the server reaches anybody */
    bool is_closed_by_server; /* its descriptor is closed */
};

void network_init(void);
/* All must be closed. */
void network_done(void);
/* Open descriptors of connections, and of everything. */
uint32_t network_connections(void);
uint32_t network_descriptors(void);
/* The process died: `is_silent`, with its machine: nobody is told. */
void network_crash(bool is_silent);

/* NULL: nobody listens. */
struct link *link_connect(struct client *client, const struct os_address *address);
/* The client is done with it, however it ended. */
void link_forget(struct link *link);
/* Takes what fits. */
size_t link_write(struct link *link, const void *at, size_t size);
/* What has arrived, at most `size_max`. */
size_t link_read(struct link *link, void *out, size_t size_max);
size_t link_readable(const struct link *link);
bool link_has_ended(const struct link *link); /* FIN, and everything before it was read */
bool link_was_reset(const struct link *link);
void link_finish(struct link *link);
void link_reset(struct link *link);
void link_vanish(struct link *link);

/* For the scheduler: what has become due happens; when the next is due. */
void network_advance(void);
uint64_t network_next_ns(void);

/* ---- for os_socket.c and os_poller.c ---- */

enum entry_kind { ENTRY_CLOSED, ENTRY_LISTENER, ENTRY_LINK, ENTRY_POLLER, ENTRY_WAKEUP, ENTRY_LOCK };
struct entry {
    enum entry_kind kind;
    struct link *link;
    struct poller *poller; /* of a poller: itself; of others: the one that watches it */
    bool edge_in, edge_out;
    bool is_signalled; /* of a wake-up */
    struct fiber *waiter;
    enum os_interest interest;
    void *owner;
};

int entry_open(enum entry_kind kind);
/* Breaks the run where it is not open, or is something else. */
struct entry *entry_at(int descriptor, enum entry_kind kind);
void entry_close(int descriptor, enum entry_kind kind);
struct entry *entry_any(int descriptor);
/* NULL where it is not open. */
struct entry *entry_peek(int descriptor);
int entries_end(void);
/* Something has come up for it: whoever waits in its poller wakes. */
void entry_notify(struct entry *entry);
struct link *link_to_accept(int listener);
bool pipe_has_room(const struct pipe *pipe);
void pipe_write(struct pipe *pipe, const void *at, size_t size, uint64_t latency_ns);
size_t pipe_read(struct pipe *pipe, void *out, size_t size_max);
bool entry_is_readable(int descriptor);
bool entry_is_writable(int descriptor);
