/* SPDX-License-Identifier: Apache-2.0 */
#include "top/fetch.h"

#include <stdio.h>

#include "os/clock.h"

enum { READ_BYTES = 64 * 1024, DEFAULT_PORT = 9180 };

bool fetch_target_read(const char *text, struct fetch_target *out)
{
    struct view rest = view_of_string(text);

    *out = (struct fetch_target){.token = NULL};
    if (strncmp(text, "unix:", 5) == 0) {
        (void)snprintf(out->host, sizeof out->host, "localhost");
        return snprintf(out->path, sizeof out->path, "%s", text + 5) < (int)sizeof out->path && text[5] == '/';
    }
    if (view_starts_with(rest, VIEW("http://")))
        rest = view_skip(rest, 7);
    while (rest.size > 0 && rest.at[rest.size - 1] == '/')
        rest.size--;
    if (rest.size == 0 || rest.size >= sizeof out->host - 6 || memchr(rest.at, '/', rest.size))
        return false;
    (void)snprintf(out->host, sizeof out->host, "%.*s", (int)rest.size, (const char *)rest.at);
    if (os_address_parse(view_of_string(out->host), &out->address) == RESULT_OK)
        return true;
    (void)snprintf(out->host + rest.size, sizeof out->host - rest.size, ":%d", DEFAULT_PORT);
    return os_address_parse(view_of_string(out->host), &out->address) == RESULT_OK;
}

static bool tell(char out_problem[FETCH_PROBLEM_BYTES], const char *text)
{
    (void)snprintf(out_problem, FETCH_PROBLEM_BYTES, "%s", text);
    return false;
}

/* Waits until the descriptor can go on, until the time is over. */
static bool wait_for(int descriptor, bool is_writing, uint64_t end_ms)
{
    uint64_t now_ms = os_clock_monotonic_ms();

    return now_ms < end_ms && os_descriptor_wait(descriptor, is_writing, (int)(end_ms - now_ms));
}

static bool send_all(int descriptor, struct view bytes, uint64_t end_ms)
{
    while (bytes.size > 0) {
        size_t size = 0;
        enum result result = os_write(descriptor, bytes.at, bytes.size, &size);
        if (result == RESULT_OK)
            bytes = view_skip(bytes, size);
        else if (result != RESULT_AGAIN || !wait_for(descriptor, true, end_ms))
            return false;
    }
    return true;
}

/* The server closes at the end. */
static bool read_all(int descriptor, struct builder *out, uint64_t end_ms)
{
    for (;;) {
        uint8_t *at = builder_reserve(out, READ_BYTES);
        size_t size = 0;
        if (!at)
            return false;
        enum result result = os_read(descriptor, at, READ_BYTES, &size);
        if (result == RESULT_CLOSED)
            return true;
        if (result == RESULT_OK)
            builder_wrote(out, size);
        else if (result != RESULT_AGAIN || !wait_for(descriptor, false, end_ms))
            return false;
    }
}

static bool exchange(const struct fetch_target *target, int descriptor, struct view request, struct builder *answer,
                     char out_problem[FETCH_PROBLEM_BYTES])
{
    uint64_t end_ms = os_clock_monotonic_ms() + FETCH_WAIT_MS;

    if (!target->path[0] && (!wait_for(descriptor, true, end_ms) || os_socket_error(descriptor) != 0))
        return tell(out_problem, "Nobody listens there. Is natter running, with metrics.listen on?");
    if (!send_all(descriptor, request, end_ms) || !read_all(descriptor, answer, end_ms))
        return tell(out_problem, "The server did not answer in time.");
    return true;
}

bool fetch_read_answer(struct view bytes, int *out_status, struct view *out_body)
{
    const struct view version = VIEW("HTTP/1.1 ");
    uint64_t status = 0;

    if (!view_starts_with(bytes, version) || bytes.size < version.size + 3
        || !view_to_number(view_first(view_skip(bytes, version.size), 3), 999, &status))
        return false;
    for (size_t i = 0; i + 4 <= bytes.size; i++) {
        if (memcmp(bytes.at + i, "\r\n\r\n", 4) == 0) {
            *out_status = (int)status;
            *out_body = view_skip(bytes, i + 4);
            return true;
        }
    }
    return false;
}

static void write_request(const struct fetch_target *target, const char *method, const char *path, struct builder *out)
{
    builder_format(out, "%s %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n", method, path, target->host);
    if (target->token)
        builder_format(out, "Authorization: Bearer %s\r\n", target->token);
    builder_add_string(out, "\r\n");
}

static enum result open_link(const struct fetch_target *target, int *out_descriptor)
{
    return target->path[0] ? os_connect_unix(target->path, out_descriptor)
                           : os_connect(&target->address, out_descriptor);
}

bool fetch_text(const struct fetch_target *target, const char *method, const char *path, int *out_status,
                struct builder *out, char out_problem[FETCH_PROBLEM_BYTES])
{
    struct builder request, answer;
    struct view body;
    int descriptor;

    if (open_link(target, &descriptor) != RESULT_OK)
        return tell(out_problem, "Nobody listens there. Is natter running, with metrics.listen on?");
    builder_init(&request, READ_BYTES);
    builder_init(&answer, FETCH_BYTES_MAX);
    write_request(target, method, path, &request);
    bool is_there = exchange(target, descriptor, builder_view(&request), &answer, out_problem);
    os_socket_close(descriptor);
    if (is_there && !fetch_read_answer(builder_view(&answer), out_status, &body))
        is_there = tell(out_problem, "What answers there is no natter.");
    if (is_there)
        builder_add_view(out, body);
    builder_done(&request);
    builder_done(&answer);
    return is_there;
}

json_t *fetch(const struct fetch_target *target, const char *method, const char *path, int *out_status,
              char out_problem[FETCH_PROBLEM_BYTES])
{
    struct builder text;
    json_t *document = NULL;

    builder_init(&text, FETCH_BYTES_MAX);
    if (fetch_text(target, method, path, out_status, &text, out_problem)) {
        document = json_loadb((const char *)text.at, text.size, 0, NULL);
        if (!document)
            (void)tell(out_problem, "What answers there is no natter, or an older one: it has no /api/v1.");
    }
    if (document && *out_status >= 400 && *out_status != 404) {
        const char *why = json_string_value(json_object_get(document, "error"));
        (void)tell(out_problem, why ? why : "The server refused the request.");
        json_decref(document);
        document = NULL;
    }
    builder_done(&text);
    return document;
}
