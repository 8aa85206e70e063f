/* SPDX-License-Identifier: Apache-2.0 */
/* One connection in JSON, field by field as docs/reference/api.md has them. */
#include "ops/api_rows.h"
#include "os/clock.h"

static void put_since(struct builder *out, const char *name, const struct conn_sight *sight, uint64_t at_ms)
{
    if (at_ms == 0)
        api_put_null(out, name);
    else
        api_put_number(out, name, sight->now_ms > at_ms ? sight->now_ms - at_ms : 0);
}

static void put_user(struct builder *out, const struct session_sight *who)
{
    if (who->user[0] == 0) {
        api_put_null(out, "user");
        return;
    }
    api_open(out, "user", '{');
    api_put_text(out, "id", view_of_string(who->user));
    api_put_text(out, "name", view_of_string(who->name));
    api_shut(out, '}');
}

const char *row_way_text(enum conn_behind behind)
{
    switch (behind) {
    case CONN_DIRECT: return "direct";
    case CONN_BEHIND_FIELDS: return "fields";
    case CONN_BEHIND_HEADER: return "proxy_header";
    case CONN_BEHIND_SILENT_PROXY: return "silent_proxy";
    }
    return "";
}

static void put_way(struct builder *out, const struct conn_sight *sight)
{
    char text[64];

    api_put_text(out, "address", view_of_string(os_address_format(&sight->address, sight->address.port > 0, text)));
    api_put_text(out, "way", view_of_string(row_way_text(sight->behind)));
    if (sight->behind == CONN_DIRECT)
        api_put_null(out, "proxy");
    else
        api_put_text(out, "proxy", view_of_string(os_address_format(&sight->peer, sight->peer.port > 0, text)));
    api_put_bool(out, "tls", sight->is_tls);
    api_put_bool(out, "compression", sight->has_deflate);
    api_put_text(out, "agent", view_of_string(sight->agent));
}

/* What the one deadline of each state is for. */
static const char *deadline_text(const struct conn_sight *sight)
{
    switch (sight->state) {
    case CONN_PROXY: return "PROXY header";
    case CONN_TLS: return "TLS handshake";
    case CONN_REQUEST: return "request";
    case CONN_HTTP: return "write";
    case CONN_OPEN: return sight->is_blocked ? "write" : "heartbeat";
    case CONN_CLOSING: return "close";
    case CONN_ENDED:
    case CONN_STATE_COUNT: break;
    }
    return "";
}

static void put_traffic(struct builder *out, const struct conn_sight *sight)
{
    if (sight->has_link) {
        api_put_number(out, "bytes_in", sight->link.received_bytes);
        api_put_number(out, "bytes_out", sight->link.acknowledged_bytes);
        api_put_real(out, "rtt_ms", (double)sight->link.rtt_us / 1000);
        api_put_number(out, "resends", sight->link.resends);
    } else {
        api_put_null(out, "bytes_in");
        api_put_null(out, "bytes_out");
        api_put_null(out, "rtt_ms");
        api_put_null(out, "resends");
    }
    if (sight->ping_ms == LIFE_NOT_YET)
        api_put_null(out, "ping_ms");
    else
        api_put_number(out, "ping_ms", sight->ping_ms);
    api_put_number(out, "messages_in", sight->messages_in);
    api_put_number(out, "messages_out", sight->messages_out);
    api_put_number(out, "lag_events", sight->lag_events);
    api_put_number(out, "laps", sight->laps);
    api_put_number(out, "lapped_events", sight->lapped_events);
    api_put_number(out, "joins", sight->joins);
    api_put_number(out, "resumes", sight->resumes);
    api_put_number(out, "outbox_bytes", sight->outbox_bytes);
    api_put_number(out, "unsent_bytes", sight->unsent_bytes);
    api_put_number(out, "answers_pending", sight->answers_pending);
    api_put_bool(out, "reading_paused", sight->is_paused);
    api_put_number(out, "blocked_ms", sight->blocked_ms);
}

static void put_rooms(const struct api *api, const struct conn_sight *sight)
{
    api_put_number(api->out, "room_count", sight->room_count);
    api_open(api->out, "rooms", '[');
    for (uint32_t i = 0; i < sight->room_count && i < CENSUS_ROOMS_MAX; i++)
        api_put_text(api->out, NULL, survey_room_name(api->sources->chat, sight->rooms[i]));
    api_shut(api->out, ']');
}

static void put_station(struct builder *out, const struct conn_sight *sight, const char *what, uint64_t at_ms)
{
    if (at_ms == 0)
        return;
    api_open(out, NULL, '{');
    api_put_text(out, "what", view_of_string(what));
    api_put_signed(out, "at", os_clock_wall_ms() - (int64_t)(sight->now_ms > at_ms ? sight->now_ms - at_ms : 0));
    api_shut(out, '}');
}

/* In the order in which they mostly come; of what happened more than once, the newest time. */
static void put_life(struct builder *out, const struct conn_sight *sight)
{
    api_open(out, "life", '[');
    put_station(out, sight, "accepted", sight->accepted_ms);
    put_station(out, sight, "upgraded", sight->upgraded_ms);
    put_station(out, sight, "joined", sight->joined_ms);
    put_station(out, sight, "resumed", sight->resumed_ms);
    put_station(out, sight, "lapped", sight->lapped_ms);
    put_station(out, sight, "heard", sight->now_ms > sight->idle_ms ? sight->now_ms - sight->idle_ms : 1);
    if (sight->is_blocked)
        put_station(out, sight, "blocked", sight->now_ms > sight->blocked_ms ? sight->now_ms - sight->blocked_ms : 1);
    api_shut(out, ']');
}

void row_write(const struct api *api, const struct row *row, bool is_detailed)
{
    const struct conn_sight *sight = &row->sight;
    char id[40];

    row_id_write(row->shard, sight->handle, id);
    api_open(api->out, NULL, '{');
    api_put_text(api->out, "id", view_of_string(id));
    api_put_number(api->out, "shard", row->shard);
    api_put_text(api->out, "state", view_of_string(conn_state_label(sight->state)));
    put_user(api->out, &row->who);
    put_way(api->out, sight);
    put_since(api->out, "age_ms", sight, sight->accepted_ms);
    put_since(api->out, "open_ms", sight, sight->upgraded_ms);
    api_put_number(api->out, "idle_ms", sight->idle_ms);
    put_rooms(api, sight);
    put_traffic(api->out, sight);
    api_open(api->out, "deadline", '{');
    api_put_text(api->out, "what", view_of_string(deadline_text(sight)));
    api_put_signed(api->out, "in_ms", sight->deadline_in_ms);
    api_shut(api->out, '}');
    if (is_detailed)
        put_life(api->out, sight);
    api_shut(api->out, '}');
}
