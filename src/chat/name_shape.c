/* SPDX-License-Identifier: Apache-2.0 */
/* Names that look alike, and names for those who have none. */
#include <stdio.h>
#include <uchar.h>
#include <utf8proc.h>

#include "chat/name.h"

/* A name of more code points, once it is taken apart, has no skeleton. */
enum { CODES_MAX = 2048 };

/* Shapes, and the characters that are read as them: small letters (the text is folded before) of Latin, Greek,
 * Cyrillic, Armenian, Hebrew and Arabic, noughts and ones of many scripts, and Cherokee and Lisu, whose letters were
 * drawn after Latin capitals. "i" is "l" because "I" is, and a name must not change its skeleton with its case. Digits
 * that only stand for letters (3 for e) are left alone: team3 and teame are two names. */
static const struct {
    char shape[3];
    const char32_t *alike;
} shapes[] = {
    {"a", U"@ɑαаᎪᴀꓮ"},
    {"b", U"ƀɓʙβвъьᏏᏴꓐ"},
    {"c", U"сҫᏟᴄꓚ"},
    {"d", U"ðđɖɗԁᎠᴅꓓ"},
    {"e", U"εеєҽᎬᴇꓰ"},
    {"f", U"ƒꓝꜰ"},
    {"g", U"ɠɡɢԍցᏀᏳꓖ"},
    {"h", U"ħɦʜнһհᎻᏂꓧ"},
    {"j", U"ȷϳјᎫᴊꓙ"},
    {"k", U"ƙκкᏦᴋꓗ"},
    {"l", U"!1i|ıłǀǃɨɩɪɫʟιіӏ\u05d5\u05df\u0627\u0661\u06f1ᎥᏞ∣ꓡꓲ"},
    {"m", U"ɱмᎷᴍꓟ"},
    {"n", U"ŋɲɳɴηпոꓠ"},
    {"o", U"0øɵοσоօ\u05e1\u0647\u0660\u0665\u06f0\u06f5\u07c0०০੦૦୦௦౦೦൦๐໐၀០ᴏ○〇ꓳ"},
    {"p", U"þƿρрᏢᴘꓑ"},
    {"q", U"ԛգզ"},
    {"r", U"ɾʀгᎡᏒꓣ"},
    {"s", U"$ѕᏕᏚꓢꜱ"},
    {"t", U"ŧτтᎢᴛꓔ"},
    {"u", U"ʋμυиս\u05d8ᴜꓴ"},
    {"v", U"νѵᏙᴠꓦ"},
    {"w", U"ɯωшѡԝաᎳᏔᴡꓪ"},
    {"x", U"χхꓫ"},
    {"y", U"ƴɣʏγуүყᎽꓬ"},
    {"z", U"ƶᏃᴢꓜ"},
    {"3", U"з"},
    {"4", U"чᏎ"},
    {"6", U"б"},
    {"ae", U"æӕ"},
    {"bl", U"ы"},
    {"lo", U"ю"},
    {"oe", U"œ"},
};

/* Capitals of Greek whose small form has another shape. */
static const struct {
    int32_t code;
    char shape;
} capitals[] = {
    {0x0396, 'z'}, {0x0397, 'h'}, {0x039c, 'm'}, {0x039d, 'n'}, {0x03a5, 'y'},
};

/* One code point as it was written, before it is taken apart: the forms of sigma that look like "c" would be read as
 * "o" later. */
static utf8proc_int32_t before_decomposition(utf8proc_int32_t code, void *context)
{
    (void)context;
    return code == 0x03f2 || code == 0x03f9 ? 'c' : code;
}

/* Marks that adorn a letter, of Latin, Greek, Cyrillic, Hebrew and Arabic, and those that fit any. The vowel signs of
 * India and of South-East Asia are of the same category but are half of a name, and stay. */
