/* SPDX-License-Identifier: Apache-2.0 */
/* Against the page that is built in: its content may change, what is promised about it here may not. */
#include "http/assets.h"

#include "http/assets_data.h"
#include "http_test.h"

static const struct asset *asset_of(const char *path)
{
    for (size_t i = 0; i < assets_data_count; i++) {
        if (strcmp(assets_data[i].path, path) == 0)
            return &assets_data[i];
    }
    fail_msg("there is no %s", path);
    return NULL;
}

/* Any file of the page, with some more fields. */
static void ask_for(struct exchange *exchange, const char *path, const char *fields)
{
    char line[512];

    (void)snprintf(line, sizeof line, "GET %s", path);
    exchange_init(exchange);
    exchange_ask(exchange, line, fields);
}

static void the_table_is_in_order_and_whole(void **state)
{
    (void)state;
    assert_true(assets_data_count > 0);
    for (size_t i = 0; i < assets_data_count; i++) {
        const struct asset *asset = &assets_data[i];
        size_t size = strlen(asset->etag);
        assert_true(asset->path[0] == '/');
        assert_true(asset->plain.size > 0);
        assert_true(size > 2 && asset->etag[0] == '"' && asset->etag[size - 1] == '"');
        assert_true(i == 0 || strcmp(assets_data[i - 1].path, asset->path) < 0);
    }
}

static void every_file_is_served_as_it_is_with_its_type_and_validator(void **state)
{
    struct exchange exchange;
    char value[1024];

    (void)state;
    for (size_t i = 0; i < assets_data_count; i++) {
        const struct asset *asset = &assets_data[i];
        ask_for(&exchange, asset->path, NULL);
        assert_int_equal(exchange.reply.answer.status, 200);
        assert_true(view_equal(exchange.reply.answer.body, asset->plain));
        assert_string_equal(exchange_field(&exchange, "Content-Type", value), asset->content_type);
        assert_string_equal(exchange_field(&exchange, "ETag", value), asset->etag);
        assert_false(exchange_has_field(&exchange, "Content-Encoding"));
        exchange_done(&exchange);
    }
}

static void what_has_a_hash_in_its_name_is_kept_for_ever_and_the_page_never(void **state)
{
    struct exchange exchange;
    size_t immutable_count = 0;
    char value[1024];

    (void)state;
    ask_for(&exchange, "/", NULL);
    assert_string_equal(exchange_field(&exchange, "Cache-Control", value), "no-cache");
    exchange_done(&exchange);
    for (size_t i = 0; i < assets_data_count; i++) {
        ask_for(&exchange, assets_data[i].path, NULL);
        bool is_immutable = strstr(exchange_field(&exchange, "Cache-Control", value), "immutable") != NULL;
        assert_int_equal(is_immutable, assets_data[i].is_immutable);
        immutable_count += is_immutable;
        exchange_done(&exchange);
    }
    assert_true(immutable_count > 0);
}

static void the_client_gets_the_coding_that_it_takes(void **state)
{
    static const struct {
        const char *accepts, *coding;
    } cases[] = {
        {NULL, NULL},
        {"", NULL},
        {"br", "br"},
        {"gzip", "gzip"},
        {"gzip, deflate, br", "br"},
        {"GZip", "gzip"},
        {"br;q=0, gzip", "gzip"},
        {"br;q=0.0,gzip;q=0", NULL},
        {"br; q=0 , gzip ; q=1.0", "gzip"},
        {"br;q=0.5, gzip;q=1.0", "br"},
        {"identity", NULL},
        {"brx, xgzip", NULL},
        {",,;q,=;", NULL},
        {"br;q=0", NULL},
    };
    const struct asset *page = asset_of("/index.html");
    struct exchange exchange;
    char fields[256], value[1024];

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        (void)snprintf(fields, sizeof fields, "Accept-Encoding: %s\r\n", cases[i].accepts ? cases[i].accepts : "");
        ask_for(&exchange, "/", cases[i].accepts ? fields : NULL);
        struct view expected = !cases[i].coding                     ? page->plain
                               : strcmp(cases[i].coding, "br") == 0 ? page->brotli
                                                                    : page->gzip;
        if (!view_equal(exchange.reply.answer.body, expected))
            fail_msg("\"%s\" got another coding", cases[i].accepts ? cases[i].accepts : "(none)");
        if (cases[i].coding)
            assert_string_equal(exchange_field(&exchange, "Content-Encoding", value), cases[i].coding);
        else
            assert_false(exchange_has_field(&exchange, "Content-Encoding"));
        assert_string_equal(exchange_field(&exchange, "Vary", value), "Accept-Encoding");
        exchange_done(&exchange);
    }
}

static void codings_have_validators_of_their_own(void **state)
{
    struct exchange exchange;
    char plain[1024], gzip[1024], brotli[1024];

    (void)state;
    ask_for(&exchange, "/", NULL);
    exchange_field(&exchange, "ETag", plain);
    exchange_done(&exchange);
    ask_for(&exchange, "/", "Accept-Encoding: gzip\r\n");
    exchange_field(&exchange, "ETag", gzip);
    exchange_done(&exchange);
    ask_for(&exchange, "/", "Accept-Encoding: br\r\n");
    exchange_field(&exchange, "ETag", brotli);
    exchange_done(&exchange);
    assert_string_not_equal(plain, gzip);
    assert_string_not_equal(plain, brotli);
    assert_string_not_equal(gzip, brotli);
}

