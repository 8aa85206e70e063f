/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/proxy_header.h"

enum {
    LINE_BYTES_MAX = 107, /* of version 1, with CRLF */
    PORT_MAX = 65535,
    HEAD_BYTES = 16, /* of version 2: signature, command, family, length */
    SIGNATURE_BYTES = 12,
    COMMAND_LOCAL = 0x20,
    COMMAND_PROXY = 0x21,
    FAMILY_UNSPECIFIED = 0x00,
    FAMILY_TCP4 = 0x11,
    FAMILY_TCP6 = 0x21,
    FAMILY_UNIX_STREAM = 0x31,
    TCP4_BYTES = 12,
    TCP6_BYTES = 36,
    UNIX_BYTES = 216,
    EXTENSION_TLS = 0x20,
    TLS_BYTES_MIN = 5,
    TLS_IS_USED = 0x01,
};

static const struct view signature_2 = {(const uint8_t *)"\r\n\r\n\0\r\nQUIT\n", SIGNATURE_BYTES};
#define signature_1 VIEW("PROXY ")

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* The next word of a line; exactly one blank stands between two. */
static bool take_word(struct view *rest, struct view *out_word)
{
    const uint8_t *blank = rest->size > 0 ? memchr(rest->at, ' ', rest->size) : NULL;
    size_t size = blank ? (size_t)(blank - rest->at) : rest->size;

    *out_word = view_first(*rest, size);
    *rest = view_skip(*rest, blank ? size + 1 : size);
    return size > 0;
}

static bool is_port(struct view text, uint64_t *out_port)
{
    return text.size <= 5 && view_to_number(text, PORT_MAX, out_port);
}

static bool read_line(struct view line, struct proxy_header *header)
{
    struct view family, source, target, source_port, target_port;
    uint8_t target_address[IP_BYTES];
    uint64_t port, other;

    if (!take_word(&line, &family))
        return false;
    if (view_equal(family, VIEW("UNKNOWN")))
        return true; /* whatever follows is to be ignored */
    bool is_4 = view_equal(family, VIEW("TCP4"));
    if (!is_4 && !view_equal(family, VIEW("TCP6")))
        return false;
    if (!take_word(&line, &source) || !take_word(&line, &target) || !take_word(&line, &source_port)
        || !take_word(&line, &target_port) || line.size > 0)
        return false;
    if (!ip_parse(source, header->source) || !ip_parse(target, target_address) || !is_port(source_port, &port)
        || !is_port(target_port, &other))
        return false;
    if (is_4 != !memchr(source.at, ':', source.size) || is_4 != !memchr(target.at, ':', target.size))
        return false;
    header->source_port = (uint16_t)port;
    header->has_source = true;
    return true;
}

static enum decode decode_1(struct view bytes, struct proxy_header *header)
{
    size_t limit = least(bytes.size, LINE_BYTES_MAX);
    const uint8_t *end = memchr(bytes.at, '\n', limit);

    if (!end)
        return bytes.size >= LINE_BYTES_MAX ? DECODE_BAD : DECODE_NEED_MORE;
    size_t size = (size_t)(end - bytes.at) + 1;
    if (bytes.at[size - 2] != '\r')
        return DECODE_BAD;
    header->size = size;
    struct view line = view_skip(view_first(bytes, size - 2), signature_1.size);
    return read_line(line, header) ? DECODE_DONE : DECODE_BAD;
}

static uint16_t number_at(const uint8_t *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

/* Type, length, value, and again. False: one is longer than what is there. */
static bool read_extensions(struct view rest, struct proxy_header *header)
{
    while (rest.size > 0) {
        if (rest.size < 3)
            return false;
        uint8_t type = rest.at[0];
        size_t size = number_at(rest.at + 1);
        rest = view_skip(rest, 3);
        if (size > rest.size || (type == EXTENSION_TLS && size < TLS_BYTES_MIN))
            return false;
        if (type == EXTENSION_TLS)
            header->is_secure = rest.at[0] & TLS_IS_USED;
        rest = view_skip(rest, size);
    }
    return true;
}

static bool read_addresses(uint8_t family, struct view rest, struct proxy_header *header)
{
    size_t size = 0;

    switch (family) {
    case FAMILY_UNSPECIFIED: break;
    case FAMILY_TCP4: size = TCP4_BYTES; break;
    case FAMILY_TCP6: size = TCP6_BYTES; break;
    case FAMILY_UNIX_STREAM: size = UNIX_BYTES; break;
    default: return false; /* datagrams do not come over a stream */
    }
    if (rest.size < size)
        return false;
    if (family == FAMILY_TCP4) {
        memcpy(header->source, (const uint8_t[]){0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, IP4_BITS_BEFORE / 8);
        memcpy(header->source + IP4_BITS_BEFORE / 8, rest.at, 4);
        header->source_port = number_at(rest.at + 8);
        header->has_source = true;
    } else if (family == FAMILY_TCP6) {
        memcpy(header->source, rest.at, IP_BYTES);
        header->source_port = number_at(rest.at + 32);
        header->has_source = true;
    }
    if (family == FAMILY_UNSPECIFIED)
        return true; /* what follows has no form that we know */
    return read_extensions(view_skip(rest, size), header);
}

static enum decode decode_2(struct view bytes, struct proxy_header *header)
{
    if (bytes.size > SIGNATURE_BYTES) {
        uint8_t command = bytes.at[SIGNATURE_BYTES];
        if (command != COMMAND_LOCAL && command != COMMAND_PROXY)
            return DECODE_BAD;
    }
    if (bytes.size < HEAD_BYTES)
        return DECODE_NEED_MORE;
    header->size = (size_t)HEAD_BYTES + number_at(bytes.at + HEAD_BYTES - 2);
    if (header->size > PROXY_HEADER_BYTES_MAX)
        return DECODE_BAD;
    if (bytes.size < header->size)
        return DECODE_NEED_MORE;
    if (bytes.at[SIGNATURE_BYTES] == COMMAND_LOCAL)
        return DECODE_DONE;
    struct view rest = view_skip(view_first(bytes, header->size), HEAD_BYTES);
    return read_addresses(bytes.at[SIGNATURE_BYTES + 1], rest, header) ? DECODE_DONE : DECODE_BAD;
}

enum decode proxy_header_decode(struct view bytes, struct proxy_header *out_header)
{
    struct view start_1 = view_first(bytes, least(bytes.size, signature_1.size));
    struct view start_2 = view_first(bytes, least(bytes.size, SIGNATURE_BYTES));
    bool may_be_1 = view_starts_with(signature_1, start_1);
    bool may_be_2 = view_starts_with(signature_2, start_2);

    *out_header = (struct proxy_header){.has_source = false};
    if (!may_be_1 && !may_be_2)
        return DECODE_BAD;
    if (may_be_1 && bytes.size >= signature_1.size)
        return decode_1(bytes, out_header);
    if (may_be_2 && bytes.size >= SIGNATURE_BYTES)
        return decode_2(bytes, out_header);
    return DECODE_NEED_MORE;
}
