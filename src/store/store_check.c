/* SPDX-License-Identifier: Apache-2.0 */
/* What must hold of the store between two batches, walked from end to end. Tests and the simulator call it. */
#include "store/core.h"

static void check_room_log(const struct store *store, const struct room *room)
{
    const struct store_room *shown = &room->shown;
    const struct store_recent *recent = shown->recent;

    check(list_is_empty((struct list_link *)&shown->staged));
    check(list_is_empty((struct list_link *)&room->unstored));
    check(room->staged_count == 0 && room->staged_deletes == 0);
    check(shown->seq_staged == shown->seq_committed);
    check(shown->messages_staged == shown->messages_committed && shown->messages_committed <= shown->seq_committed);
    check(shown->at_ms_last == room->at_ms_committed);
    check(shown->is_ephemeral ? shown->id == 0 : shown->is_stored == (shown->id != 0));
    check(table_get(&store->rooms, shown->fold) == room);
    recent_check(recent);
    if (recent->count > 0)
        check(recent->oldest + recent->count == shown->seq_committed + 1);
}

void store_check(const struct store *store)
{
    size_t bytes = 0;

    check(!store->is_in_transaction && !store->is_reporting);
    check(store->failure == RESULT_OK && store->changes == 0);
    check(list_is_empty((struct list_link *)&store->staged_durable));
    check(list_is_empty((struct list_link *)&store->staged_ephemeral));
    for (size_t position = 0;;) {
        const struct room *room = table_next(&store->rooms, &position);
        if (room == NULL)
            break;
        check_room_log(store, room);
        bytes += room->shown.recent->bytes;
    }
    check(bytes == store->recent_total.bytes);
}
