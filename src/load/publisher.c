/* SPDX-License-Identifier: Apache-2.0 */
#include "load/publisher.h"

#include <stdlib.h>

enum {
    /* At a fixed rate: more than this many unanswered messages of one publisher say nothing new about the server. */
    FLIGHTS_MAX = 65536,
    /* Landed messages are remembered for a while, so that a second copy or ack of one is noticed. */
    MEMORY_FACTOR = 4,
    NS_PER_SECOND = 1000000000,
};

struct flight {
    uint64_t at_ns;
    uint64_t seq;          /* from the ack or the own copy, whichever came first; 0: neither */
    uint64_t repeat_at_ns; /* refused for now; 0: not */
    uint32_t number;
    uint32_t receipts;
    bool is_acked;
    bool is_echoed;
};

static uint64_t power_of_two_from(uint64_t number)
{
    uint64_t power = 1;
    while (power < number)
        power *= 2;
    return power;
}

enum result publisher_init(struct publisher *publisher, const struct publisher_plan *plan)
{
    *publisher = (struct publisher){.plan = *plan};
    uint64_t span = plan->rate_milli > 0 ? 1024 : plan->window;
    publisher->capacity = power_of_two_from(span * MEMORY_FACTOR);
    publisher->ring = calloc(publisher->capacity, sizeof(*publisher->ring));
    return publisher->ring == NULL ? RESULT_NO_MEMORY : RESULT_OK;
}

void publisher_done(struct publisher *publisher)
{
    free(publisher->ring);
    publisher->ring = NULL;
}

static struct flight *slot_of(const struct publisher *publisher, uint64_t number)
{
    return &publisher->ring[number & (publisher->capacity - 1)];
}

/* The message's flight if it is remembered, in flight or landed, or NULL. */
static struct flight *find(const struct publisher *publisher, uint32_t number)
{
    struct flight *flight = slot_of(publisher, number);
    return number > 0 && number <= publisher->sent && flight->number == number ? flight : NULL;
}

static bool has_landed(const struct publisher *publisher, const struct flight *flight)
{
    const struct publisher_plan *plan = &publisher->plan;
    if (plan->has_acks && !flight->is_acked)
        return false;
    if (plan->until == PUBLISHER_UNTIL_ALL && flight->receipts < plan->readers)
        return false;
    return flight->is_echoed || plan->until == PUBLISHER_UNTIL_ACK;
}

static void land(struct publisher *publisher)
{
    while (publisher->landed < publisher->sent && has_landed(publisher, slot_of(publisher, publisher->landed + 1)))
        publisher->landed++;
}

/* Doubles the ring, up to what FLIGHTS_MAX needs; at a fixed rate only. */
static bool grow(struct publisher *publisher)
{
    struct publisher bigger = {.capacity = publisher->capacity * 2};
    if (bigger.capacity > (uint64_t)FLIGHTS_MAX * 2)
        return false;
    bigger.ring = calloc(bigger.capacity, sizeof(*bigger.ring));
    if (bigger.ring == NULL)
        return false;
    for (uint64_t index = 0; index < publisher->capacity; index++)
        if (publisher->ring[index].number > 0)
            *slot_of(&bigger, publisher->ring[index].number) = publisher->ring[index];
    free(publisher->ring);
    publisher->ring = bigger.ring;
    publisher->capacity = bigger.capacity;
    return true;
}

/* When message `number` is due at the fixed rate. Whole and rest of the division apart, so that nothing is rounded
 * twice or overflows however long it runs. */
uint64_t publisher_turn_ns(const struct publisher *publisher, uint64_t number)
{
    const struct publisher_plan *plan = &publisher->plan;
    uint64_t place = (number - 1) * plan->count + plan->index;
    uint64_t whole = place / plan->rate_milli;
    double rest = (double)(place % plan->rate_milli) / (double)plan->rate_milli;
    return plan->start_ns + (whole * NS_PER_SECOND + (uint64_t)(rest * NS_PER_SECOND)) * 1000;
}

static bool may_send(struct publisher *publisher, uint64_t now_ns, uint64_t *out_at_ns)
{
    uint64_t in_flight = publisher->sent - publisher->landed;
    *out_at_ns = now_ns;
    if (publisher->has_stopped || publisher->sent >= UINT32_MAX)
        return false;
    if (publisher->plan.rate_milli == 0)
        return in_flight < publisher->plan.window;
    *out_at_ns = publisher_turn_ns(publisher, publisher->sent + 1);
    if (*out_at_ns > now_ns || in_flight >= FLIGHTS_MAX)
        return false;
    return in_flight + 1 < publisher->capacity || grow(publisher);
}

