/* SPDX-License-Identifier: Apache-2.0 */
/* A server in a thread of the test, with one room, that speaks as much of natter.v1 as the load generator needs, or
 * broadcasts plainly, and can be told to do one thing wrong. Connection 0 is the first that came: a publisher. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum fake_fault {
    FAKE_FINE,
    FAKE_DROPS,         /* the victim does not get the event */
    FAKE_DOUBLES,       /* the victim gets it twice */
    FAKE_SWAPS,         /* the victim gets it after the next */
    FAKE_GAPS,          /* the victim is told that this and the next two are skipped */
    FAKE_ACKS_NOT,      /* no ack for it */
    FAKE_ACKS_WRONGLY,  /* the ack has another number */
    FAKE_COMMITS_TWICE, /* it becomes two events */
    FAKE_IS_BUSY,       /* it is refused the first time */
    FAKE_REFUSES,       /* it is refused for good */
    FAKE_CLOSES,        /* the victim's connection is closed with 4108 */
    FAKE_HAS_LIMIT,     /* the victim's upgrade is answered with 429 */
    FAKE_IS_SILENT,     /* the victim's upgrade is not answered */
    FAKE_FORBIDS,       /* the victim's join is refused */
    FAKE_FORGETS,       /* whoever resumes is told one event less than it missed */
    FAKE_REPEATS,       /* whoever resumes is told one event more */
    FAKE_TRUNCATES,     /* whoever resumes is told the newest event only, and that there were more */
    FAKE_STARTS_ANEW,   /* whoever resumes is told another epoch */
    FAKE_MIXES_ROOMS,   /* raw: everybody gets the messages of all paths */
    FAKE_GLUES,         /* raw: two messages in one frame, with a line end between */
};

struct fake_options {
    bool is_raw;
    bool is_fragmenting; /* messages in three frames, with a ping in between */
    bool is_reordering;  /* the fields of its objects stand in another order, with blanks */
    uint64_t first_seq;  /* the room's log has events up to here already */
    enum fake_fault fault;
    uint64_t at;     /* the event's place among those of the run, from 1 */
    uint32_t victim; /* the connection's number */
};

struct fake_server;

struct fake_server *fake_server_start(const struct fake_options *options);
void fake_server_stop(struct fake_server *server);
uint16_t fake_server_port(const struct fake_server *server);
