/* SPDX-License-Identifier: Apache-2.0 */
#include "base/turns.h"

#include <string.h>

#include "base/check.h"

enum { READ_TRIES_MAX = 1000 };

void turns_init(struct turns *turns, uint64_t limit_ns)
{
    memset(turns, 0, sizeof *turns);
    histogram_init(&turns->ns);
    turns->limit_ns = limit_ns;
}

void turns_begin(struct turns *turns, uint64_t now_ns)
{
    memset(turns->phase_ns, 0, sizeof turns->phase_ns);
    turns->left_ns = now_ns;
    counter_set(&turns->begun_ns, now_ns);
}

static unsigned longest_of(const uint64_t *phase_ns)
{
    unsigned longest = 0;

    for (unsigned phase = 1; phase < TURNS_PHASES_MAX; phase++) {
        if (phase_ns[phase] > phase_ns[longest])
            longest = phase;
    }
    return longest;
}

static uint64_t total_of(const struct turns *turns)
{
    return turns->left_ns - counter_get(&turns->begun_ns);
}

bool turns_end(struct turns *turns)
{
    uint64_t total_ns = total_of(turns);
    bool is_slow = turns->limit_ns > 0 && total_ns > turns->limit_ns;

    counter_add(&turns->count, 1);
    histogram_add(&turns->ns, total_ns);
    if (is_slow)
        counter_add(&turns->slow[longest_of(turns->phase_ns)], 1);
    if (is_slow || total_ns > counter_get(&turns->worst.total_ns))
        return true; /* it is ended by turns_keep() */
    counter_set(&turns->begun_ns, 0);
    return false;
}

/* Each store is a release and each load of a reader an acquire: whoever sees a new number also sees the odd version. */
static void publish(struct counter *counter, uint64_t value)
{
    atomic_store_explicit(&counter->value, value, memory_order_release);
}

static uint64_t look(const struct counter *counter)
{
    return atomic_load_explicit(&counter->value, memory_order_acquire);
}

static void keep(struct turn_kept *kept, const struct turn *turn)
{
    counter_add(&kept->version, 1);
    publish(&kept->number, turn->number);
    publish(&kept->total_ns, turn->total_ns);
    for (unsigned i = 0; i < TURNS_PHASES_MAX; i++)
        publish(&kept->phase_ns[i], turn->phase_ns[i]);
    for (unsigned i = 0; i < TURNS_WORK_MAX; i++)
        publish(&kept->work[i], turn->work[i]);
    publish(&kept->version, counter_get(&kept->version) + 1);
}

void turns_keep(struct turns *turns, const uint64_t *work)
{
    struct turn turn = {.number = counter_get(&turns->count), .total_ns = total_of(turns)};

    check(turn.number > 0);
    memcpy(turn.phase_ns, turns->phase_ns, sizeof turn.phase_ns);
    memcpy(turn.work, work, sizeof turn.work);
    if (turn.total_ns > counter_get(&turns->worst.total_ns))
        keep(&turns->worst, &turn);
    if (turns->limit_ns > 0 && turn.total_ns > turns->limit_ns)
        keep(&turns->newest, &turn);
    counter_set(&turns->begun_ns, 0);
}

bool turn_kept_read(const struct turn_kept *kept, struct turn *out_turn)
{
    for (int tries = 0; tries < READ_TRIES_MAX; tries++) {
        uint64_t version = look(&kept->version);
        struct turn turn = {.number = look(&kept->number), .total_ns = look(&kept->total_ns)};
        for (unsigned i = 0; i < TURNS_PHASES_MAX; i++)
            turn.phase_ns[i] = look(&kept->phase_ns[i]);
        for (unsigned i = 0; i < TURNS_WORK_MAX; i++)
            turn.work[i] = look(&kept->work[i]);
        if (version % 2 == 0 && look(&kept->version) == version) {
            *out_turn = turn;
            return turn.number > 0;
        }
    }
    return false; /* the writer was stopped in the middle of it: nothing to show now */
}

unsigned turn_longest_phase(const struct turn *turn)
{
    return longest_of(turn->phase_ns);
}

uint64_t turns_slow_count(const struct turns *turns)
{
    uint64_t count = 0;

    for (unsigned phase = 0; phase < TURNS_PHASES_MAX; phase++)
        count += counter_get(&turns->slow[phase]);
    return count;
}

uint64_t turns_at_work_ns(const struct turns *turns, uint64_t now_ns, unsigned *out_phase)
{
    uint64_t begun_ns = counter_get(&turns->begun_ns);

    *out_phase = (unsigned)counter_get(&turns->phase);
    return begun_ns > 0 && now_ns > begun_ns ? now_ns - begun_ns : 0;
}
