/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel as a fuzz target wants it: sockets in memory, a clock that moves when told, a poller that reports edges.
 * It defines what os/clock, os/poller and os/socket define, so the linker takes these in their place. It also watches
 * its caller: a descriptor that is used after its end, or closed twice, ends the program. */
#pragma once

#include "base/builder.h"
#include "os/socket.h"

enum { FAKE_SOCKETS_MAX = 64, FAKE_LISTENER = 1000 };

struct fake_socket {
    bool is_connected; /* the peer has connected; the server may not have accepted yet */
    bool is_accepted;
    bool is_closed;                /* by the server */
    bool is_watched;               /* in the poller */
    bool is_finished;              /* the peer's FIN is on its way */
    bool is_reset;                 /* the peer's RST is */
    bool is_out_finished;          /* the server's FIN */
    bool is_readable, is_writable; /* edges not yet reported */
    void *owner;
    size_t read_max;    /* bytes that one read brings */
    size_t room;        /* bytes that the socket still takes; SIZE_MAX: all */
    struct builder in;  /* from the peer, not yet read */
    struct builder out; /* written by the server */
};

extern struct fake_socket fake_sockets[FAKE_SOCKETS_MAX];

/* All sockets gone, the clock at a day. */
void fake_os_init(void);
void fake_os_done(void);
void fake_advance_ms(uint64_t ms);
/* A peer connects. Its descriptor, or -1: there are enough. */
int fake_connect(void);
void fake_send(int descriptor, struct view bytes);
void fake_finish(int descriptor);
void fake_reset(int descriptor);
/* The peer reads on: the socket takes so many bytes more. */
void fake_give_room(int descriptor, size_t bytes);
/* Sockets that the server has accepted and not closed. */
size_t fake_open_count(void);
/* The next so many accepts find no descriptor free. */
void fake_fail_accepts(int count);
