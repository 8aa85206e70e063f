/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/api.h"

#include "ops/notices_serve.h"
#include "ops/server_ledger.h"

enum row_path {
    PATH_EXACT,
    PATH_WITH_REST, /* something must follow the path */
};

static const struct api_row {
    const char *method;
    const char *path;
    enum row_path kind;
    void (*answer)(struct api *api);
} rows[] = {
    {"GET", "/api/v1/overview", PATH_EXACT, api_overview},
    {"GET", "/api/v1/connections", PATH_EXACT, api_connections},
    {"GET", "/api/v1/connections/", PATH_WITH_REST, api_connection},
    {"DELETE", "/api/v1/connections/", PATH_WITH_REST, api_connection_end},
    {"DELETE", "/api/v1/users/", PATH_WITH_REST, api_user_end},
    {"GET", "/api/v1/ended", PATH_EXACT, api_ended},
    {"GET", "/api/v1/rooms", PATH_EXACT, api_rooms},
    {"GET", "/api/v1/loops", PATH_EXACT, api_loops},
    {"GET", "/api/v1/commits", PATH_EXACT, api_commits},
};

bool api_is_asked(const struct http_request *request)
{
    return view_starts_with(request->path, VIEW("/api/v1/"));
}

void api_refuse(struct api *api, int status, const char *text)
{
    api->status = status;
    builder_clear(api->out);
    api_open(api->out, NULL, '{');
    api_put_text(api->out, "error", view_of_string(text));
    api_shut(api->out, '}');
}

static bool has_path(const struct api_row *row, struct view path)
{
    struct view start = view_of_string(row->path);

    return row->kind == PATH_EXACT ? view_equal(path, start) : view_starts_with(path, start) && path.size > start.size;
}

/* HEAD is GET without the body, which conn_answer() leaves out. */
static bool has_method(const struct api_row *row, struct view method)
{
    return view_equal(method, view_of_string(row->method))
           || (view_equal(method, VIEW("HEAD")) && strcmp(row->method, "GET") == 0);
}

static void route(struct api *api)
{
    bool is_there = false;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (!has_path(&rows[i], api->request->path))
            continue;
        is_there = true;
        if (!has_method(&rows[i], api->request->method))
            continue;
        api->rest = view_skip(api->request->path, strlen(rows[i].path));
        rows[i].answer(api);
        return;
    }
    if (is_there)
        api_refuse(api, 405, "This address is not served with that method.");
    else
        api_refuse(api, 404,
                   "There are overview, connections, ended, rooms, loops, commits, ledger, notices and paths; see "
                   "docs/reference/api.md.");
}

static bool is_allowed(struct api *api, struct conn *conn)
{
    const struct operator_rule rule = {.token = api->sources->token, .is_unix = api->sources->is_ops_unix};
    struct os_address peer;
    const char *why = "";

    conn_peer(conn, &peer);
    enum operator_verdict verdict = operator_judge(&rule, api->request, &peer, &why);
    if (verdict == OPERATOR_YES)
        return true;
    api_refuse(api, verdict == OPERATOR_WRONG_TOKEN ? 401 : 403, why);
    return false;
}

/* What answers by itself. True: it has. */
static bool serve_others(const struct metrics_sources *sources, struct conn *conn, const struct http_request *request)
{
    static const struct {
        const char *path;
        void (*serve)(const struct metrics_sources *sources, struct conn *conn);
    } others[] = {
        {"/api/v1/ledger", server_ledger_serve}, /* numbers alone: whoever reaches this listener may check them */
        {"/api/v1/notices", notices_serve},
        {"/api/v1/paths", notices_serve_paths},
    };

    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        if (!view_equal(request->path, view_of_string(others[i].path)) || !has_method(&rows[0], request->method))
            continue;
        others[i].serve(sources, conn);
        return true;
    }
    return false;
}

void api_serve(const struct metrics_sources *sources, struct conn *conn, const struct http_request *request)
{
    struct builder out;
    struct api api = {.sources = sources, .request = request, .out = &out, .status = 200, .end_ms = asking_end_ms()};

    if (serve_others(sources, conn, request))
        return;
    builder_init(&out, API_BODY_BYTES_MAX);
    if (is_allowed(&api, conn))
        route(&api);
    if (!builder_ok(&out))
        api_refuse(&api, 503, "The answer is too large, or there is no memory for it. Ask for fewer rows.");
    builder_add_byte(&out, '\n');
    conn_answer(conn,
                &(struct http_answer){
                    .status = api.status,
                    .fields = api.status == 401 ? VIEW("Content-Type: application/json\r\nCache-Control: no-store\r\n"
                                                       "WWW-Authenticate: Bearer\r\n")
                                                : VIEW("Content-Type: application/json\r\nCache-Control: no-store\r\n"
                                                       "X-Content-Type-Options: nosniff\r\n"),
                    .body = builder_view(&out),
                });
    builder_done(&out);
}
