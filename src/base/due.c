/* SPDX-License-Identifier: Apache-2.0 */
#include "base/due.h"

#include <stdlib.h>

#include "base/check.h"

enum { CAPACITY_MIN = 16 };

static struct due_item *item_at(const struct due *due, size_t index)
{
    return &due->items[(due->first + index) & (due->capacity - 1)];
}

void due_done(struct due *due)
{
    free(due->items);
    *due = (struct due){0};
}

static enum result grow(struct due *due)
{
    size_t capacity = due->capacity == 0 ? CAPACITY_MIN : due->capacity * 2;
    struct due_item *items = malloc(capacity * sizeof *items);

    if (!items)
        return RESULT_NO_MEMORY;
    for (size_t index = 0; index < due->count; index++)
        items[index] = *item_at(due, index);
    free(due->items);
    due->items = items;
    due->capacity = capacity;
    due->first = 0;
    return RESULT_OK;
}

enum result due_add(struct due *due, void *object, uint64_t due_ms)
{
    check(object);
    check(due->count == 0 || item_at(due, due->count - 1)->due_ms <= due_ms);
    if (due->count == due->capacity) {
        enum result result = grow(due);
        if (result != RESULT_OK)
            return result;
    }
    due->count++;
    *item_at(due, due->count - 1) = (struct due_item){object, due_ms};
    return RESULT_OK;
}

void *due_take(struct due *due, uint64_t now_ms)
{
    void *object = NULL;

    while (!object && due->count > 0 && item_at(due, 0)->due_ms <= now_ms) {
        object = item_at(due, 0)->object; /* NULL: it was forgotten */
        due->first = (due->first + 1) & (due->capacity - 1);
        due->count--;
    }
    if (due->count == 0)
        due_done(due);
    return object;
}

void due_forget(struct due *due, const void *object)
{
    for (size_t index = 0; index < due->count; index++) {
        if (item_at(due, index)->object == object)
            item_at(due, index)->object = NULL;
    }
}

uint64_t due_next_ms(const struct due *due)
{
    return due->count > 0 ? item_at(due, 0)->due_ms : UINT64_MAX;
}
