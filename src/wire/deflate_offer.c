/* SPDX-License-Identifier: Apache-2.0 */
/* The negotiation of permessage-deflate: the list of extensions (RFC 6455 section 9.1) and its parameters (RFC 7692
 * section 7.1). */
#include "wire/deflate.h"
#include "wire/octet.h"

enum { VALUE_BYTES_MAX = 2, WINDOW_BITS_UNLIMITED = 15 };

/* What is still to be read of the list. */
struct reader {
    struct view rest;
};

struct parameter {
    struct view name;
    bool has_value;
    uint8_t value[VALUE_BYTES_MAX]; /* longer ones are legal for other extensions, and none of ours */
    size_t value_size;
};

static void skip_blanks(struct reader *reader)
{
    while (reader->rest.size > 0 && (reader->rest.at[0] == ' ' || reader->rest.at[0] == '\t'))
        reader->rest = view_skip(reader->rest, 1);
}

/* Takes `byte` if it comes next, with the blanks around it. */
static bool take(struct reader *reader, uint8_t byte)
{
    skip_blanks(reader);
    if (reader->rest.size == 0 || reader->rest.at[0] != byte)
        return false;
    reader->rest = view_skip(reader->rest, 1);
    skip_blanks(reader);
    return true;
}

static bool take_token(struct reader *reader, struct view *out_token)
{
    size_t size = 0;

    while (size < reader->rest.size && octet_is_token(reader->rest.at[size]))
        size++;
    *out_token = view_first(reader->rest, size);
    reader->rest = view_skip(reader->rest, size);
    return size > 0;
}

static void add_to_value(struct parameter *parameter, uint8_t byte)
{
    if (parameter->value_size < VALUE_BYTES_MAX)
        parameter->value[parameter->value_size] = byte;
    parameter->value_size++;
}

/* The value may be quoted, but must be a token without its quotes (RFC 6455 section 9.1). The opening quote was
 * taken. */
static bool take_quoted(struct reader *reader, struct parameter *parameter)
{
    while (reader->rest.size > 0) {
        uint8_t byte = reader->rest.at[0];

        reader->rest = view_skip(reader->rest, 1);
        if (byte == '"')
            return parameter->value_size > 0;
        if (byte == '\\' && reader->rest.size > 0) {
            byte = reader->rest.at[0];
            reader->rest = view_skip(reader->rest, 1);
        }
        if (!octet_is_token(byte))
            return false;
        add_to_value(parameter, byte);
    }
    return false;
}

static bool take_parameter(struct reader *reader, struct parameter *out_parameter)
{
    struct view token;

    *out_parameter = (struct parameter){.has_value = false};
    if (!take_token(reader, &out_parameter->name))
        return false;
    if (!take(reader, '='))
        return true;
    out_parameter->has_value = true;
    if (reader->rest.size > 0 && reader->rest.at[0] == '"') {
        reader->rest = view_skip(reader->rest, 1);
        return take_quoted(reader, out_parameter);
    }
    if (!take_token(reader, &token))
        return false;
    for (size_t index = 0; index < token.size; index++)
        add_to_value(out_parameter, token.at[index]);
    return true;
}

/* A window's size in bits, 8 to 15, without leading zero. */
static bool read_bits(const struct parameter *parameter, uint8_t *out_bits)
{
    const uint8_t *value = parameter->value;

    if (parameter->value_size == 1 && (value[0] == '8' || value[0] == '9')) {
        *out_bits = (uint8_t)(value[0] - '0');
        return true;
    }
    if (parameter->value_size == 2 && value[0] == '1' && value[1] >= '0' && value[1] <= '5') {
        *out_bits = (uint8_t)(10 + value[1] - '0');
        return true;
    }
    return false;
}

enum { SERVER_NO_CONTEXT = 1, CLIENT_NO_CONTEXT = 2, SERVER_WINDOW = 4, CLIENT_WINDOW = 8 };

static unsigned which_parameter(struct view name)
{
    if (view_equal(name, VIEW("server_no_context_takeover")))
        return SERVER_NO_CONTEXT;
    if (view_equal(name, VIEW("client_no_context_takeover")))
        return CLIENT_NO_CONTEXT;
    if (view_equal(name, VIEW("server_max_window_bits")))
        return SERVER_WINDOW;
    if (view_equal(name, VIEW("client_max_window_bits")))
        return CLIENT_WINDOW;
    return 0;
}

/* False: the offer with this parameter must be declined. `seen` are the parameters so far. */
static bool agree(const struct parameter *parameter, unsigned *seen, struct deflate_terms *terms)
{
    unsigned which = which_parameter(parameter->name);

    if (which == 0 || (*seen & which))
        return false;
    *seen |= which;
    if (which == SERVER_WINDOW) {
        terms->server_window_bits_asked = true;
        return parameter->has_value && read_bits(parameter, &terms->server_window_bits)
               && terms->server_window_bits > 8;
    }
    if (which == CLIENT_WINDOW) {
        terms->has_client_window_bits = true;
        return !parameter->has_value || read_bits(parameter, &terms->client_window_bits);
    }
    return !parameter->has_value;
}

/* Reads one offer of the list. False: it is not well-formed. */
static bool read_offer(struct reader *reader, bool *out_is_acceptable, struct deflate_terms *out_terms)
{
    struct parameter parameter;
    struct view name;
    unsigned seen = 0;

    if (!take_token(reader, &name))
        return false;
    *out_is_acceptable = view_equal(name, VIEW("permessage-deflate"));
    *out_terms = (struct deflate_terms){
        .server_window_bits = WINDOW_BITS_UNLIMITED,
        .client_window_bits = WINDOW_BITS_UNLIMITED,
        .client_no_context = true,
    };
    while (take(reader, ';')) {
        if (!take_parameter(reader, &parameter))
            return false;
        if (*out_is_acceptable && !agree(&parameter, &seen, out_terms))
            *out_is_acceptable = false;
    }
    return true;
}

enum deflate_offer deflate_offer_read(struct view extensions, struct deflate_terms *out_terms)
{
    struct reader reader = {extensions};
    struct deflate_terms terms;
    struct deflate_terms first = {0};
    bool is_acceptable = false;
    bool has_first = false;

    for (;;) {
        while (take(&reader, ',')) /* a list may have empty elements (RFC 9110 section 5.6.1.2) */
            continue;
        skip_blanks(&reader);
        if (reader.rest.size == 0)
            break;
        if (!read_offer(&reader, &is_acceptable, &terms))
            return DEFLATE_MALFORMED;
        if (is_acceptable && !has_first) {
            first = terms;
            has_first = true;
        }
        skip_blanks(&reader);
        if (reader.rest.size > 0 && reader.rest.at[0] != ',')
            return DEFLATE_MALFORMED;
    }
    if (!has_first)
        return DEFLATE_DECLINED;
    *out_terms = first;
    return DEFLATE_TAKEN;
}

void deflate_answer(const struct deflate_terms *terms, struct builder *out)
{
    builder_add_string(out, "permessage-deflate; server_no_context_takeover; client_no_context_takeover");
    if (terms->server_window_bits_asked) {
        builder_add_string(out, "; server_max_window_bits=");
        builder_add_number(out, terms->server_window_bits);
    }
}
