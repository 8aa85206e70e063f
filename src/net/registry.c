/* SPDX-License-Identifier: Apache-2.0 */
/* The shard's connections by handle, and its feeds by number. A slot's generation makes handles of ended connections
 * miss. */
#include <stdlib.h>

#include "net/shard_inside.h"

enum { REGISTRY_MIN = 64, SLOTS_MAX = 1 << 26, FEEDS_MIN = 16, NO_SLOT = UINT32_MAX };

static bool grow_registry(struct shard *shard)
{
    uint32_t capacity = shard->registry_capacity ? shard->registry_capacity * 2 : REGISTRY_MIN;
    struct registry_slot *slots = realloc(shard->registry, capacity * sizeof *slots);

    if (!slots)
        return false;
    shard->registry = slots;
    struct conn_life *lives = realloc(shard->lives, capacity * sizeof *lives);
    if (!lives)
        return false;
    shard->lives = lives;
    shard->registry_capacity = capacity;
    return true;
}

enum result shard_register(struct shard *shard, struct conn *conn)
{
    uint32_t index = shard->registry_free;

    if (index == NO_SLOT) {
        if (shard->registry_used == shard->registry_capacity && !grow_registry(shard))
            return RESULT_NO_MEMORY;
        index = shard->registry_used++;
        shard->registry[index] = (struct registry_slot){.next_free = NO_SLOT};
    }
    struct registry_slot *slot = &shard->registry[index];

    check(!slot->conn);
    shard->registry_free = slot->next_free;
    slot->conn = conn;
    slot->generation++;
    conn->slot = index;
    shard->registry_count++;
    conn_life_begin(conn);
    return RESULT_OK;
}

static bool use_slots(struct shard *shard, uint32_t used)
{
    while (shard->registry_capacity < used) {
        if (!grow_registry(shard))
            return false;
    }
    while (shard->registry_used < used)
        shard->registry[shard->registry_used++] = (struct registry_slot){.next_free = NO_SLOT};
    return true;
}

enum result shard_register_as(struct shard *shard, struct conn *conn, uint64_t handle)
{
    uint32_t index = (uint32_t)handle;

    if (index >= SLOTS_MAX)
        return RESULT_INVALID;
    if (!use_slots(shard, index + 1))
        return RESULT_NO_MEMORY;
    struct registry_slot *slot = &shard->registry[index];
    if (slot->conn)
        return RESULT_INVALID;
    slot->conn = conn;
    slot->generation = (uint32_t)(handle >> 32);
    conn->slot = index;
    shard->registry_count++;
    conn_life_begin(conn);
    return RESULT_OK;
}

/* Whoever comes into one of these slots must not get a handle that somebody had before: so they count on from the
 * newest generation of all. */
void shard_link_free(struct shard *shard)
{
    uint32_t newest = 0;

    shard->registry_free = NO_SLOT;
    for (uint32_t i = 0; i < shard->registry_used; i++) {
        if (shard->registry[i].conn && shard->registry[i].generation > newest)
            newest = shard->registry[i].generation;
    }
    for (uint32_t i = shard->registry_used; i-- > 0;) {
        if (shard->registry[i].conn)
            continue;
        shard->registry[i].generation = newest;
        shard->registry[i].next_free = shard->registry_free;
        shard->registry_free = i;
    }
}

void shard_unregister(struct shard *shard, struct conn *conn)
{
    struct registry_slot *slot = &shard->registry[conn->slot];

    check(slot->conn == conn);
    agents_give(&shard->agents, shard->lives[conn->slot].agent);
    slot->conn = NULL;
    slot->next_free = shard->registry_free;
    shard->registry_free = conn->slot;
    shard->registry_count--;
}

struct conn *shard_find(struct shard *shard, uint64_t handle)
{
    uint32_t index = (uint32_t)handle;

    if (index >= shard->registry_used)
        return NULL;
    const struct registry_slot *slot = &shard->registry[index];
    bool is_live = slot->conn && slot->conn->state != CONN_ENDED;
    return is_live && slot->generation == handle >> 32 ? slot->conn : NULL;
}

void queue_add(struct conn *conn, enum conn_queue which)
{
    struct shard *shard = conn_shard(conn);
    struct queue *queue = &shard->queues[which];

    if (conn->queued & 1u << which)
        return;
    conn->queued |= (uint8_t)(1u << which);
    if (queue->count++ == 0)
        queue->first = conn->slot;
    else
        shard->registry[queue->last].conn->queue_next[which] = conn->slot;
    queue->last = conn->slot;
}

struct conn *queue_take(struct shard *shard, enum conn_queue which)
{
    struct queue *queue = &shard->queues[which];

    if (queue->count == 0)
        return NULL;
    struct conn *conn = shard->registry[queue->first].conn;
    queue->count--;
    queue->first = conn->queue_next[which];
    conn->queued &= (uint8_t) ~(1u << which);
    return conn;
}

static bool grow_feeds(struct shard *shard, uint32_t number)
{
    uint32_t capacity = shard->feeds_capacity ? shard->feeds_capacity : FEEDS_MIN;

    while (capacity <= number)
        capacity *= 2;
    struct feed **feeds = realloc(shard->feeds, capacity * sizeof(struct feed *));
    if (!feeds)
        return false;
    for (uint32_t i = shard->feeds_capacity; i < capacity; i++)
        feeds[i] = NULL;
    shard->feeds = feeds;
    shard->feeds_capacity = capacity;
    return true;
}

struct feed *shard_feed(struct shard *shard, uint32_t number, bool may_make)
{
    if (number < shard->feeds_capacity && shard->feeds[number])
        return shard->feeds[number];
    if (!may_make || (number >= shard->feeds_capacity && !grow_feeds(shard, number)))
        return NULL;
    shard->feeds[number] = feed_new(number, shard->options.feed_bytes_max);
    if (shard->feeds[number])
        counter_add(&shard->counters.feeds, 1);
    return shard->feeds[number];
}

void shard_feed_dirty(struct shard *shard, struct feed *feed)
{
    feed->flush_left = feed->cursor_count;
    if (list_is_empty(&feed->dirty))
        list_add_last(&shard->dirty_feeds, &feed->dirty);
}

void shard_feed_trim(struct shard *shard, struct feed *feed)
{
    if (feed->behind_count > 0 || feed->bytes == 0)
        return;
    counter_subtract(&shard->counters.feed_bytes, feed->bytes);
    feed_trim(feed);
}

void shard_feed_release(struct shard *shard, struct feed *feed)
{
    feed->flush_left = 0;
    if (list_is_empty(&feed->empty))
        list_add_last(&shard->empty_feeds, &feed->empty);
}
