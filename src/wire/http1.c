/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/http1.h"

#include "wire/octet.h"

enum {
    METHOD_BYTES_MAX = 32,
    LENGTH_DIGITS_MAX = 19, /* what fits in 64 bits whatever the digits are */
};

/* Every fault is decided by the bytes up to some place and nothing behind it, in the order of places: so a head that
 * is refused in part is refused in the same words when it is there as a whole. */
struct reader {
    struct view bytes; /* up to the limit of a head */
    size_t at;
    const struct http_limits *limits;
    struct http_request *request;
    struct http_fault *fault;
    struct view authority; /* of a target in absolute form, empty otherwise */
};

static enum decode refuse(struct reader *reader, int status, const char *text)
{
    *reader->fault = (struct http_fault){status, text};
    return DECODE_BAD;
}

static bool is_at_end(const struct reader *reader)
{
    return reader->at == reader->bytes.size;
}

static uint8_t next_byte(const struct reader *reader)
{
    return reader->bytes.at[reader->at];
}

/* How many bytes of a class come first: plain loops, for this is where a head's time goes. */
static size_t count_token(struct view bytes)
{
    size_t size = 0;

    while (size < bytes.size && octet_is_token(bytes.at[size]))
        size++;
    return size;
}

static size_t count_field(struct view bytes)
{
    size_t size = 0;

    while (size < bytes.size && octet_is_field(bytes.at[size]))
        size++;
    return size;
}

static size_t count_target(struct view bytes)
{
    size_t size = 0;

    while (size < bytes.size && octet_is_target(bytes.at[size]))
        size++;
    return size;
}

static struct view rest_of(const struct reader *reader)
{
    return view_skip(reader->bytes, reader->at);
}

static struct view since(const struct reader *reader, size_t start)
{
    return view_of(reader->bytes.at + start, reader->at - start);
}

/* Takes CR LF; anything else there is a fault in these words. */
static enum decode read_line_end(struct reader *reader, const char *text)
{
    if (is_at_end(reader))
        return DECODE_NEED_MORE;
    if (next_byte(reader) != '\r')
        return refuse(reader, 400, text);
    reader->at++;
    if (is_at_end(reader))
        return DECODE_NEED_MORE;
    if (next_byte(reader) != '\n')
        return refuse(reader, 400, "The head has a CR without LF. End each line with CR LF.");
    reader->at++;
    return DECODE_DONE;
}

static enum decode read_method(struct reader *reader)
{
    size_t start = reader->at;

    reader->at += count_token(rest_of(reader));
    if (reader->at - start > METHOD_BYTES_MAX)
        return refuse(reader, 501, "The method is longer than any that this server knows.");
    if (is_at_end(reader))
        return DECODE_NEED_MORE;
    reader->request->method = since(reader, start);
    if (reader->request->method.size == 0 || next_byte(reader) != ' ')
        return refuse(reader, 400, "This is not an HTTP request. Begin with a method, a space and a target.");
    reader->at++;
    return DECODE_DONE;
}

static enum decode read_target(struct reader *reader)
{
    size_t start = reader->at;

    reader->at += count_target(rest_of(reader));
    if (reader->at - start > reader->limits->target_bytes_max)
        return refuse(reader, 414, "The request's target is longer than this server takes. Shorten the address.");
    if (is_at_end(reader))
        return DECODE_NEED_MORE;
    reader->request->target = since(reader, start);
    if (reader->request->target.size == 0 || next_byte(reader) != ' ')
        return refuse(reader, 400, "The request line is malformed. Send: method, space, target, space, HTTP/1.1.");
    reader->at++;
    return DECODE_DONE;
}

static enum decode read_version(struct reader *reader)
{
    static const uint8_t form[] = "HTTP/0.0"; /* a 0 stands for any digit */
    size_t start = reader->at;

    for (size_t index = 0; index < sizeof(form) - 1; index++) {
        if (is_at_end(reader))
            return DECODE_NEED_MORE;
        uint8_t byte = next_byte(reader);
        if (form[index] == '0' ? !octet_is_digit(byte) : byte != form[index])
            return refuse(reader, 400, "The request line does not end with an HTTP version. Send HTTP/1.1 there.");
        reader->at++;
    }
    struct view version = since(reader, start);
    enum decode decode = read_line_end(reader, "The request line goes on after the version. End it with CR LF there.");

    if (decode != DECODE_DONE)
        return decode;
    if (!view_equal(version, VIEW("HTTP/1.1")) && !view_equal(version, VIEW("HTTP/1.0")))
        return refuse(reader, 505, "This server speaks HTTP/1.1 and HTTP/1.0 only.");
    reader->request->minor_version = version.at[7] - '0';
    return DECODE_DONE;
}

static struct view until_byte(struct view view, uint8_t byte)
{
    const uint8_t *found = view.size > 0 ? memchr(view.at, byte, view.size) : NULL;

