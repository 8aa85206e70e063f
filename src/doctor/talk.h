/* SPDX-License-Identifier: Apache-2.0 */
/* A WebSocket to natter's diagnosis (docs/reference/diagnosis.md), from the client's side. One thread; waits. */
#pragma once

#include "doctor/exchange.h"
#include "doctor/seen.h"
#include "wire/ws_frame.h"

/* What became of the upgrade. */
struct talk_facts {
    bool is_open; /* 101, and the first message was natter's report */
    bool is_answered;
    int status;
    bool is_accept_right;
    char protocol[64];    /* agreed on; empty: none */
    char extensions[256]; /* agreed on */
    char server[128];     /* the field of that name */
    char snippet[128];    /* how the body of a refusal begins */
    struct seen seen;     /* the first message, or the body of a refusal */
    char problem[160];    /* why there was no answer */
};

/* How it ended. */
enum talk_end {
    TALK_OPEN,
    TALK_CLOSED, /* with a close frame: `close_code` */
    TALK_CUT,    /* without one */
};

struct talk {
    struct exchange exchange; /* its link is ours */
    struct builder in;        /* bytes not yet understood */
    struct builder message;   /* the last one */
    struct deflater *deflater;
    enum ws_opcode opcode; /* of it */
    bool was_compressed;   /* it was */
    enum talk_end end;
    int close_code;
};

/* Upgrades and waits for the report. False: `out_facts` says how far it came. talk_done() in any case. */
bool talk_open(struct talk *talk, const struct target *target, bool offers_compression, struct talk_facts *out_facts);
void talk_done(struct talk *talk);
/* False: the other side is gone. */
bool talk_say(struct talk *talk, enum ws_opcode opcode, struct view payload);
/* The same, compressed. */
bool talk_say_compressed(struct talk *talk, struct view payload);
bool talk_command(struct talk *talk, const char *json);
/* The next message, into talk->message; pings are not answered, so that silence stays silence. False: none within that
 * time, or talk->end says why none will come. */
bool talk_hear(struct talk *talk, int timeout_ms);
/* Is the last message a text object of that type? */
bool talk_heard(const struct talk *talk, const char *type);
