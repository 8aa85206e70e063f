/* SPDX-License-Identifier: Apache-2.0 */
#include "net/ended.h"

#include <stdlib.h>

#include "base/check.h"

enum result ended_init(struct ended *ended, size_t max)
{
    *ended = (struct ended){.max = max};
    if (max == 0)
        return RESULT_OK;
    ended->records = calloc(max, sizeof *ended->records);
    return ended->records ? RESULT_OK : RESULT_NO_MEMORY;
}

void ended_done(struct ended *ended)
{
    free(ended->records);
    *ended = (struct ended){0};
}

struct ended_record *ended_add(struct ended *ended)
{
    if (!ended->records)
        return NULL;
    struct ended_record *record = &ended->records[ended->count++ % ended->max];
    *record = (struct ended_record){0};
    return record;
}

size_t ended_count(const struct ended *ended)
{
    return ended->count < ended->max ? (size_t)ended->count : ended->max;
}

const struct ended_record *ended_at(const struct ended *ended, size_t index)
{
    check(index < ended_count(ended));
    return &ended->records[(ended->count - 1 - index) % ended->max];
}