    return found ? view_first(view, (size_t)(found - view.at)) : view;
}

static bool starts_ignoring_case(struct view whole, struct view start)
{
    return whole.size >= start.size && view_equal_ignoring_case(view_first(whole, start.size), start);
}

/* Reduces a target in absolute form ("http://host/path") to the origin form; the authority is kept to be compared
 * with Host. */
static enum decode reduce_target(struct reader *reader, size_t scheme_size)
{
    struct http_request *request = reader->request;
    struct view rest = view_skip(request->target, scheme_size);

    reader->authority = until_byte(until_byte(rest, '/'), '?');
    rest = view_skip(rest, reader->authority.size);
    if (reader->authority.size == 0 || (rest.size > 0 && rest.at[0] != '/'))
        return refuse(reader, 400, "The request's target is malformed. Send a path that begins with '/'.");
    request->target = rest.size > 0 ? rest : VIEW("/");
    return DECODE_DONE;
}

static enum decode judge_target(struct reader *reader)
{
    struct http_request *request = reader->request;
    enum decode decode = DECODE_DONE;

    reader->authority = VIEW("");
    if (view_equal(request->method, VIEW("CONNECT")))
        return refuse(reader, 501, "This server is not a proxy. Ask it for its own pages.");
    if (starts_ignoring_case(request->target, VIEW("http://")))
        decode = reduce_target(reader, 7);
    else if (starts_ignoring_case(request->target, VIEW("https://")))
        decode = reduce_target(reader, 8);
    else if (request->target.at[0] != '/'
             && !(view_equal(request->target, VIEW("*")) && view_equal(request->method, VIEW("OPTIONS"))))
        decode = refuse(reader, 400, "The request's target is malformed. Send a path that begins with '/'.");
    if (decode != DECODE_DONE)
        return decode;
    request->path = until_byte(request->target, '?');
    request->query = view_skip(request->target, request->path.size);
    if (request->query.size > 0)
        request->query = view_skip(request->query, 1);
    return DECODE_DONE;
}

/* One empty line before the request is what some clients leave behind a body (RFC 9112 section 2.2). */
static enum decode skip_empty_line(struct reader *reader)
{
    if (is_at_end(reader))
        return DECODE_NEED_MORE;
    if (next_byte(reader) != '\r')
        return DECODE_DONE;
    return read_line_end(reader, "");
}

static enum decode read_request_line(struct reader *reader)
{
    enum decode decode = skip_empty_line(reader);

    if (decode == DECODE_DONE)
        decode = read_method(reader);
    if (decode == DECODE_DONE)
        decode = read_target(reader);
    if (decode == DECODE_DONE)
        decode = read_version(reader);
    return decode == DECODE_DONE ? judge_target(reader) : decode;
}

static enum decode refuse_name(struct reader *reader, size_t name_size)
{
    bool is_blank = next_byte(reader) == ' ' || next_byte(reader) == '\t';

    if (is_blank && name_size == 0)
        return refuse(reader, 400, "A field is folded over several lines. Send each field in one line.");
    if (is_blank)
        return refuse(reader, 400, "A field has white space before its colon. Send the colon right behind the name.");
    if (next_byte(reader) == ':')
        return refuse(reader, 400, "A field has no name. Send: name, colon, value.");
    return refuse(reader, 400, "A field's name is malformed. Send: name, colon, value, CR LF.");
}

static enum decode read_field(struct reader *reader)
{
    struct http_request *request = reader->request;
    size_t start = reader->at;

    if (request->field_count >= reader->limits->field_count_max || request->field_count >= HTTP_FIELDS_MAX)
        return refuse(reader, 431, "The request has more fields than this server takes. Send fewer.");
    reader->at += count_token(rest_of(reader));
    if (is_at_end(reader))
        return DECODE_NEED_MORE;
    struct view name = since(reader, start);

    if (name.size == 0 || next_byte(reader) != ':')
        return refuse_name(reader, name.size);
    reader->at++;
    start = reader->at;
    reader->at += count_field(rest_of(reader));
    struct view value = since(reader, start);
    enum decode decode = read_line_end(reader, "A field has a control character or a bare LF. End lines with CR LF.");

    if (decode == DECODE_DONE)
        request->fields[request->field_count++] = (struct http_field){name, view_trim(value)};
    return decode;
}

static enum decode read_fields(struct reader *reader)
{
    enum decode decode = DECODE_DONE;

    while (decode == DECODE_DONE) {
        if (is_at_end(reader))
            return DECODE_NEED_MORE;
        if (next_byte(reader) == '\r')
            return read_line_end(reader, "");
        decode = read_field(reader);
    }
    return decode;
}

static enum decode judge_host(struct reader *reader)
{
    const struct http_request *request = reader->request;
    const struct http_field *host = http_field_find(request, "Host");

