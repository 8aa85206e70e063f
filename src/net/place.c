/* SPDX-License-Identifier: Apache-2.0 */
/* Which feeds a connection follows. The first one needs no allocation; most connections are in one room. */
#include <stdlib.h>

#include "net/shard_inside.h"

enum { PLACES_MORE_MIN = 4 };

struct place *conn_place(struct conn *conn, uint32_t i)
{
    check(i < conn->place_count);
    return i == 0 ? &conn->place_one : &conn->places_more[i - 1];
}

struct place *conn_place_of(struct conn *conn, const struct feed *feed)
{
    for (uint32_t i = 0; i < conn->place_count; i++) {
        struct place *place = conn_place(conn, i);
        if (place->feed == feed)
            return place;
    }
    return NULL;
}

static bool has_room_for_place(struct conn *conn)
{
    size_t capacity = conn->places_more_capacity;

    if (conn->place_count == 0 || conn->place_count - 1u < capacity)
        return true;
    if (conn->place_count == UINT16_MAX)
        return false;
    capacity = capacity ? capacity * 2 : PLACES_MORE_MIN;
    if (capacity > UINT16_MAX)
        capacity = UINT16_MAX;
    struct place *places = realloc(conn->places_more, capacity * sizeof *places);
    if (!places)
        return false;
    conn->places_more = places;
    conn->places_more_capacity = (uint16_t)capacity;
    return true;
}

void conn_subscribe(struct conn *conn, struct feed *feed, uint64_t seq_next, bool is_held)
{
    uint32_t index;

    if (conn_place_of(conn, feed))
        return;
    if (!has_room_for_place(conn) || (index = feed_subscribe(feed, conn, seq_next)) == UINT32_MAX) {
        conn_end(conn, END_NO_MEMORY);
        return;
    }
    feed->cursors[index].is_held = is_held;
    conn->place_count++;
    *conn_place(conn, conn->place_count - 1u) = (struct place){feed, index};
    counter_add(&conn->shard->counters.subscriptions, 1);
}

static void leave_feed(struct conn *conn, struct place place)
{
    struct conn *moved = feed_unsubscribe(place.feed, place.index);

    if (moved)
        conn_place_of(moved, place.feed)->index = place.index;
    counter_subtract(&conn->shard->counters.subscriptions, 1);
    if (place.feed->cursor_count == 0)
        shard_feed_release(conn->shard, place.feed);
}

void conn_unsubscribe(struct conn *conn, struct feed *feed)
{
    struct place *place = conn_place_of(conn, feed);

    if (!place)
        return;
    struct place gone = *place;
    *place = *conn_place(conn, conn->place_count - 1u);
    conn->place_count--;
    leave_feed(conn, gone);
}

void conn_unsubscribe_all(struct conn *conn)
{
    while (conn->place_count > 0) {
        struct place gone = *conn_place(conn, conn->place_count - 1u);
        conn->place_count--;
        leave_feed(conn, gone);
    }
    free(conn->places_more);
    conn->places_more = NULL;
    conn->places_more_capacity = 0;
}
