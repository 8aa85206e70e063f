/* SPDX-License-Identifier: Apache-2.0 */
/* /api/v1 on the operator's listener: what goes on inside, as JSON, and how to end a connection. One row per address in
 * api.c; docs/reference/api.md is the contract. On the operator's thread: it asks the other loops, in slices, and only
 * it waits. */
#pragma once

#include "ops/ask.h"
#include "ops/operator.h"

enum { API_BODY_BYTES_MAX = 8 * 1024 * 1024 };

/* A request at work. */
struct api {
    const struct metrics_sources *sources;
    const struct http_request *request;
    struct view rest; /* of the path, behind what the row has; empty: nothing */
    struct builder *out;
    int status;
    uint64_t end_ms; /* when the last answer of another loop must have come */
};

/* Is it below /api/v1? Then it is answered here. */
bool api_is_asked(const struct http_request *request);
void api_serve(const struct metrics_sources *sources, struct conn *conn, const struct http_request *request);

/* For handlers: writes {"error":text} and that status; always what they return next. */
void api_refuse(struct api *api, int status, const char *text);

/* api_json.c: members of an object, each with a comma in front where one is needed. */
void api_open(struct builder *out, const char *name, char bracket); /* name NULL: an element */
void api_shut(struct builder *out, char bracket);
void api_put_number(struct builder *out, const char *name, uint64_t value);
void api_put_signed(struct builder *out, const char *name, int64_t value);
void api_put_real(struct builder *out, const char *name, double value);
void api_put_bool(struct builder *out, const char *name, bool value);
void api_put_text(struct builder *out, const char *name, struct view value);
void api_put_null(struct builder *out, const char *name);

/* api_query.c: what the query asks for. */
enum { API_LIMIT_DEFAULT = 50, API_LIMIT_MAX = 500, API_ROWS_MAX = 10000, API_WORD_BYTES_MAX = 300 };
struct api_page {
    size_t limit, page;
    bool is_rising;
};
/* False: it is answered. `names` are those of all parameters that may be there, besides limit, page and order. */
bool api_read_page(struct api *api, const char *const *names, struct api_page *out);
/* The parameter of that name, with a NUL; "" where it is not there. False: it is answered. */
bool api_read_word(struct api *api, const char *name, char out[API_WORD_BYTES_MAX]);
/* Is `part` in `text`, letters of ASCII without regard to case? The empty one always is. */
bool api_contains(const char *text, const char *part);

/* The handlers. */
void api_overview(struct api *api);
void api_loops(struct api *api);
void api_commits(struct api *api);
void api_rooms(struct api *api);
void api_ended(struct api *api);
void api_connections(struct api *api);
void api_connection(struct api *api);
void api_connection_end(struct api *api);
void api_user_end(struct api *api);