/* A refused message whose time has come. */
static struct flight *find_repeat(struct publisher *publisher, uint64_t now_ns)
{
    struct flight *found = NULL;
    if (publisher->repeat_at_ns == 0 || publisher->repeat_at_ns > now_ns)
        return NULL;
    publisher->repeat_at_ns = 0;
    for (uint64_t number = publisher->landed + 1; number <= publisher->sent; number++) {
        struct flight *flight = slot_of(publisher, number);
        if (flight->repeat_at_ns == 0)
            continue;
        if (found == NULL && flight->repeat_at_ns <= now_ns)
            found = flight;
        else if (publisher->repeat_at_ns == 0 || flight->repeat_at_ns < publisher->repeat_at_ns)
            publisher->repeat_at_ns = flight->repeat_at_ns;
    }
    return found;
}

bool publisher_next(struct publisher *publisher, uint64_t now_ns, uint32_t *out_number, uint64_t *out_at_ns)
{
    struct flight *flight = find_repeat(publisher, now_ns);
    uint64_t at_ns;
    if (flight != NULL) {
        flight->repeat_at_ns = 0;
    } else if (may_send(publisher, now_ns, &at_ns)) {
        flight = slot_of(publisher, ++publisher->sent);
        *flight = (struct flight){.at_ns = at_ns, .number = (uint32_t)publisher->sent};
    } else {
        return false;
    }
    *out_number = flight->number;
    *out_at_ns = flight->at_ns;
    return true;
}

void publisher_stop(struct publisher *publisher)
{
    publisher->has_stopped = true;
}

uint64_t publisher_in_flight(const struct publisher *publisher)
{
    return publisher->sent - publisher->landed;
}

uint64_t publisher_ack(struct publisher *publisher, uint32_t number, uint64_t seq, uint64_t stream_last,
                       struct ledger *ledger)
{
    struct flight *flight = find(publisher, number);
    if (flight == NULL || flight->is_acked) {
        ledger->mismatched++; /* an ack for nothing, or a second one */
        return 0;
    }
    flight->is_acked = true;
    if (flight->seq == 0)
        flight->seq = seq;
    else if (flight->seq != seq)
        ledger->mismatched++;
    if (!flight->is_echoed && seq <= stream_last) {
        /* That number has passed by. Within a gap that is right; otherwise it came with other content. */
        flight->is_echoed = true;
        if (!publisher->has_gap)
            ledger->mismatched++;
    }
    land(publisher);
    return flight->at_ns;
}

void publisher_echo(struct publisher *publisher, uint32_t number, uint64_t seq, struct ledger *ledger)
{
    struct flight *flight = find(publisher, number);
    if (flight == NULL)
        return; /* landed so long ago that nothing is known any more; the stream's numbers are judged anyway */
    if (flight->is_echoed) {
        if (publisher->plan.has_acks)
            ledger->doubled++; /* one message under two numbers; where there are none the stream's ledger sees it */
        return;
    }
    flight->is_echoed = true;
    if (flight->seq == 0)
        flight->seq = seq;
    else if (flight->seq != seq)
        ledger->mismatched++;
    land(publisher);
}

bool publisher_receipt(struct publisher *publisher, uint32_t number)
{
    struct flight *flight = find(publisher, number);
    if (flight == NULL || ++flight->receipts != publisher->plan.readers)
        return false;
    land(publisher);
    return publisher->landed >= number;
}

void publisher_forgive_receipts(struct publisher *publisher)
{
    if (publisher->plan.until != PUBLISHER_UNTIL_ALL)
        return;
    publisher->plan.until = PUBLISHER_UNTIL_ECHO;
    land(publisher);
}

void publisher_skip(struct publisher *publisher, uint64_t stream_last)
{
    publisher->has_gap = true;
    for (uint64_t number = publisher->landed + 1; number <= publisher->sent; number++) {
        struct flight *flight = slot_of(publisher, number);
        if (flight->is_acked && flight->seq <= stream_last)
            flight->is_echoed = true;
    }
    land(publisher);
}

void publisher_refused(struct publisher *publisher, uint32_t number, uint64_t repeat_at_ns)
{
    struct flight *flight = find(publisher, number);
    if (flight == NULL || flight->is_acked)
        return;
    flight->repeat_at_ns = repeat_at_ns;
    if (publisher->repeat_at_ns == 0 || repeat_at_ns < publisher->repeat_at_ns)
        publisher->repeat_at_ns = repeat_at_ns;
}
