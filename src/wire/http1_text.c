/* SPDX-License-Identifier: Apache-2.0 */
/* What is read out of a decoded head: fields by name, lists, paths, queries, cookies, hosts; and statuses in words. */
#include "wire/http1.h"
#include "wire/octet.h"
#include "wire/utf8.h"

enum { PORT_MAX = 65535 };

static bool field_is(const struct http_field *field, struct view name)
{
    return view_equal_ignoring_case(field->name, name);
}

const struct http_field *http_field_find(const struct http_request *request, const char *name)
{
    struct view wanted = view_of_string(name);

    for (size_t index = 0; index < request->field_count; index++)
        if (field_is(&request->fields[index], wanted))
            return &request->fields[index];
    return NULL;
}

size_t http_field_count(const struct http_request *request, const char *name)
{
    struct view wanted = view_of_string(name);
    size_t count = 0;

    for (size_t index = 0; index < request->field_count; index++)
        if (field_is(&request->fields[index], wanted))
            count++;
    return count;
}

/* Takes what comes before `separator` off `rest`, and the separator. False: nothing is left. */
static bool take_part(struct view *rest, uint8_t separator, struct view *out_part)
{
    if (rest->size == 0)
        return false;
    const uint8_t *end = memchr(rest->at, separator, rest->size);
    size_t size = end ? (size_t)(end - rest->at) : rest->size;

    *out_part = view_first(*rest, size);
    *rest = view_skip(*rest, end ? size + 1 : size);
    return true;
}

bool http_field_has_token(const struct http_request *request, const char *name, const char *token)
{
    struct view wanted_name = view_of_string(name);
    struct view wanted_token = view_of_string(token);
    struct view part;

    for (size_t index = 0; index < request->field_count; index++) {
        struct view rest = request->fields[index].value;

        if (!field_is(&request->fields[index], wanted_name))
            continue;
        while (take_part(&rest, ',', &part))
            if (view_equal_ignoring_case(view_trim(part), wanted_token))
                return true;
    }
    return false;
}

/* Reads one byte, escaped or not. False: a bad escape, or a NUL, which no text of ours may have. */
static bool take_decoded(struct view *rest, bool is_plus_space, uint8_t *out_byte)
{
    uint8_t byte = rest->at[0];

    if (byte == '%') {
        int high = rest->size > 2 ? octet_hex(rest->at[1]) : -1;
        int low = rest->size > 2 ? octet_hex(rest->at[2]) : -1;

        if (high < 0 || low < 0)
            return false;
        *rest = view_skip(*rest, 2);
        byte = (uint8_t)(high << 4 | low);
    } else if (byte == '+' && is_plus_space) {
        byte = ' ';
    }
    *rest = view_skip(*rest, 1);
    *out_byte = byte;
    return byte != 0;
}

static bool decode_text(struct view text, bool is_plus_space, struct builder *out)
{
    size_t start = out->size;
    bool is_right = true;
    uint8_t byte;

    while (is_right && text.size > 0) {
        is_right = take_decoded(&text, is_plus_space, &byte);
        if (is_right)
            builder_add_byte(out, byte);
    }
    if (is_right && out->size > start)
        is_right = utf8_is_valid(view_skip(builder_view(out), start));
    if (is_right && builder_ok(out))
        return true;
    out->size = start;
    return false;
}

bool http_percent_decode(struct view text, struct builder *out)
{
    return decode_text(text, false, out);
}

/* Is `text`, decoded, this name? A name that is badly encoded is none. */
static bool decodes_to(struct view text, struct view name)
{
    uint8_t byte;

    for (size_t index = 0; index < name.size; index++)
        if (text.size == 0 || !take_decoded(&text, true, &byte) || byte != name.at[index])
            return false;
    return text.size == 0;
}

bool http_query_get(struct view query, const char *name, struct builder *out, bool *out_is_bad)
{
    struct view wanted = view_of_string(name);
    struct view value;
    struct view key;

    *out_is_bad = false;
    while (take_part(&query, '&', &value)) {
        if (!take_part(&value, '=', &key) || !decodes_to(key, wanted))
            continue;
        *out_is_bad = !decode_text(value, true, out);
        return !*out_is_bad;
    }
    return false;
}

bool http_cookie_get(struct view cookies, const char *name, struct view *out_value)
{
    struct view wanted = view_of_string(name);
    struct view part;
    struct view key;

    while (take_part(&cookies, ';', &part)) {
        part = view_trim(part);
        if (!take_part(&part, '=', &key) || !view_equal(key, wanted))
            continue;
        if (part.at == key.at + key.size) /* no '=': a name alone is no cookie */
            continue;
        *out_value = part;
        return true;
    }
    return false;
}

