/* SPDX-License-Identifier: Apache-2.0 */
#include "net/agents.h"

#include "base/check.h"

/* "Mozilla/5.0 (X11; Linux x86_64) …" says at its end what it is; its start is the same for all browsers. */
static struct view telling_part(struct view text)
{
    const struct view common = VIEW("Mozilla/5.0 ");

    text = view_trim(text);
    return view_starts_with(text, common) ? view_skip(text, common.size) : text;
}

static uint8_t shorten(struct view text, char out[AGENT_BYTES_MAX + 1])
{
    size_t size = text.size < AGENT_BYTES_MAX ? text.size : AGENT_BYTES_MAX;
    size_t head = text.size > AGENT_BYTES_MAX ? AGENT_BYTES_MAX / 2 : size; /* of a long one both ends */

    for (size_t i = 0; i < size; i++) {
        uint8_t byte = i < head ? text.at[i] : text.at[text.size - size + i];
        out[i] = byte >= 0x20 && byte < 0x7f ? (char)byte : '?';
    }
    if (head < size)
        out[head] = '~';
    out[size] = 0;
    return (uint8_t)size;
}

uint8_t agents_take(struct agents *agents, struct view text)
{
    char shown[AGENT_BYTES_MAX + 1];
    uint8_t size = shorten(telling_part(text), shown);
    size_t free = AGENTS_MAX;

    for (size_t i = 0; size > 0 && i < AGENTS_MAX; i++) {
        struct agent *entry = &agents->entries[i];
        if (entry->references == 0) {
            free = free < i ? free : i;
        } else if (entry->size == size && memcmp(entry->text, shown, size) == 0) {
            entry->references++;
            return (uint8_t)(i + 1);
        }
    }
    if (free == AGENTS_MAX)
        return 0;
    agents->entries[free] = (struct agent){.references = 1, .size = size};
    memcpy(agents->entries[free].text, shown, sizeof shown);
    return (uint8_t)(free + 1);
}

void agents_give(struct agents *agents, uint8_t number)
{
    if (number == 0)
        return;
    check(agents->entries[number - 1].references > 0);
    agents->entries[number - 1].references--;
}

struct view agents_text(const struct agents *agents, uint8_t number)
{
    if (number == 0)
        return (struct view){NULL, 0};
    return view_of(agents->entries[number - 1].text, agents->entries[number - 1].size);
}
