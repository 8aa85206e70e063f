/* SPDX-License-Identifier: Apache-2.0 */
/* The newest events of one live room: a ring of records with consecutive seq, bounded in count and bytes. For ephemeral
 * rooms it is all there is, and remembers the keys as well. Not here: what is committed and what is not; only committed
 * events come in. All rooms together are bounded as well: beyond it those that have been quiet longest keep only their
 * newest event. One thread: the store's.
 *
 *     slots[seq & mask]    oldest … oldest + count - 1 are there
 */
#pragma once

#include "base/list.h"
#include "base/table.h"
#include "store/record.h"

/* What all rooms together hold. */
struct recent_total {
    size_t bytes, bytes_max;
    struct list_link rings; /* with more than one record; who was added to last comes last */
};

struct store_recent {
    struct recent_total *total;
    struct list_link link; /* in total->rings */
    struct record **slots;
    size_t mask;
    uint64_t oldest; /* seq of the oldest; meaningless while count is 0 */
    size_t count;
    size_t bytes;
    size_t events_max;
    size_t bytes_max;
    bool has_keys;
    struct table keys; /* identity → record; staged ones are in it before they are in the ring */
};

void recent_total_init(struct recent_total *total, size_t bytes_max);
/* NULL: no memory. */
struct store_recent *recent_new(struct recent_total *total, size_t events_max, size_t bytes_max, bool has_keys);
void recent_free(struct store_recent *recent);

/* Makes sure that `more` records can be added without memory. RESULT_OK, RESULT_NO_MEMORY. */
enum result recent_reserve(struct store_recent *recent, size_t more) MUST_USE;
/* Takes the record that follows the newest, after recent_reserve. Does not trim, so that a batch's records outlive
 * their notice. */
void recent_add(struct store_recent *recent, struct record *record);
/* Takes the record before the oldest, for filling backwards. False: a limit is reached or memory ended; the record is
 * still the caller's. */
bool recent_add_older(struct store_recent *recent, struct record *record);
/* Ends the oldest records until both limits hold, and other rooms' until that of all together does. At least one of
 * each room stays. No record of any room may be in use. */
void recent_trim(struct store_recent *recent);
/* Ends all records up to `seq`. */
void recent_drop_through(struct store_recent *recent, uint64_t seq);

/* NULL if it is not in memory. */
struct record *recent_get(const struct store_recent *recent, uint64_t seq);

/* For rooms with keys. */
struct record *recent_key_get(const struct store_recent *recent, struct view identity);
enum result recent_key_put(struct store_recent *recent, struct record *record) MUST_USE;

/* Takes the text out of the message `target` and of its edits. What cannot be encoded again leaves memory, and all
 * older ones with it. */
void recent_forget_text(struct store_recent *recent, uint64_t target, struct view room_name, struct builder *scratch);

void recent_check(const struct store_recent *recent);
