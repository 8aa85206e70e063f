/* SPDX-License-Identifier: Apache-2.0 */
/* Names that look alike, and names for those who have none. */
#include <stdio.h>
#include <stdlib.h>
#include <utf8proc.h>

#include "chat/name.h"

/* Small letters (the text is folded before) whose usual shape is that of another: from → as which it is read. Sorted by code. */
static const struct {
    int32_t code;
    char shape;
} shapes[] = {
    {'0', 'o'}, {'1', 'l'}, {'3', 'e'}, {'5', 's'}, {'8', 'b'}, {'i', 'l'}, {'|', 'l'}, {'$', 's'}, {'@', 'a'}, {'!', 'l'},
    {0x00df, 's'}, {0x00e6, 'a'}, {0x00f0, 'd'}, {0x00f8, 'o'}, {0x00fe, 'p'}, {0x0111, 'd'}, {0x0127, 'h'}, {0x0131, 'l'}, {0x0142, 'l'}, {0x0167, 't'},
    {0x0180, 'b'}, {0x018d, 'g'}, {0x0192, 'f'}, {0x0199, 'k'}, {0x01bf, 'p'}, {0x0237, 'j'}, {0x0251, 'a'}, {0x0253, 'b'}, {0x0256, 'd'}, {0x0261, 'g'},
    {0x0263, 'y'}, {0x0268, 'l'}, {0x026a, 'l'}, {0x026b, 'l'}, {0x026f, 'w'}, {0x0271, 'm'}, {0x0272, 'n'}, {0x0274, 'n'}, {0x0280, 'r'}, {0x028b, 'u'},
    {0x028f, 'y'}, {0x0299, 'b'}, {0x029c, 'h'}, {0x029f, 'l'},
    {0x03b1, 'a'}, {0x03b3, 'y'}, {0x03b5, 'e'}, {0x03b7, 'n'}, {0x03b9, 'l'}, {0x03ba, 'k'}, {0x03bd, 'v'}, {0x03bf, 'o'}, {0x03c1, 'p'}, {0x03c3, 'o'},
    {0x03c4, 't'}, {0x03c5, 'u'}, {0x03c7, 'x'}, {0x03c9, 'w'}, {0x03f2, 'c'}, {0x03f3, 'j'}, {0x03f8, 'p'},
    {0x0430, 'a'}, {0x0432, 'b'}, {0x0433, 'r'}, {0x0435, 'e'}, {0x0437, 'e'}, {0x0438, 'u'}, {0x043a, 'k'}, {0x043c, 'm'}, {0x043d, 'h'}, {0x043e, 'o'},
    {0x043f, 'n'}, {0x0440, 'p'}, {0x0441, 'c'}, {0x0442, 't'}, {0x0443, 'y'}, {0x0445, 'x'}, {0x044a, 'b'}, {0x044c, 'b'}, {0x0455, 's'}, {0x0456, 'l'},
    {0x0458, 'j'}, {0x0461, 'w'}, {0x0475, 'v'}, {0x04ab, 'c'}, {0x04af, 'y'}, {0x04bb, 'h'}, {0x04bd, 'e'}, {0x04c0, 'l'}, {0x04cf, 'l'}, {0x04d5, 'a'},
    {0x0501, 'd'}, {0x050d, 'g'}, {0x051b, 'q'}, {0x051d, 'w'},
    {0x0561, 'w'}, {0x0563, 'q'}, {0x0566, 'q'}, {0x0570, 'h'}, {0x0578, 'n'}, {0x057d, 'u'}, {0x0581, 'g'}, {0x0585, 'o'},
    {0x05d5, 'l'}, {0x05d8, 'u'}, {0x05df, 'l'}, {0x05e1, 'o'}, {0x0660, 'o'}, {0x0661, 'l'}, {0x0665, 'o'}, {0x06f0, 'o'}, {0x06f1, 'l'}, {0x06f5, 'o'},
    {0x0966, 'o'}, {0x09e6, 'o'}, {0x0ae6, 'o'}, {0x0d20, 'o'}, {0x10e7, 'y'}, {0x1d04, 'c'}, {0x1d0f, 'o'}, {0x1d1c, 'u'}, {0x1d20, 'v'}, {0x1d21, 'w'},
    {0x1d22, 'z'}, {0x2113, 'l'}, {0x2170, 'l'}, {0x2223, 'l'}, {0x3007, 'o'}, {0xa731, 's'},
};

