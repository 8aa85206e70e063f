/* SPDX-License-Identifier: Apache-2.0 */
/* All tests of the floor http/, and what they share. */
#include <stdlib.h>
#include <strings.h>

#include "base/diag.h"
#include "base/table.h"
#include "http_test.h"

static bool is_store_healthy(void *context)
{
    const struct exchange *exchange = context;

    return exchange->is_store_healthy;
}

void exchange_init(struct exchange *exchange)
{
    *exchange = (struct exchange){.is_store_healthy = true};
    exchange->site.is_store_healthy = is_store_healthy;
    exchange->site.context = exchange;
}

static void keep_text(struct view view, char *out, size_t size)
{
    size_t kept = view.size < size - 1 ? view.size : size - 1;

    if (kept > 0)
        memcpy(out, view.at, kept);
    out[kept] = 0;
}

void exchange_ask(struct exchange *exchange, const char *line, const char *fields)
{
    const struct http_limits limits = {16384, 8192, HTTP_FIELDS_MAX};
    struct http_request request;
    struct http_fault fault;
    char text[8192];

    (void)snprintf(text, sizeof text, "%s HTTP/1.1\r\nHost: localhost\r\n%s\r\n", line, fields ? fields : "");
    assert_int_equal(http_request_decode(view_of_string(text), &limits, &request, &fault), DECODE_DONE);
    http_reply_init(&exchange->reply);
    http_route(&exchange->site, &request, &exchange->reply);
    assert_true(builder_ok(&exchange->reply.fields) && builder_ok(&exchange->reply.body));
    keep_text(builder_view(&exchange->reply.fields), exchange->fields, sizeof exchange->fields);
    keep_text(exchange->reply.answer.body, exchange->text, sizeof exchange->text);
}

void exchange_done(struct exchange *exchange)
{
    http_reply_done(&exchange->reply);
}

static const char *find_field(const struct exchange *exchange, const char *name, const char *from)
{
    size_t size = strlen(name);

    for (const char *line = from ? from : exchange->fields; *line;) {
        const char *end = strstr(line, "\r\n");
        assert_non_null(end); /* every line is whole */
        if (strncasecmp(line, name, size) == 0 && line[size] == ':')
            return line;
        line = end + 2;
    }
    return NULL;
}

const char *exchange_field(const struct exchange *exchange, const char *name, char out[1024])
{
    const char *line = find_field(exchange, name, NULL);

    if (!line)
        fail_msg("the answer has no %s: %s", name, exchange->fields);
    assert_null(find_field(exchange, name, strstr(line, "\r\n") + 2));
    line += strlen(name) + 1;
    (void)snprintf(out, 1024, "%.*s", (int)(strstr(line, "\r\n") - line - 1), line + 1);
    return out;
}

bool exchange_has_field(const struct exchange *exchange, const char *name)
{
    return find_field(exchange, name, NULL) != NULL;
}

int main(void)
{
    static const uint8_t secret[16] = "a secret of test";
    int failures = 0;

    table_seed(secret);
    diag_setup(DIAG_HUMAN, DIAG_ERROR);
    failures += test_routes();
    failures += test_health();
    failures += test_assets();
    failures += test_public_notices();
    return failures > 0;
}
