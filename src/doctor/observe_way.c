/* SPDX-License-Identifier: Apache-2.0 */
/* What an open WebSocket lets through: large messages, small ones in time, and silence. */
#include <stdio.h>
#include <stdlib.h>

#include "doctor/observe_inside.h"
#include "os/clock.h"

enum {
    ANSWER_MS = 10000,
    SIZE_STEPS_MAX = 10, /* of the bisection: a thousandth is close enough */
    SIZE_MIN = 128,
    DROPS = 8,
    DROP_INTERVAL_MS = 100,
    DROP_WAIT_MS = 4000,
    BURST_MS = 30, /* two drops that come so close together have waited for each other */
    SAY_EVERY_MS = 500,
    LISTEN_MS = 30,
};

/* One message of that size, on a connection of its own: does it come through? */
static bool passes(const struct target *target, bool is_up, int64_t size, struct observed_size *observed)
{
    struct talk_facts facts;
    struct talk talk;
    char command[64];
    bool is_through = false;
    uint8_t *bytes = calloc(1, (size_t)size);

    (void)snprintf(command, sizeof command, "{\"type\":\"echo\",\"bytes\":%lld}", (long long)size);
    if (bytes && talk_open(&talk, target, false, &facts)) {
        bool is_said = is_up ? talk_say(&talk, WS_BINARY, view_of(bytes, (size_t)size)) : talk_command(&talk, command);
        if (is_said && talk_hear(&talk, ANSWER_MS))
            is_through = is_up ? talk_heard(&talk, "got") : talk.message.size == (size_t)size;
        if (!is_through) {
            observed->end = talk.end;
            observed->close_code = talk.close_code;
        }
    }
    talk_done(&talk);
    free(bytes);
    return is_through;
}

static void find_size(const struct target *target, bool is_up, int64_t wanted, struct observed_size *observed)
{
    struct observed_size ignored;

    *observed = (struct observed_size){.was_tried = true, .wanted = wanted};
    if (passes(target, is_up, wanted, observed)) {
        observed->passed = wanted;
        return;
    }
    observed->failed = wanted;
    if (!passes(target, is_up, SIZE_MIN, &ignored))
        return;
    observed->passed = SIZE_MIN;
    for (int step = 0; step < SIZE_STEPS_MAX && observed->failed - observed->passed > 64; step++) {
        int64_t middle = (observed->passed + observed->failed) / 2;
        if (passes(target, is_up, middle, &ignored))
            observed->passed = middle;
        else
            observed->failed = middle;
    }
}

void observe_sizes(const struct target *target, struct observations *seen)
{
    int64_t wanted = seen->upgrade.seen.frame_bytes;

    if (wanted < SIZE_MIN)
        return;
    find_size(target, true, wanted, &seen->up);
    find_size(target, false, wanted, &seen->down);
}

void observe_drip(const struct target *target, struct observations *seen)
{
    struct talk_facts facts;
    struct talk talk;
    char command[96];
    uint64_t last_ms = 0;

    (void)snprintf(command, sizeof command, "{\"type\":\"drip\",\"count\":%d,\"interval_ms\":%d,\"bytes\":16}", DROPS,
                   DROP_INTERVAL_MS);
    if (talk_open(&talk, target, false, &facts) && talk_command(&talk, command)) {
        uint64_t begun_ms = os_clock_monotonic_ms();
        seen->is_drip_tried = true;
        seen->drops_sent = DROPS;
        while (seen->drops_come < DROPS && talk_hear(&talk, DROP_WAIT_MS)) {
            uint64_t now_ms = os_clock_monotonic_ms();
            if (!talk_heard(&talk, "drop"))
                continue;
            if (seen->drops_come == 0)
                seen->first_drop_ms = (int64_t)(now_ms - begun_ms) - DROP_INTERVAL_MS;
            else if (now_ms - last_ms < BURST_MS)
                seen->drops_late++;
            seen->drops_come++;
            last_ms = now_ms;
        }
    }
    talk_done(&talk);
}

struct watch {
    struct talk talk;
    bool is_open;
    struct observed_silence *observed;
};

static void begin_watch(struct watch *watch, const struct target *target, const char *command)
{
    struct talk_facts facts;

    watch->is_open = talk_open(&watch->talk, target, false, &facts) && talk_command(&watch->talk, command);
    watch->observed->was_tried = watch->is_open;
}

/* Listens for a moment. Notes the end, if it has come. */
static void look(struct watch *watch, int64_t silent_ms)
{
    if (!watch->is_open)
        return;
    (void)talk_hear(&watch->talk, LISTEN_MS);
    if (watch->talk.end == TALK_OPEN) {
        watch->observed->after_ms = silent_ms;
        return;
    }
    watch->is_open = false;
    *watch->observed = (struct observed_silence){
        .was_tried = true,
        .is_cut = true,
        .after_ms = silent_ms,
        .end = watch->talk.end,
        .close_code = watch->talk.close_code,
    };
}

void observe_silence(const struct target *target, int64_t watched_ms,
                     void (*progress)(const char *what, int done_s, int of_s), struct observations *seen)
{
    struct watch watches[3] = {{.observed = &seen->both}, {.observed = &seen->ours}, {.observed = &seen->theirs}};
    char silence[64], drip[96];
    uint64_t begun_ms, said_ms = 0;
    int64_t passed_ms = 0;

    (void)snprintf(silence, sizeof silence, "{\"type\":\"silence\",\"for_ms\":%lld}", (long long)watched_ms + 2000);
    (void)snprintf(drip, sizeof drip, "{\"type\":\"drip\",\"count\":10000,\"interval_ms\":%d}", SAY_EVERY_MS);
    begin_watch(&watches[0], target, silence);
    begin_watch(&watches[1], target, drip);
    begin_watch(&watches[2], target, silence);
    seen->is_silence_tried = true;
    begun_ms = os_clock_monotonic_ms();
    while (passed_ms < watched_ms && (watches[0].is_open || watches[1].is_open || watches[2].is_open)) {
        passed_ms = (int64_t)(os_clock_monotonic_ms() - begun_ms);
        if (os_clock_monotonic_ms() - said_ms >= SAY_EVERY_MS && watches[2].is_open) {
            (void)talk_say(&watches[2].talk, WS_PONG, VIEW("")); /* asks for no answer; an end shows at the next look */
            said_ms = os_clock_monotonic_ms();
        }
        for (int i = 0; i < 3; i++)
            look(&watches[i], passed_ms);
        if (progress)
            progress("waiting for idle connections to be cut", (int)(passed_ms / 1000), (int)(watched_ms / 1000));
    }
    for (int i = 0; i < 3; i++)
        talk_done(&watches[i].talk);
}