static int32_t shape_of(int32_t code)
{
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        if (shapes[i].code == code)
            return shapes[i].shape;
    }
    return code;
}

static bool is_dropped(int32_t code)
{
    switch (utf8proc_category(code)) {
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_ZS:
    case UTF8PROC_CATEGORY_CF:
        return true;
    default:
        return code == '-' || code == '_' || code == '.' || code == '\'' || code == 0x2019;
    }
}

/* "rn" is read as "m", "vv" as "w", "cl" as "d". */
static void add_shape(struct builder *out, size_t start, int32_t code)
{
    uint8_t bytes[4];
    uint8_t last = out->size > start ? out->at[out->size - 1] : 0;

    if ((last == 'r' && code == 'n') || (last == 'v' && code == 'v') || (last == 'c' && code == 'l')) {
        out->at[out->size - 1] = code == 'n' ? 'm' : code == 'v' ? 'w' : 'd';
        return;
    }
    utf8proc_ssize_t size = utf8proc_encode_char(code, bytes);
    builder_add(out, bytes, (size_t)size);
}

bool name_skeleton(struct view name, struct builder *out)
{
    utf8proc_uint8_t *mapped = NULL;
    utf8proc_ssize_t size = utf8proc_map(name.at, (utf8proc_ssize_t)name.size, &mapped,
                                         UTF8PROC_STABLE | UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD);
    size_t start = out->size;
    utf8proc_int32_t code;

    if (size < 0)
        return false;
    for (utf8proc_ssize_t at = 0, step = 0; at < size; at += step) {
        step = utf8proc_iterate(mapped + at, size - at, &code);
        if (step <= 0)
            break;
        if (!is_dropped(code))
            add_shape(out, start, shape_of(code));
    }
    free(mapped);
    if (out->size == start) /* a name of nothing but such characters is its own skeleton */
        builder_add_view(out, name);
    return builder_ok(out);
}

static const char *const manners[64] = {
    "amber",  "azure",  "brave",  "breezy", "bright", "bronze", "calm",   "cheery", "clever", "copper", "coral",  "cosmic", "crisp",
    "dapper", "daring", "eager",  "early",  "easy",   "fair",   "fancy",  "fleet",  "fresh",  "gentle", "glad",   "golden", "grand",
    "happy",  "hazel",  "humble", "indigo", "ivory",  "jade",   "jolly",  "keen",   "kind",   "lively", "lucky",  "lunar",  "mellow",
    "merry",  "mighty", "mint",   "misty",  "modest", "neat",   "nimble", "noble",  "olive",  "opal",   "patient", "pearl", "plucky",
    "polite", "proud",  "quick",  "quiet",  "rosy",   "ruby",   "silver", "snug",   "sunny",  "swift",  "tidy",   "witty",
};

static const char *const animals[64] = {
    "badger",  "beaver", "bison",   "bobcat", "camel",  "cat",    "cheetah", "cicada", "cobra",  "condor",  "crane",  "cricket", "dolphin",
    "dove",    "dragon", "eagle",   "egret",  "falcon", "ferret", "finch",   "fox",    "gecko",  "gibbon",  "goose",  "hare",    "hawk",
    "hedgehog", "heron", "ibex",    "ibis",   "jackal", "jaguar", "koala",   "lark",   "lemur",  "leopard", "lion",   "lizard",  "llama",
    "lynx",    "magpie", "marmot",  "marten", "mole",   "moose",  "newt",    "ocelot", "orca",   "osprey",  "otter",  "owl",     "panda",
    "parrot",  "puffin", "quail",   "rabbit", "raven",  "robin",  "salmon",  "seal",   "sparrow", "stork",  "tiger",  "wombat",
};

void name_draw(const uint8_t seed[8], char out[NAME_DRAWN_BYTES_MAX])
{
    unsigned number = 100u + (unsigned)(seed[2] << 8 | seed[3]) % 900u;

    (void)snprintf(out, NAME_DRAWN_BYTES_MAX, "%s-%s-%u", manners[seed[0] & 63], animals[seed[1] & 63], number);
}