static bool is_adornment(utf8proc_int32_t code)
{
    static const struct {
        int32_t first, last;
    } ranges[] = {
        {0x0300, 0x036f}, {0x0483, 0x0489}, {0x0591, 0x05c7}, {0x0610, 0x061a}, {0x064b, 0x065f}, {0x0670, 0x0670},
        {0x06d6, 0x06ed}, {0x1ab0, 0x1aff}, {0x1dc0, 0x1dff}, {0x20d0, 0x20ff}, {0xfe20, 0xfe2f},
    };

    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        if (code >= ranges[i].first && code <= ranges[i].last) {
            utf8proc_category_t category = utf8proc_category(code);
            return category == UTF8PROC_CATEGORY_MN || category == UTF8PROC_CATEGORY_ME;
        }
    }
    return false;
}

static bool is_dropped(utf8proc_int32_t code)
{
    if (code == '.' || code == '\'' || code == '`' || code == 0x00b7 || code == 0x02bc || code == 0x2018
        || code == 0x2019)
        return true;
    if (utf8proc_get_property(code)->ignorable)
        return true;
    switch (utf8proc_category(code)) {
    case UTF8PROC_CATEGORY_ZS:
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_PC:
    case UTF8PROC_CATEGORY_PD: return true;
    default: return is_adornment(code);
    }
}

struct skeleton {
    struct builder *out;
    size_t start;
    bool has_greek_capitals; /* they are read by their own shape, not by that of their small form */
};

/* "rn" is read as "m", "vv" as "w". */
static void add_byte(struct skeleton *skeleton, char byte)
{
    struct builder *out = skeleton->out;
    uint8_t *last = out->size > skeleton->start ? &out->at[out->size - 1] : NULL;

    if (last && *last == 'r' && byte == 'n')
        *last = 'm';
    else if (last && *last == 'v' && byte == 'v')
        *last = 'w';
    else
        builder_add_byte(out, (uint8_t)byte);
}

static bool is_among(const char32_t *alike, utf8proc_int32_t code)
{
    while (*alike != 0 && *alike != (char32_t)code)
        alike++;
    return *alike != 0;
}

static void add_shape(struct skeleton *skeleton, utf8proc_int32_t folded)
{
    utf8proc_uint8_t bytes[4];

    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        if (!is_among(shapes[i].alike, folded))
            continue;
        for (const char *shape = shapes[i].shape; *shape; shape++)
            add_byte(skeleton, *shape);
        return;
    }
    if (folded < 0x80)
        add_byte(skeleton, (char)folded);
    else
        builder_add(skeleton->out, bytes, (size_t)utf8proc_encode_char(folded, bytes));
}

static void add_code(struct skeleton *skeleton, utf8proc_int32_t code)
{
    utf8proc_int32_t folded[8];
    int boundary = 0;

    for (size_t i = 0; skeleton->has_greek_capitals && i < sizeof capitals / sizeof *capitals; i++) {
        if (capitals[i].code == code) {
            add_byte(skeleton, capitals[i].shape);
            return;
        }
    }
    utf8proc_ssize_t count = utf8proc_decompose_char(code, folded, 8, UTF8PROC_CASEFOLD, &boundary);
    for (utf8proc_ssize_t i = 0; i < count && i < 8; i++) {
        if (!is_dropped(folded[i]))
            add_shape(skeleton, folded[i]);
    }
}

/* A Greek word with small letters in it is Greek, and folds like any. Among Latin letters, or all in capitals, Greek
 * ones pass for Latin ones. */
static bool passes_for_latin(const utf8proc_int32_t *codes, utf8proc_ssize_t count)
{
    bool has_latin = false, has_small_greek = false;

    for (utf8proc_ssize_t i = 0; i < count; i++) {
        bool is_ascii_letter = (codes[i] >= 'a' && codes[i] <= 'z') || (codes[i] >= 'A' && codes[i] <= 'Z');
        has_latin = has_latin || is_ascii_letter || (codes[i] >= 0x00c0 && codes[i] <= 0x024f);
        has_small_greek = has_small_greek || (codes[i] >= 0x03b1 && codes[i] <= 0x03c9);
    }
    return has_latin || !has_small_greek;
}

static bool is_ascii(struct view name)
{
    for (size_t i = 0; i < name.size; i++) {
        if (name.at[i] >= 0x80)
            return false;
    }
    return true;
}

