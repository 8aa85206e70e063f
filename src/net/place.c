/* SPDX-License-Identifier: Apache-2.0 */
/* Which feeds a connection follows. The first one needs no allocation; most connections are in one room. */
#include <stdlib.h>

#include "base/trace.h"
#include "net/shard_inside.h"

enum { PLACES_MIN = 4 };

/* Where there is more than one. */
struct places {
    uint32_t capacity;
    struct place items[];
};

struct place *conn_place(struct conn *conn, uint32_t i)
{
    check(i < conn->place_count);
    return conn->place_count == 1 ? &conn->place_one : &conn->places->items[i];
}

struct feed *place_feed(const struct conn *conn, const struct place *place)
{
    return conn_shard(conn)->feeds[place->number];
}

struct cursor *place_cursor(const struct conn *conn, const struct place *place)
{
    return &place_feed(conn, place)->cursors[place->index];
}

struct place *conn_place_of(struct conn *conn, const struct feed *feed)
{
    for (uint32_t i = 0; i < conn->place_count; i++) {
        struct place *place = conn_place(conn, i);
        if (place->number == feed->number)
            return place;
    }
    return NULL;
}

static struct places *grow(struct places *places, uint32_t capacity)
{
    struct places *grown = realloc(places, sizeof *grown + capacity * sizeof(struct place));

    if (grown)
        grown->capacity = capacity;
    return grown;
}

/* From the second place on they stand in memory of their own. */
static bool add_place(struct conn *conn, struct place place)
{
    if (conn->place_count == 0) {
        conn->place_one = place;
    } else if (conn->place_count == 1) {
        struct places *places = grow(NULL, PLACES_MIN);
        if (!places)
            return false;
        places->items[0] = conn->place_one;
        places->items[1] = place;
        conn->places = places;
    } else {
        if (conn->place_count == UINT16_MAX)
            return false;
        if (conn->place_count == conn->places->capacity) {
            struct places *places = grow(conn->places, conn->places->capacity * 2);
            if (!places)
                return false;
            conn->places = places;
        }
        conn->places->items[conn->place_count] = place;
    }
    conn->place_count++;
    return true;
}

/* The last place takes its index. */
static void remove_place(struct conn *conn, struct place *place)
{
    *place = *conn_place(conn, conn->place_count - 1u);
    if (--conn->place_count == 1) {
        struct places *places = conn->places;
        conn->place_one = places->items[0];
        free(places);
    }
}

void conn_subscribe(struct conn *conn, struct feed *feed, uint64_t seq_next, bool is_held)
{
    if (conn_place_of(conn, feed))
        return;
    uint32_t index = feed_subscribe(feed, conn, seq_next);
    if (index == UINT32_MAX || !add_place(conn, (struct place){feed->number, index})) {
        if (index != UINT32_MAX)
            (void)feed_unsubscribe(feed, index); /* it is the last one: nobody moves */
        conn_end(conn, END_NO_MEMORY);
        return;
    }
    feed->cursors[index].is_held = is_held;
    struct conn_life *life = conn_life(conn);
    life->events_out -= seq_next; /* what the cursor's seq_next is more than this has left */
    life->joined_after_ms = life_after_ms(life, conn_shard(conn)->now_ms);
    life_count(&life->joins);
    TRACE_3(join, conn_handle(conn), feed->number, seq_next);
    counter_add(&conn_shard(conn)->counters.subscriptions, 1);
}

static void leave_feed(struct conn *conn, struct place place)
{
    struct feed *feed = place_feed(conn, &place);
    conn_life(conn)->events_out += feed->cursors[place.index].seq_next;
    struct conn *moved = feed_unsubscribe(feed, place.index);

    if (moved)
        conn_place_of(moved, feed)->index = place.index;
    counter_subtract(&conn_shard(conn)->counters.subscriptions, 1);
    shard_feed_trim(conn_shard(conn), feed);
    if (feed->cursor_count == 0)
        shard_feed_release(conn_shard(conn), feed);
}

void conn_unsubscribe(struct conn *conn, struct feed *feed)
{
    struct place *place = conn_place_of(conn, feed);

    if (!place)
        return;
    struct place gone = *place;
    remove_place(conn, place);
    leave_feed(conn, gone);
}

void conn_unsubscribe_all(struct conn *conn)
{
    while (conn->place_count > 0) {
        struct place *last = conn_place(conn, conn->place_count - 1u);
        struct place gone = *last;
        remove_place(conn, last);
        leave_feed(conn, gone);
    }
}
