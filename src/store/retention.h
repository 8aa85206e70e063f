/* SPDX-License-Identifier: Apache-2.0 */
/* The limits that rooms have of their own, read and written from outside of a server, whether one is live on the folder
 * or not; it heeds them from its next round on. Not here: the default (a setting), and how old events go (retain.c). */
#pragma once

#include "store/store.h"

struct retention_room {
    struct view name;
    uint64_t first, newest;
    struct store_limits limits;
};

/* Each room with limits of its own, by name; views are valid within `each`. RESULT_OK; or one diag line said why not:
 * RESULT_NOT_FOUND, RESULT_REFUSED, RESULT_INVALID, RESULT_FAILED. */
enum result retention_each(const char *folder, void (*each)(void *context, const struct retention_room *room),
                           void *context) MUST_USE;
/* Gives the room with that folded name limits of its own, in place of the default; `limits` NULL: the default again.
 * RESULT_NOT_FOUND: no such room (no line), or as above. */
enum result retention_set(const char *folder, struct view fold, const struct store_limits *limits) MUST_USE;