/* What add_code() makes of a character of ASCII; 0: it is dropped. A test holds the two together. */
static char ascii_shape(uint8_t byte)
{
    switch (byte) {
    case '!':
    case '1':
    case '|':
    case 'i':
    case 'I': return 'l';
    case '0': return 'o';
    case '$': return 's';
    case '@': return 'a';
    case ' ':
    case '\'':
    case '-':
    case '.':
    case '_':
    case '`':
    case 0x7f: return 0;
    default: break;
    }
    if (byte >= 'A' && byte <= 'Z')
        return (char)(byte - 'A' + 'a');
    return byte < ' ' ? 0 : (char)byte;
}

/* Nearly all names, every drawn one among them: a crowd that arrives draws tens of thousands. */
static void add_ascii(struct skeleton *skeleton, struct view name)
{
    for (size_t i = 0; i < name.size; i++) {
        char shape = ascii_shape(name.at[i]);
        if (shape)
            add_byte(skeleton, shape);
    }
}

/* False: it is too long once it is taken apart. */
static bool add_unicode(struct skeleton *skeleton, struct view name)
{
    utf8proc_int32_t codes[CODES_MAX];
    utf8proc_ssize_t count = utf8proc_decompose_custom(name.at, (utf8proc_ssize_t)name.size, codes, CODES_MAX,
                                                       UTF8PROC_STABLE | UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT,
                                                       before_decomposition, NULL);

    if (count < 0 || count > CODES_MAX)
        return false;
    skeleton->has_greek_capitals = passes_for_latin(codes, count);
    for (utf8proc_ssize_t i = 0; i < count; i++) {
        if (!is_dropped(codes[i]))
            add_code(skeleton, codes[i]);
    }
    return true;
}

bool name_skeleton(struct view name, struct builder *out)
{
    struct skeleton skeleton = {.out = out, .start = out->size};

    if (is_ascii(name) && name.size <= CODES_MAX)
        add_ascii(&skeleton, name);
    else if (!add_unicode(&skeleton, name))
        return false;
    if (out->size == skeleton.start) /* nothing but what is dropped: it can only look like itself */
        builder_add_view(out, name);
    return builder_ok(out);
}

static const char *const manners[64] = {
    "amber",  "azure",  "brave",  "breezy", "bright", "bronze",  "calm",    "cheery", "clever", "copper", "coral",
    "cosmic", "crisp",  "dapper", "daring", "eager",  "early",   "earnest", "fair",   "fancy",  "fleet",  "fresh",
    "gentle", "glad",   "golden", "grand",  "happy",  "hazel",   "humble",  "indigo", "ivory",  "jade",   "jolly",
    "keen",   "kind",   "lively", "lucky",  "lunar",  "mellow",  "merry",   "mighty", "mint",   "misty",  "modest",
    "neat",   "nimble", "noble",  "olive",  "opal",   "patient", "pearl",   "plucky", "polite", "proud",  "quick",
    "quiet",  "rosy",   "ruby",   "silver", "snug",   "sunny",   "swift",   "tidy",   "witty",
};

static const char *const animals[64] = {
    "badger",  "beaver",  "bison",   "bobcat",   "camel", "cat",     "cheetah",  "cicada", "coati",  "condor",
    "crane",   "cricket", "dolphin", "dormouse", "dove",  "eagle",   "egret",    "falcon", "ferret", "finch",
    "fox",     "gecko",   "gibbon",  "goose",    "hare",  "hawk",    "hedgehog", "heron",  "ibex",   "ibis",
    "jaguar",  "jay",     "koala",   "lark",     "lemur", "leopard", "lion",     "lizard", "llama",  "lynx",
    "magpie",  "manatee", "marmot",  "marten",   "moose", "newt",    "ocelot",   "orca",   "osprey", "otter",
    "owl",     "panda",   "parrot",  "puffin",   "quail", "rabbit",  "raven",    "robin",  "salmon", "seal",
    "sparrow", "stork",   "tiger",   "wombat",
};

void name_draw(const uint8_t seed[8], char out[NAME_DRAWN_BYTES_MAX])
{
    unsigned number = 100u + (unsigned)(seed[2] << 8 | seed[3]) % 900u;

    (void)snprintf(out, NAME_DRAWN_BYTES_MAX, "%s-%s-%u", manners[seed[0] & 63], animals[seed[1] & 63], number);
}