static struct view until_byte(struct view view, uint8_t byte)
{
    const uint8_t *found = view.size > 0 ? memchr(view.at, byte, view.size) : NULL;

    return found ? view_first(view, (size_t)(found - view.at)) : view;
}

static bool is_escape(struct view text)
{
    return text.size >= 3 && octet_hex(text.at[1]) >= 0 && octet_hex(text.at[2]) >= 0;
}

/* The bytes of a registered name (RFC 3986 section 3.2.2) without the comma, by which a list of two hosts would look
 * like one. */
static bool is_host_name(struct view name)
{
    for (size_t index = 0; index < name.size; index++) {
        uint8_t byte = name.at[index];
        bool is_letter = (byte | 0x20) >= 'a' && (byte | 0x20) <= 'z';

        if (byte == '%' && !is_escape(view_skip(name, index)))
            return false;
        if (!is_letter && !octet_is_digit(byte) && (byte == 0 || !strchr("-._~%!$&'()*+;=", byte)))
            return false;
    }
    return name.size > 0;
}

static bool is_address_in_brackets(struct view host)
{
    if (host.size < 4 || host.at[host.size - 1] != ']')
        return false;
    for (size_t index = 1; index < host.size - 1; index++) {
        uint8_t byte = host.at[index];

        if (octet_hex(byte) < 0 && byte != ':' && byte != '.')
            return false;
    }
    return true;
}

bool http_host_is_valid(struct view value)
{
    bool is_address = value.size > 0 && value.at[0] == '[';
    struct view host = until_byte(value, is_address ? ']' : ':');
    uint64_t port;

    if (is_address && host.size < value.size)
        host.size++; /* with the bracket */
    struct view rest = view_skip(value, host.size);

    if (is_address ? !is_address_in_brackets(host) : !is_host_name(host))
        return false;
    if (rest.size == 0)
        return true;
    return rest.at[0] == ':' && (rest.size == 1 || view_to_number(view_skip(rest, 1), PORT_MAX, &port));
}

struct view http_host_without_port(struct view value)
{
    bool is_address = value.size > 0 && value.at[0] == '[';
    struct view host = until_byte(value, is_address ? ']' : ':');

    if (is_address && host.size < value.size)
        host.size++;
    return host;
}

#define STATUSES(X)                           \
    X(100, "Continue")                        \
    X(101, "Switching Protocols")             \
    X(200, "OK")                              \
    X(201, "Created")                         \
    X(202, "Accepted")                        \
    X(204, "No Content")                      \
    X(206, "Partial Content")                 \
    X(301, "Moved Permanently")               \
    X(302, "Found")                           \
    X(303, "See Other")                       \
    X(304, "Not Modified")                    \
    X(307, "Temporary Redirect")              \
    X(308, "Permanent Redirect")              \
    X(400, "Bad Request")                     \
    X(401, "Unauthorized")                    \
    X(403, "Forbidden")                       \
    X(404, "Not Found")                       \
    X(405, "Method Not Allowed")              \
    X(406, "Not Acceptable")                  \
    X(408, "Request Timeout")                 \
    X(409, "Conflict")                        \
    X(410, "Gone")                            \
    X(411, "Length Required")                 \
    X(412, "Precondition Failed")             \
    X(413, "Content Too Large")               \
    X(414, "URI Too Long")                    \
    X(415, "Unsupported Media Type")          \
    X(416, "Range Not Satisfiable")           \
    X(417, "Expectation Failed")              \
    X(421, "Misdirected Request")             \
    X(422, "Unprocessable Content")           \
    X(426, "Upgrade Required")                \
    X(428, "Precondition Required")           \
    X(429, "Too Many Requests")               \
    X(431, "Request Header Fields Too Large") \
    X(500, "Internal Server Error")           \
    X(501, "Not Implemented")                 \
    X(502, "Bad Gateway")                     \
    X(503, "Service Unavailable")             \
    X(504, "Gateway Timeout")                 \
    X(505, "HTTP Version Not Supported")      \
    X(507, "Insufficient Storage")

const char *http_status_text(int status)
{
    switch (status) {
#define CASE(number, text) \
    case number: return text;
        STATUSES(CASE)
#undef CASE
    }
    return "Unknown";
}

void http_add_retry_after(struct builder *out, uint64_t retry_after_ms)
{
    builder_format(out, "Retry-After: %llu\r\nRetry-After-Ms: %llu\r\n",
                   (unsigned long long)(retry_after_ms + 999) / 1000, (unsigned long long)retry_after_ms);
}