    if (!host && request->minor_version > 0)
        return refuse(reader, 400, "The request has no Host. Send the server's name in it.");
    if (!host)
        return DECODE_DONE;
    if (http_field_count(request, "Host") > 1)
        return refuse(reader, 400, "The request has more than one Host. Send one.");
    if (!http_host_is_valid(host->value))
        return refuse(reader, 400, "The request's Host is malformed. Send a name or address, and a port if need be.");
    if (reader->authority.size > 0 && !view_equal_ignoring_case(reader->authority, host->value))
        return refuse(reader, 400, "The request's target names another server than its Host. Send the same.");
    return DECODE_DONE;
}

static enum decode judge_transfer_encoding(struct reader *reader, const struct http_field *encoding)
{
    struct http_request *request = reader->request;
    bool is_list = until_byte(encoding->value, ',').size < encoding->value.size;

    if (request->minor_version == 0)
        return refuse(reader, 400, "HTTP/1.0 has no Transfer-Encoding. Send Content-Length.");
    if (http_field_count(request, "Transfer-Encoding") > 1 || is_list)
        return refuse(reader, 400, "The request has several transfer codings. Send chunked alone, or Content-Length.");
    if (!view_equal_ignoring_case(encoding->value, VIEW("chunked")))
        return refuse(reader, 501, "The transfer coding is not known here. Send chunked alone, or Content-Length.");
    if (http_field_count(request, "Content-Length") > 0)
        return refuse(reader, 400, "The request has Content-Length and Transfer-Encoding. Send one of them.");
    request->is_chunked = true;
    return DECODE_DONE;
}

static enum decode judge_length(struct reader *reader, const struct http_field *length)
{
    /* Also the same length twice is refused, which could be taken: no client needs it, and attacks are made of it. */
    if (http_field_count(reader->request, "Content-Length") > 1)
        return refuse(reader, 400, "The request has more than one Content-Length. Send one.");
    for (size_t index = 0; index < length->value.size; index++)
        if (!octet_is_digit(length->value.at[index]))
            return refuse(reader, 400, "Content-Length is not a number. Send decimal digits and nothing else.");
    if (length->value.size > LENGTH_DIGITS_MAX)
        return refuse(reader, 413, "The body is larger than any that this server takes. Send less.");
    if (!view_to_number(length->value, UINT64_MAX, &reader->request->content_length))
        return refuse(reader, 400, "Content-Length is not a number. Send decimal digits and nothing else.");
    return DECODE_DONE;
}

static enum decode judge_framing(struct reader *reader)
{
    struct http_request *request = reader->request;
    const struct http_field *encoding = http_field_find(request, "Transfer-Encoding");
    const struct http_field *length = http_field_find(request, "Content-Length");
    enum decode decode = DECODE_DONE;

    request->is_chunked = false;
    request->content_length = 0;
    if (encoding)
        decode = judge_transfer_encoding(reader, encoding);
    else if (length)
        decode = judge_length(reader, length);
    return decode;
}

static enum decode judge_connection(struct reader *reader)
{
    struct http_request *request = reader->request;
    const struct http_field *expect = http_field_find(request, "Expect");
    bool is_closed = http_field_has_token(request, "Connection", "close");

    request->is_kept_alive = !is_closed;
    if (request->minor_version == 0)
        request->is_kept_alive = !is_closed && http_field_has_token(request, "Connection", "keep-alive");
    request->expects_continue = false;
    if (!expect || request->minor_version == 0)
        return DECODE_DONE;
    if (http_field_count(request, "Expect") > 1 || !view_equal_ignoring_case(expect->value, VIEW("100-continue")))
        return refuse(reader, 417, "The expectation is not known here. Send Expect: 100-continue or none.");
    request->expects_continue = request->is_chunked || request->content_length > 0;
    return DECODE_DONE;
}

static enum decode read_head(struct reader *reader)
{
    enum decode decode = read_request_line(reader);

    if (decode == DECODE_DONE)
        decode = read_fields(reader);
    if (decode == DECODE_DONE)
        decode = judge_host(reader);
    if (decode == DECODE_DONE)
        decode = judge_framing(reader);
    return decode == DECODE_DONE ? judge_connection(reader) : decode;
}

enum decode http_request_decode(struct view bytes, const struct http_limits *limits, struct http_request *out_request,
                                struct http_fault *out_fault)
{
    struct reader reader = {
        .bytes = bytes.size < limits->head_bytes_max ? bytes : view_first(bytes, limits->head_bytes_max),
        .limits = limits,
        .request = out_request,
        .fault = out_fault,
    };

    out_request->field_count = 0;
    enum decode decode = read_head(&reader);

    if (decode == DECODE_NEED_MORE && bytes.size >= limits->head_bytes_max)
        return refuse(&reader, 431, "The request's head is larger than this server takes. Send fewer fields.");
    out_request->head_size = reader.at;
    return decode;
}
