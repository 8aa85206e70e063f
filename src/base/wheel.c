/* SPDX-License-Identifier: Apache-2.0 */
/* A timer waits on the lowest level whose span holds its distance. When the ticks of a level have gone round, the next
 * slot of the level above is taken apart and its timers are placed anew, one level lower. */
#include "base/wheel.h"

#include "base/check.h"

enum {
    LEVEL_1_SHIFT = 8,
    LEVEL_2_SHIFT = 14,
    LEVEL_0_SLOTS = 256,
    LEVEL_SLOTS = 64, /* of levels 1 and 2 */
    LEVEL_1_START = LEVEL_0_SLOTS,
    LEVEL_2_START = LEVEL_0_SLOTS + LEVEL_SLOTS,
    LEVEL_0_SPAN = LEVEL_0_SLOTS,
    LEVEL_1_SPAN = LEVEL_SLOTS << LEVEL_1_SHIFT,
    LEVEL_2_SPAN = LEVEL_SLOTS << LEVEL_2_SHIFT,
};

_Static_assert(sizeof(struct wheel_timer) == 24, "a timer is small: every connection has some");

/* In `tick` of a timer that is not armed: it may still be linked, in a list of due ones. */
static const uint64_t TICK_NONE = UINT64_MAX;

void wheel_init(struct wheel *wheel, uint64_t now)
{
    for (size_t index = 0; index < WHEEL_SLOTS; index++)
        list_init(&wheel->slots[index]);
    wheel->now = now;
    wheel->count = 0;
}

void wheel_timer_init(struct wheel_timer *timer)
{
    list_init(&timer->link);
    timer->tick = TICK_NONE;
}

bool wheel_timer_is_armed(const struct wheel_timer *timer)
{
    return timer->tick != TICK_NONE;
}

static struct list_link *level_slot(struct wheel *wheel, int level, uint64_t tick)
{
    if (level == 0)
        return &wheel->slots[tick & (LEVEL_0_SLOTS - 1)];
    if (level == 1)
        return &wheel->slots[LEVEL_1_START + ((tick >> LEVEL_1_SHIFT) & (LEVEL_SLOTS - 1))];
    return &wheel->slots[LEVEL_2_START + ((tick >> LEVEL_2_SHIFT) & (LEVEL_SLOTS - 1))];
}

/* `tick` is not before the wheel's now. */
static void place(struct wheel *wheel, struct wheel_timer *timer, uint64_t tick)
{
    uint64_t distance = tick - wheel->now;
    struct list_link *slot;
    if (distance < LEVEL_0_SPAN)
        slot = level_slot(wheel, 0, tick);
    else if (distance < LEVEL_1_SPAN)
        slot = level_slot(wheel, 1, tick);
    else if (distance < LEVEL_2_SPAN)
        slot = level_slot(wheel, 2, tick);
    else
        slot = level_slot(wheel, 2, wheel->now + ((uint64_t)(LEVEL_SLOTS - 1) << LEVEL_2_SHIFT));
    list_add_last(slot, &timer->link);
}

void wheel_arm(struct wheel *wheel, struct wheel_timer *timer, uint64_t tick)
{
    wheel_disarm(wheel, timer);
    timer->tick = tick == TICK_NONE ? TICK_NONE - 1 : tick;
    /* The slot of `now` has been emptied already: the next one is the first that will fire. */
    place(wheel, timer, timer->tick > wheel->now ? timer->tick : wheel->now + 1);
    wheel->count++;
}

void wheel_disarm(struct wheel *wheel, struct wheel_timer *timer)
{
    if (wheel_timer_is_armed(timer)) {
        check(wheel->count > 0);
        wheel->count--;
    }
    timer->tick = TICK_NONE;
    list_remove(&timer->link);
}

static void move_due(struct wheel *wheel, struct wheel_timer *timer, struct list_link *due)
{
    wheel_disarm(wheel, timer);
    list_add_last(due, &timer->link);
}

static void expire_slot(struct wheel *wheel, struct list_link *slot, struct list_link *due)
{
    while (!list_is_empty(slot))
        move_due(wheel, list_entry(slot->next, struct wheel_timer, link), due);
}

/* Timers that stay too far away come back to a slot of the same level, but never to this one. */
static void take_apart(struct wheel *wheel, struct list_link *slot)
{
    while (!list_is_empty(slot)) {
        struct wheel_timer *timer = list_entry(slot->next, struct wheel_timer, link);
        list_remove(&timer->link);
        place(wheel, timer, timer->tick);
    }
}

static void step(struct wheel *wheel, struct list_link *due)
{
    uint64_t now = ++wheel->now;
    if ((now & (LEVEL_1_SPAN - 1)) == 0)
        take_apart(wheel, level_slot(wheel, 2, now));
    if ((now & (LEVEL_0_SPAN - 1)) == 0)
        take_apart(wheel, level_slot(wheel, 1, now));
    expire_slot(wheel, level_slot(wheel, 0, now), due);
}

/* After a long sleep it is cheaper to look at each timer once than to walk all the ticks. */
static void leap(struct wheel *wheel, uint64_t now, struct list_link *due)
{
    struct list_link all;
    list_init(&all);
    for (size_t index = 0; index < WHEEL_SLOTS; index++) {
        while (!list_is_empty(&wheel->slots[index])) {
            struct list_link *link = wheel->slots[index].next;
            list_remove(link);
            list_add_last(&all, link);
        }
    }
    wheel->now = now;
    list_each(&all, link, following) {
        struct wheel_timer *timer = list_entry(link, struct wheel_timer, link);
        if (timer->tick <= now) {
            move_due(wheel, timer, due);
        } else {
            list_remove(link);
            place(wheel, timer, timer->tick);
        }
    }
}

void wheel_advance(struct wheel *wheel, uint64_t now, struct list_link *due)
{
    if (now <= wheel->now)
        return;
    if (now - wheel->now >= LEVEL_1_SPAN)
        leap(wheel, now, due);
    while (wheel->now < now && wheel->count > 0)
        step(wheel, due);
    wheel->now = now;
}

/* Ticks until the first slot of an upper level that holds something is taken apart, if that is below `max`. */
static uint64_t until_taken_apart(const struct wheel *wheel, size_t start, unsigned shift, uint64_t max)
{
    uint64_t turn = wheel->now >> shift;
    for (uint64_t ahead = 1; ahead <= LEVEL_SLOTS; ahead++) {
        uint64_t distance = ((turn + ahead) << shift) - wheel->now;
        if (distance >= max)
            return max;
        if (!list_is_empty(&wheel->slots[start + ((turn + ahead) & (LEVEL_SLOTS - 1))]))
            return distance;
    }
    return max;
}

uint64_t wheel_until_next(const struct wheel *wheel, uint64_t max)
{
    if (wheel->count == 0)
        return max;
    for (uint64_t ahead = 1; ahead < LEVEL_0_SLOTS && ahead < max; ahead++) {
        if (!list_is_empty(&wheel->slots[(wheel->now + ahead) & (LEVEL_0_SLOTS - 1)])) {
            max = ahead;
            break;
        }
    }
    max = until_taken_apart(wheel, LEVEL_1_START, LEVEL_1_SHIFT, max);
    return until_taken_apart(wheel, LEVEL_2_START, LEVEL_2_SHIFT, max);
}
