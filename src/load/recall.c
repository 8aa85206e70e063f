/* SPDX-License-Identifier: Apache-2.0 */
#include "load/recall.h"

#include <stdlib.h>

enum { PAYLOAD_BYTES_MAX = 65536 }; /* a slot keeps nothing longer */

struct recall_slot {
    uint64_t place;
    struct recalled recalled;
    uint8_t *bytes;
    uint32_t size;
    uint32_t capacity;
    bool is_compressed;
};

enum result recall_init(struct recall *recall, uint64_t count)
{
    uint64_t power = count > 0 ? 1 : 0;
    while (power < count)
        power *= 2;
    *recall = (struct recall){.count = power};
    if (power == 0)
        return RESULT_OK;
    recall->slots = calloc(power, sizeof(*recall->slots));
    if (recall->slots != NULL)
        return RESULT_OK;
    recall->count = 0;
    return RESULT_NO_MEMORY;
}

void recall_done(struct recall *recall)
{
    for (uint64_t index = 0; index < recall->count; index++)
        free(recall->slots[index].bytes);
    free(recall->slots);
    *recall = (struct recall){.count = 0};
}

const struct recalled *recall_find(const struct recall *recall, uint64_t place, struct view payload, bool is_compressed)
{
    if (recall->count == 0)
        return NULL;
    const struct recall_slot *slot = &recall->slots[place & (recall->count - 1)];
    bool is_same = slot->size == payload.size && slot->place == place && slot->is_compressed == is_compressed
                   && slot->size > 0 && memcmp(slot->bytes, payload.at, payload.size) == 0;
    return is_same ? &slot->recalled : NULL;
}

void recall_keep(struct recall *recall, uint64_t place, struct view payload, bool is_compressed,
                 const struct recalled *recalled)
{
    if (recall->count == 0 || payload.size == 0 || payload.size > PAYLOAD_BYTES_MAX)
        return;
    struct recall_slot *slot = &recall->slots[place & (recall->count - 1)];
    if (slot->size > 0 && slot->place > place)
        return;
    if (slot->capacity < payload.size) {
        uint8_t *bytes = realloc(slot->bytes, payload.size);
        if (bytes == NULL)
            return; /* nothing is remembered, and the next copy is read like this one */
        slot->bytes = bytes;
        slot->capacity = (uint32_t)payload.size;
    }
    memcpy(slot->bytes, payload.at, payload.size);
    slot->size = (uint32_t)payload.size;
    slot->place = place;
    slot->is_compressed = is_compressed;
    slot->recalled = *recalled;
}
