/* SPDX-License-Identifier: Apache-2.0 */
#include "http/assets.h"

#include <stdio.h>

#include "http/assets_data.h"

enum { ETAG_BYTES_MAX = 128 };

/* No inline code, no other origin, nothing framed, and text becomes markup nowhere (Trusted Types). */
static const char policy[] =
    "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'; require-trusted-types-for 'script'\r\n"
    "Referrer-Policy: no-referrer\r\n"
    "Cross-Origin-Opener-Policy: same-origin\r\n"
    "Cross-Origin-Resource-Policy: same-origin\r\n"
    "Permissions-Policy: camera=(), microphone=(), geolocation=()\r\n";

static const struct asset *find(struct view path)
{
    if (view_equal(path, VIEW("/")))
        path = VIEW("/index.html");
    for (size_t i = 0; i < assets_data_count; i++) {
        if (view_equal(path, view_of_string(assets_data[i].path)))
            return &assets_data[i];
    }
    return NULL;
}

/* Is the coding listed, and not with q=0 (RFC 9110 section 12.5.3)? */
static bool accepts(struct view list, const char *coding)
{
    while (list.size > 0) {
        const uint8_t *comma = memchr(list.at, ',', list.size);
        size_t size = comma ? (size_t)(comma - list.at) : list.size;
        struct view item = view_first(list, size);
        const uint8_t *semicolon = memchr(item.at, ';', item.size);
        struct view name = view_trim(view_first(item, semicolon ? (size_t)(semicolon - item.at) : item.size));
        list = view_skip(list, comma ? size + 1 : size);
        if (!view_equal_ignoring_case(name, view_of_string(coding)))
            continue;
        if (!semicolon)
            return true;
        struct view weight = view_trim(view_skip(item, (size_t)(semicolon - item.at) + 1));
        return !view_equal(weight, VIEW("q=0")) && !view_starts_with(weight, VIEW("q=0.0"));
    }
    return false;
}

static bool matches_etag(const struct http_request *request, const char *etag)
{
    const struct http_field *field = http_field_find(request, "If-None-Match");

    return field
           && (view_equal(field->value, VIEW("*"))
               || memmem(field->value.at, field->value.size, etag, strlen(etag)) != NULL);
}

/* A strong validator names one sequence of bytes: each coding has its own, "…-br" (RFC 9110 section 8.8.3.3). */
static void make_etag(const struct asset *asset, const char *coding, char out[ETAG_BYTES_MAX])
{
    int bare = (int)strlen(asset->etag) - 1;

    (void)snprintf(out, ETAG_BYTES_MAX, "%.*s%s%s\"", bare, asset->etag, coding ? "-" : "", coding ? coding : "");
}

static struct view choose(const struct asset *asset, const struct http_request *request, const char **out_coding)
{
    const struct http_field *field = http_field_find(request, "Accept-Encoding");

    *out_coding = NULL;
    if (field && asset->brotli.size > 0 && accepts(field->value, "br")) {
        *out_coding = "br";
        return asset->brotli;
    }
    if (field && asset->gzip.size > 0 && accepts(field->value, "gzip")) {
        *out_coding = "gzip";
        return asset->gzip;
    }
    return asset->plain;
}

bool assets_answer(const struct http_request *request, struct http_reply *reply)
{
    const struct asset *asset = find(request->path);
    const char *coding;

    if (!asset)
        return false;
    char etag[ETAG_BYTES_MAX];
    struct view body = choose(asset, request, &coding);
    make_etag(asset, coding, etag);
    builder_format(&reply->fields,
                   "Content-Type: %s\r\nETag: %s\r\nVary: Accept-Encoding\r\nX-Content-Type-Options: nosniff\r\n",
                   asset->content_type, etag);
    builder_add_string(&reply->fields, asset->is_immutable ? "Cache-Control: public, max-age=31536000, immutable\r\n"
                                                           : "Cache-Control: no-cache\r\n");
    builder_add_string(&reply->fields, policy);
    if (matches_etag(request, etag)) {
        reply->answer.status = 304;
        return true;
    }
    if (coding)
        builder_format(&reply->fields, "Content-Encoding: %s\r\n", coding);
    reply->answer.status = 200;
    reply->answer.body = body;
    return true;
}
