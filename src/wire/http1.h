/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP/1.1 requests, strictly (RFC 9112): what could be read in two ways is refused, never guessed. A head is
 * decoded in place from a buffer that holds it whole; nothing is copied, all views point into it. Not here: bodies'
 * meaning, routes, answers' policy. */
#pragma once

#include "base/builder.h"
#include "base/view.h"
#include "wire/decode.h"

enum { HTTP_FIELDS_MAX = 64 };

struct http_field {
    struct view name;
    struct view value; /* trimmed */
};

struct http_request {
    struct view method;
    struct view target; /* as sent, origin-form ("/path?query"); absolute-form is reduced to it */
    struct view path;   /* the target before '?', still percent-encoded */
    struct view query;  /* after '?', without it; empty if none */
    int minor_version;  /* HTTP/1.minor: 0 or 1 */
    struct http_field fields[HTTP_FIELDS_MAX];
    size_t field_count;
    bool is_kept_alive; /* after this request, as version and Connection say (RFC 9112 section 9.3) */
    bool is_chunked;    /* the body comes in chunks */
    bool expects_continue;
    uint64_t content_length; /* 0 where there is no body; not meaningful if is_chunked */
    size_t head_size;        /* bytes up to and with the empty line behind the fields */
};

/* Why a head was refused: the status to answer with, and a sentence for its body that names the fault. */
struct http_fault {
    int status; /* 400, 413, 414, 417, 431, 501, 505 */
    const char *text;
};

struct http_limits {
    size_t head_bytes_max; /* request line and fields together */
    size_t target_bytes_max;
    size_t field_count_max; /* at most HTTP_FIELDS_MAX */
};

/* Decodes the head at the start of `bytes`. One empty line (CRLF) before it is tolerated (RFC 9112 section 2.2).
 * DECODE_BAD as soon as it is sure, also for a head that is still incomplete but already over a limit; the fault is the
 * same however much of the bytes was there. Refused: bare LF or CR, obs-fold, white space before a colon, both
 * Content-Length and Transfer-Encoding, more than one Content-Length, transfer codings other than a lone "chunked",
 * control characters and NUL in values, HTTP/1.1 without exactly one valid Host, an absolute target that names another
 * host, fields without name, CONNECT (501), other versions (505). `*out_request` means something only when DONE. */
enum decode http_request_decode(struct view bytes, const struct http_limits *limits, struct http_request *out_request,
                                struct http_fault *out_fault);

/* The first field of that name (any case), or NULL. */
const struct http_field *http_field_find(const struct http_request *request, const char *name);
/* How many fields have that name. */
size_t http_field_count(const struct http_request *request, const char *name);
/* True if a comma-separated list field (over all fields of that name) has this token, any case (RFC 9110 section
 * 5.6.1). */
bool http_field_has_token(const struct http_request *request, const char *name, const char *token);

/* A chunked body, decoded in pieces (RFC 9112 section 7.1). Trailer fields are read and dropped, bounded to 4096 bytes;
 * a line with a chunk's size and extensions to 256. No blanks are taken around a size, though the grammar has them. */
struct http_chunked {
    uint64_t chunk_left;
    size_t line_bytes; /* of the size line or trailer being read */
    int state;
    uint64_t body_bytes; /* so far */
};
void http_chunked_init(struct http_chunked *chunked);
/* Consumes from `bytes`; `*out_used` is always set; `*out_data` is a piece of body (may be empty). DECODE_NEED_MORE:
 * call again with what was not used, or with more once all was. DECODE_DONE: the body has ended within `*out_used`. */
enum decode http_chunked_decode(struct http_chunked *chunked, struct view bytes, size_t *out_used,
                                struct view *out_data);

/* Percent-decodes a path, appended to `out`. False: bad escape, NUL, or not valid UTF-8, or no room; then `out` has
 * what it had before. Plus stays plus. */
bool http_percent_decode(struct view text, struct builder *out);
/* Finds a parameter of a query ("a=1&b=2"), percent- and plus-decoded, appended to `out`. False: not there (out
 * untouched) or badly encoded (`*out_is_bad` is then true). The first one counts. */
bool http_query_get(struct view query, const char *name, struct builder *out, bool *out_is_bad);
/* Finds a cookie's value in a Cookie field's value; a view into it. False: not there. */
bool http_cookie_get(struct view cookies, const char *name, struct view *out_value);

/* Is it a name or an address, with or without a port, as Host has them (RFC 9110 section 7.2)? Empty is not. */
bool http_host_is_valid(struct view value);
/* A valid one's name or address. */
struct view http_host_without_port(struct view value);

/* "OK", "Not Found" … for a status that natter uses. */
/* Appends the field lines that say when to come back: Retry-After in seconds (RFC 9110 section 10.2.3), rounded up, and
 * Retry-After-Ms, which is exact. */
void http_add_retry_after(struct builder *out, uint64_t retry_after_ms);
const char *http_status_text(int status);
