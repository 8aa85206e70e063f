/* SPDX-License-Identifier: Apache-2.0 */
#include "top/keys.h"

#include <string.h>

enum { ESCAPE = 0x1b, DELETE = 0x7f };

static bool is_final(uint8_t byte)
{
    return byte >= 0x40 && byte <= 0x7e;
}

static enum key_kind kind_of_letter(uint8_t letter)
{
    switch (letter) {
    case 'A': return KEY_UP;
    case 'B': return KEY_DOWN;
    case 'C': return KEY_RIGHT;
    case 'D': return KEY_LEFT;
    case 'H': return KEY_HOME;
    case 'F': return KEY_END;
    case 'Z': return KEY_TAB; /* with Shift */
    default: return KEY_NONE;
    }
}

/* "5~": the number decides; parameters behind it are Shift and the like. */
static enum key_kind kind_of_number(const uint8_t *at, size_t size)
{
    unsigned number = 0;

    for (size_t i = 0; i < size && at[i] >= '0' && at[i] <= '9' && number < 1000; i++)
        number = number * 10 + (unsigned)(at[i] - '0');
    switch (number) {
    case 1:
    case 7: return KEY_HOME;
    case 4:
    case 8: return KEY_END;
    case 5: return KEY_PAGE_UP;
    case 6: return KEY_PAGE_DOWN;
    default: return KEY_NONE;
    }
}

/* ESC [ … final, or ESC O letter. True: it is whole. */
static bool take_sequence(const struct keys *keys, struct key *out_key)
{
    const uint8_t *bytes = keys->bytes;
    uint8_t last = bytes[keys->size - 1];

    if (bytes[1] == 'O') {
        if (keys->size < 3)
            return false;
        out_key->kind = kind_of_letter(last);
        return true;
    }
    if (keys->size < 3 || !is_final(last))
        return keys->size == KEYS_BYTES_MAX;
    out_key->kind = last == '~' ? kind_of_number(bytes + 2, keys->size - 3) : kind_of_letter(last);
    return true;
}

static enum key_kind kind_of_control(uint8_t byte)
{
    switch (byte) {
    case '\r':
    case '\n': return KEY_ENTER;
    case '\t': return KEY_TAB;
    case 3:
    case 4: return KEY_INTERRUPT;
    case 8:
    case DELETE: return KEY_BACKSPACE;
    case 12: return KEY_REDRAW;
    default: return KEY_NONE;
    }
}

static size_t utf8_size(uint8_t first)
{
    if (first < 0x80)
        return 1;
    if (first < 0xc2 || first > 0xf4)
        return 0;
    return first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

/* A character of several bytes. True: it is whole, or none. */
static bool take_character(const struct keys *keys, struct key *out_key)
{
    size_t size = utf8_size(keys->bytes[0]);
    uint8_t last = keys->bytes[keys->size - 1];

    if (size == 0 || (keys->size > 1 && (last & 0xc0) != 0x80))
        return true;
    if (keys->size < size)
        return false;
    uint32_t character = size == 1 ? keys->bytes[0] : keys->bytes[0] & (0x7fu >> size);
    for (size_t i = 1; i < size; i++)
        character = character << 6 | (keys->bytes[i] & 0x3fu);
    *out_key = (struct key){KEY_CHARACTER, character};
    return true;
}

bool keys_take(struct keys *keys, uint8_t byte, struct key *out_key)
{
    bool is_whole;

    *out_key = (struct key){KEY_NONE, 0};
    keys->bytes[keys->size++] = byte;
    if (keys->bytes[0] != ESCAPE && (byte < 0x20 || byte == DELETE)) {
        out_key->kind = kind_of_control(byte);
        is_whole = true;
    } else if (keys->bytes[0] != ESCAPE) {
        is_whole = take_character(keys, out_key);
    } else if (keys->size == 1) {
        is_whole = false;
    } else if (byte == ESCAPE && keys->size == 2) { /* twice: the first one was the key */
        keys->size = 1;
        out_key->kind = KEY_ESCAPE;
        return true;
    } else {
        is_whole = (keys->bytes[1] != '[' && keys->bytes[1] != 'O') || take_sequence(keys, out_key);
    }
    if (is_whole)
        keys->size = 0;
    return is_whole;
}

bool keys_rest(struct keys *keys, struct key *out_key)
{
    bool is_escape = keys->size == 1 && keys->bytes[0] == ESCAPE;

    keys->size = 0;
    *out_key = (struct key){KEY_ESCAPE, 0};
    return is_escape;
}
