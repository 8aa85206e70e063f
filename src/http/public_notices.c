/* SPDX-License-Identifier: Apache-2.0 */
#include "http/public_notices.h"

#include "chat/chat.h"
#include "net/shard.h"

enum { VALUE_BYTES_MAX = 512, ANSWER_BYTES_MAX = 16 * 1024 };

static void find_peer(const struct conn *conn, uint8_t out_peer[IP_BYTES])
{
    struct os_address peer = *conn_address(conn);

    if (conn_behind(conn) != CONN_DIRECT)
        conn_peer(conn, &peer);
    memcpy(out_peer, peer.bytes, IP_BYTES);
}

void public_notices_see(void *context, const struct conn *conn, const struct http_request *request,
                        enum ws_handshake handshake)
{
    struct http_site *site = context;
    enum conn_behind behind = conn_behind(conn);
    struct sighting sighting = {
        .request = request,
        .handshake = handshake,
        .is_trusted = behind != CONN_DIRECT,
        .is_client_told = behind == CONN_BEHIND_FIELDS || behind == CONN_BEHIND_HEADER,
        .now_ms = shard_now_ms(conn_shard(conn)),
    };

    if (!evidence_matters(request, handshake))
        return;
    find_peer(conn, sighting.peer);
    memcpy(sighting.client, conn_address(conn)->bytes, IP_BYTES);
    evidence_see(&site->notices->evidence, &sighting);
}

bool public_notices_are_asked(const struct http_request *request)
{
    return view_equal(request->path, VIEW("/api/v1/notices"));
}

static bool query_says(const struct http_request *request, const char *name, const char *value)
{
    struct builder text;
    bool is_bad = false;

    builder_init(&text, VALUE_BYTES_MAX);
    bool is_there = http_query_get(request->query, name, &text, &is_bad);
    bool says = is_there && view_equal(builder_view(&text), view_of_string(value));
    builder_done(&text);
    return says;
}

/* Would an upgrade of a page with that origin be refused? It has been given this page, so it ought not to be. */
static bool is_misorigin(const struct http_site *site, const struct conn *conn, const struct http_request *request)
{
    struct http_request asked = *request;
    const struct chat_aim aim = chat_aim_of(conn);
    struct builder origin;
    bool is_bad = false, is_refused = false;

    builder_init(&origin, VALUE_BYTES_MAX);
    if (site->chat && asked.field_count < HTTP_FIELDS_MAX && !http_field_find(request, "Origin")
        && http_query_get(request->query, "origin", &origin, &is_bad)) {
        asked.fields[asked.field_count++] = (struct http_field){VIEW("Origin"), builder_view(&origin)};
        is_refused = !chat_origin_is_allowed(site->chat, &asked, &aim);
    }
    builder_done(&origin);
    return is_refused;
}

/* What is known of the way of somebody who gets no socket. */
static enum notice reason_of(const struct notices *notices, const struct public_asker *asker)
{
    if (asker->plea.is_misorigin)
        return NOTICE_ORIGIN_REFUSED;
    if (evidence_drops_upgrades(&notices->evidence, asker->peer))
        return NOTICE_UPGRADE_DROPPED;
    return NOTICE_SOCKETS_MISSING;
}

void public_notices_write(struct notices *notices, const struct public_asker *asker, struct builder *out)
{
    if (asker->is_plea)
        evidence_plead(&notices->evidence, &asker->plea, notices->options.socket_ms);
    if (!notices->options.is_on_page) {
        builder_add_string(out, "{\"notices\":[]}\n");
        return;
    }
    builder_add_string(out, "{\"notices\":");
    notices_write_public(notices, out);
    if (asker->is_plea) {
        builder_add_string(out, ",\"yours\":");
        notice_write_public(reason_of(notices, asker), out);
    }
    builder_add_string(out, "}\n");
}

void public_notices_serve(struct http_site *site, struct conn *conn, const struct http_request *request)
{
    struct public_asker asker = {.is_plea = query_says(request, "socket", "failed")};
    struct builder json;

    memcpy(asker.plea.client, conn_address(conn)->bytes, IP_BYTES);
    asker.plea.now_ms = shard_now_ms(conn_shard(conn));
    asker.plea.is_astray = query_says(request, "way", "astray");
    asker.plea.is_misorigin = asker.is_plea && is_misorigin(site, conn, request);
    find_peer(conn, asker.peer);
    builder_init(&json, ANSWER_BYTES_MAX);
    public_notices_write(site->notices, &asker, &json);
    conn_answer(conn, &(struct http_answer){
                          .status = builder_ok(&json) ? 200 : 503,
                          .fields = VIEW("Content-Type: application/json\r\nCache-Control: no-store\r\n"
                                         "X-Content-Type-Options: nosniff\r\n"),
                          .body = builder_view(&json),
                      });
    builder_done(&json);
}
