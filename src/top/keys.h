/* SPDX-License-Identifier: Apache-2.0 */
/* What a terminal sends for keys, read: bytes in, keys out. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum key_kind {
    KEY_NONE,
    KEY_CHARACTER, /* `character` says which */
    KEY_UP,
    KEY_DOWN,
    KEY_LEFT,
    KEY_RIGHT,
    KEY_PAGE_UP,
    KEY_PAGE_DOWN,
    KEY_HOME,
    KEY_END,
    KEY_ENTER,
    KEY_TAB,
    KEY_ESCAPE,
    KEY_BACKSPACE,
    KEY_INTERRUPT, /* Ctrl-C, Ctrl-D */
    KEY_REDRAW,    /* Ctrl-L */
};

struct key {
    enum key_kind kind;
    uint32_t character;
};

enum { KEYS_BYTES_MAX = 32 };

struct keys {
    uint8_t bytes[KEYS_BYTES_MAX]; /* a sequence that is not whole yet */
    size_t size;
};

/* Takes one byte. True: *out_key is a key (KEY_NONE: a sequence that means nothing here). */
bool keys_take(struct keys *keys, uint8_t byte, struct key *out_key);
/* No byte came for a while: what was begun is all. True: *out_key is the Escape key. */
bool keys_rest(struct keys *keys, struct key *out_key);
