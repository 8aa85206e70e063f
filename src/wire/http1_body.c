/* SPDX-License-Identifier: Apache-2.0 */
/* Bodies in chunks. Strict where readers differ: no blanks around a size, no bare LF anywhere, bounded lines (RFC
 * 9112 section 7.1). */
#include "wire/http1.h"
#include "wire/octet.h"

enum {
    SIZE_LINE_BYTES_MAX = 256,
    TRAILER_BYTES_MAX = 4096, /* all lines of it together */
};

enum state {
    AT_SIZE,
    IN_SIZE,
    IN_EXTENSION,
    AT_SIZE_END, /* the CR was there */
    IN_DATA,
    AT_DATA_CR,
    AT_DATA_LF,
    AT_TRAILER, /* at the start of a line */
    IN_TRAILER_NAME,
    IN_TRAILER_VALUE,
    AT_TRAILER_LF,
    AT_LAST_LF,
    ENDED,
    BROKEN,
};

void http_chunked_init(struct http_chunked *chunked)
{
    *chunked = (struct http_chunked){.state = AT_SIZE};
}

static enum state add_digit(struct http_chunked *chunked, int digit)
{
    if (chunked->chunk_left > UINT64_MAX >> 4)
        return BROKEN;
    chunked->chunk_left = chunked->chunk_left << 4 | (uint64_t)digit;
    return IN_SIZE;
}

static enum state after_size_line(struct http_chunked *chunked)
{
    chunked->line_bytes = 0;
    if (chunked->chunk_left == 0)
        return AT_TRAILER;
    if (chunked->chunk_left > UINT64_MAX - chunked->body_bytes)
        return BROKEN;
    return IN_DATA;
}

static enum state step_size(struct http_chunked *chunked, uint8_t byte)
{
    int digit = octet_hex(byte);

    if (++chunked->line_bytes > SIZE_LINE_BYTES_MAX)
        return BROKEN;
    if (chunked->state == AT_SIZE_END)
        return byte == '\n' ? after_size_line(chunked) : BROKEN;
    if (chunked->state != IN_EXTENSION && digit >= 0)
        return add_digit(chunked, digit);
    if (chunked->state == AT_SIZE)
        return BROKEN;
    if (byte == '\r')
        return AT_SIZE_END;
    if (chunked->state == IN_SIZE)
        return byte == ';' ? IN_EXTENSION : BROKEN;
    return octet_is_field(byte) ? IN_EXTENSION : BROKEN;
}

static enum state step_trailer(struct http_chunked *chunked, uint8_t byte)
{
    if (++chunked->line_bytes > TRAILER_BYTES_MAX)
        return BROKEN;
    if (chunked->state == AT_LAST_LF)
        return byte == '\n' ? ENDED : BROKEN;
    if (chunked->state == AT_TRAILER_LF)
        return byte == '\n' ? AT_TRAILER : BROKEN;
    if (chunked->state == IN_TRAILER_VALUE)
        return byte == '\r' ? AT_TRAILER_LF : octet_is_field(byte) ? IN_TRAILER_VALUE : BROKEN;
    if (octet_is_token(byte))
        return IN_TRAILER_NAME;
    if (chunked->state == AT_TRAILER)
        return byte == '\r' ? AT_LAST_LF : BROKEN;
    return byte == ':' ? IN_TRAILER_VALUE : BROKEN;
}

/* The state after one byte that is not data. */
static enum state step(struct http_chunked *chunked, uint8_t byte)
{
    switch ((enum state)chunked->state) {
    case AT_SIZE:
    case IN_SIZE:
    case IN_EXTENSION:
    case AT_SIZE_END: return step_size(chunked, byte);
    case AT_DATA_CR: return byte == '\r' ? AT_DATA_LF : BROKEN;
    case AT_DATA_LF: return byte == '\n' ? AT_SIZE : BROKEN;
    case AT_TRAILER:
    case IN_TRAILER_NAME:
    case IN_TRAILER_VALUE:
    case AT_TRAILER_LF:
    case AT_LAST_LF: return step_trailer(chunked, byte);
    case IN_DATA:
    case ENDED:
    case BROKEN: break;
    }
    return BROKEN;
}

static struct view take_data(struct http_chunked *chunked, struct view bytes)
{
    struct view data = bytes.size > chunked->chunk_left ? view_first(bytes, chunked->chunk_left) : bytes;

    chunked->chunk_left -= data.size;
    chunked->body_bytes += data.size;
    if (chunked->chunk_left == 0)
        chunked->state = AT_DATA_CR;
    return data;
}

enum decode http_chunked_decode(struct http_chunked *chunked, struct view bytes, size_t *out_used,
                                struct view *out_data)
{
    size_t used = 0;

    *out_data = VIEW("");
    while (used < bytes.size && chunked->state != IN_DATA && chunked->state != ENDED && chunked->state != BROKEN)
        chunked->state = step(chunked, bytes.at[used++]);
    if (used < bytes.size && chunked->state == IN_DATA) {
        *out_data = take_data(chunked, view_skip(bytes, used));
        used += out_data->size;
    }
    *out_used = used;
    if (chunked->state == ENDED)
        return DECODE_DONE;
    return chunked->state == BROKEN ? DECODE_BAD : DECODE_NEED_MORE;
}