static void what_the_client_has_already_is_not_sent_again(void **state)
{
    static const struct {
        const char *start, *end;
        int status;
    } cases[] = {
        {"", "", 304}, {"W/", "", 304}, {"\"other\", ", "", 304}, {"", ", \"other\"", 304}, {"W/\"x\",W/", "", 304},
    };
    struct exchange exchange;
    char etag[1024], fields[2400];

    (void)state;
    ask_for(&exchange, "/", "Accept-Encoding: br\r\n");
    exchange_field(&exchange, "ETag", etag);
    exchange_done(&exchange);
    for (size_t i = 0; i < COUNT(cases); i++) {
        (void)snprintf(fields, sizeof fields, "Accept-Encoding: br\r\nIf-None-Match: %s%s%s\r\n", cases[i].start, etag,
                       cases[i].end);
        ask_for(&exchange, "/", fields);
        assert_int_equal(exchange.reply.answer.status, cases[i].status);
        assert_int_equal(exchange.reply.answer.body.size, 0);
        assert_true(exchange_has_field(&exchange, "ETag") && exchange_has_field(&exchange, "Cache-Control"));
        assert_true(exchange_has_field(&exchange, "Vary"));
        exchange_done(&exchange);
    }
    ask_for(&exchange, "/", "If-None-Match: *\r\n");
    assert_int_equal(exchange.reply.answer.status, 304);
    exchange_done(&exchange);
}

static void another_validator_gets_the_whole_file(void **state)
{
    static const char *const validators[] = {"\"\"", "\"other\"", "W/\"other\"", "other", ""};
    struct exchange exchange;
    char etag[1024], fields[1200];

    (void)state;
    for (size_t i = 0; i < COUNT(validators); i++) {
        (void)snprintf(fields, sizeof fields, "If-None-Match: %s\r\n", validators[i]);
        ask_for(&exchange, "/", fields);
        assert_int_equal(exchange.reply.answer.status, 200);
        exchange_done(&exchange);
    }
    ask_for(&exchange, "/", "Accept-Encoding: br\r\n"); /* of the same file in another coding */
    exchange_field(&exchange, "ETag", etag);
    exchange_done(&exchange);
    (void)snprintf(fields, sizeof fields, "If-None-Match: %s\r\n", etag);
    ask_for(&exchange, "/", fields);
    assert_int_equal(exchange.reply.answer.status, 200);
    exchange_done(&exchange);
}

/* Strict: nothing inline, nothing from elsewhere, not in a frame, no markup out of text. */
static void every_file_comes_with_the_strict_policy(void **state)
{
    static const char *const parts[] = {
        "default-src 'none'", "script-src 'self'",  "style-src 'self'",       "connect-src 'self'",
        "base-uri 'none'",    "form-action 'none'", "frame-ancestors 'none'", "require-trusted-types-for 'script'",
    };
    struct exchange exchange;
    char value[1024];

    (void)state;
    for (size_t i = 0; i < assets_data_count; i++) {
        ask_for(&exchange, assets_data[i].path, NULL);
        exchange_field(&exchange, "Content-Security-Policy", value);
        for (size_t part = 0; part < COUNT(parts); part++)
            assert_non_null(strstr(value, parts[part]));
        assert_null(strstr(value, "unsafe"));
        assert_null(strstr(value, "*"));
        assert_string_equal(exchange_field(&exchange, "X-Content-Type-Options", value), "nosniff");
        assert_string_equal(exchange_field(&exchange, "Referrer-Policy", value), "no-referrer");
        assert_string_equal(exchange_field(&exchange, "Cross-Origin-Opener-Policy", value), "same-origin");
        assert_true(exchange_has_field(&exchange, "Permissions-Policy"));
        exchange_done(&exchange);
    }
}

/* The page must work under its own policy. */
static void the_page_has_nothing_that_its_policy_forbids(void **state)
{
    static const char *const forbidden[] = {
        "<script>", "<style", " style=", " onload=", " onclick=", "javascript:", "http://", "https://", "<base"};
    struct view page = asset_of("/index.html")->plain;

    (void)state;
    for (size_t i = 0; i < COUNT(forbidden); i++) {
        if (memmem(page.at, page.size, forbidden[i], strlen(forbidden[i])))
            fail_msg("the page has %s", forbidden[i]);
    }
}

int test_assets(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_is_in_order_and_whole),
        cmocka_unit_test(every_file_is_served_as_it_is_with_its_type_and_validator),
        cmocka_unit_test(what_has_a_hash_in_its_name_is_kept_for_ever_and_the_page_never),
        cmocka_unit_test(the_client_gets_the_coding_that_it_takes),
        cmocka_unit_test(codings_have_validators_of_their_own),
        cmocka_unit_test(what_the_client_has_already_is_not_sent_again),
        cmocka_unit_test(another_validator_gets_the_whole_file),
        cmocka_unit_test(every_file_comes_with_the_strict_policy),
        cmocka_unit_test(the_page_has_nothing_that_its_policy_forbids),
    };

    return cmocka_run_group_tests_name("assets", tests, NULL, NULL);
}
