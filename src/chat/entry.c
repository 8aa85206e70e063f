/* SPDX-License-Identifier: Apache-2.0 */
/* The upgrade as the chat sees it: is the origin allowed, who is it, where to. Shard thread; nothing slow: a keyed hash
 * is all it costs (P5). */
#include <stdlib.h>

#include "chat/chat_inside.h"
#include "os/clock.h"
#include "os/random.h"

enum { COOKIE_REFRESH_MS = 24 * 60 * 60 * 1000 };

static struct view after_scheme(struct view origin, enum http_scheme *out_scheme)
{
    *out_scheme = SCHEME_UNKNOWN;
    if (view_starts_with(origin, VIEW("http://"))) {
        *out_scheme = SCHEME_HTTP;
        return view_skip(origin, 7);
    }
    if (view_starts_with(origin, VIEW("https://"))) {
        *out_scheme = SCHEME_HTTPS;
        return view_skip(origin, 8);
    }
    return (struct view){NULL, 0};
}

/* Does the page come from where the socket goes to? Where the scheme is known it must be the same: a page that came
 * unencrypted may be anybody's. */
static bool is_own_origin(const struct chat_aim *aim, struct view origin)
{
    enum http_scheme scheme;
    struct view own = after_scheme(origin, &scheme);

    if (own.size == 0 || !view_equal_ignoring_case(own, aim->host))
        return false;
    return aim->scheme == SCHEME_UNKNOWN || aim->scheme == scheme;
}

/* A browser names the page's origin; a page of somebody else must not be able to speak as its visitor (cross-site
 * hijacking). Programs that send none are not browsers. */
bool chat_origin_is_allowed(const struct chat *chat, const struct http_request *request, const struct chat_aim *aim)
{
    const struct chat_options *options = &chat->options;
    const struct http_field *origin = http_field_find(request, "Origin");

    if (!origin)
        return true;
    if (http_field_count(request, "Origin") > 1)
        return false;
    if (is_own_origin(aim, origin->value))
        return true;
    if (options->public_origin && view_equal_ignoring_case(view_of_string(options->public_origin), origin->value))
        return true;
    for (size_t i = 0; i < options->origin_count; i++) {
        struct view allowed = view_of_string(options->origins[i]);
        if (view_equal(allowed, VIEW("*")) || view_equal_ignoring_case(allowed, origin->value))
            return true;
    }
    return false;
}

struct chat_aim chat_aim_of(const struct conn *conn)
{
    return (struct chat_aim){.host = conn_host(conn), .scheme = conn_scheme(conn)};
}

static void refuse(struct net_upgrade *upgrade, int status, const char *text)
{
    upgrade->status = status;
    upgrade->refusal = text;
}

/* What the request says about identity. */
enum brought { BROUGHT_NOTHING, BROUGHT_RIGHT, BROUGHT_WRONG, BROUGHT_OLD_COOKIE };

static enum brought read_identity(struct door *door, const struct http_request *request,
                                  struct token_claims *out_claims)
{
    const struct http_field *bearer = http_field_find(request, "Authorization");
    const struct http_field *cookies = http_field_find(request, "Cookie");
    int64_t valid_ms = (int64_t)door->chat->options.token_days * 86400000;
    struct view token;

    if (bearer && bearer->value.size > 7 && view_equal_ignoring_case(view_first(bearer->value, 7), VIEW("bearer "))) {
        token = view_trim(view_skip(bearer->value, 7));
        enum token_verdict verdict = token_read(&door->chat->key, token, os_clock_wall_ms(), valid_ms, out_claims);
        if (verdict == TOKEN_RIGHT)
            return BROUGHT_RIGHT;
        counter_add(verdict == TOKEN_WRONG ? &door->counters.tokens_wrong : &door->counters.tokens_outdated, 1);
        return BROUGHT_WRONG;
    }
    if (!cookies || !http_cookie_get(cookies->value, "natter", &token))
        return BROUGHT_NOTHING;
    if (token_read(&door->chat->key, token, os_clock_wall_ms(), valid_ms, out_claims) == TOKEN_RIGHT)
        return BROUGHT_RIGHT;
    counter_add(&door->counters.tokens_outdated, 1);
    return BROUGHT_OLD_COOKIE;
}

static void add_cookie(struct chat *chat, const struct conn *conn, const struct token_claims *claims,
                       struct builder *out)
{
    char token[TOKEN_TEXT_MAX];

    token_sign(&chat->key, claims, token);
    builder_format(out, "Set-Cookie: natter=%s; Path=%s/; Max-Age=%u; HttpOnly; SameSite=Lax%s\r\n", token,
                   chat->options.base_path, chat->options.token_days * 86400u, conn_is_secure(conn) ? "; Secure" : "");
}

/* A new guest is only an id until they do something worth keeping. */
static void draw_guest(struct door *door, struct token_claims *claims)
{
    os_random_bytes(claims->user, sizeof claims->user);
    claims->joined_ms = os_clock_wall_ms();
    claims->issued_ms = claims->joined_ms;
    claims->is_drawn = true;
    counter_add(&door->counters.guests_new, 1);
}

/* Copies a query parameter to `out` (size_max and a NUL). True: it was there; `*out_is_bad`: it is too long or badly
 * encoded. */
static bool take_parameter(struct view query, const char *name, char *out, size_t size_max, bool *out_is_bad)
{
    struct builder value;
    bool is_bad = false;

    builder_init(&value, size_max);
    bool is_there = http_query_get(query, name, &value, &is_bad);
    is_bad = is_bad || !builder_ok(&value)
             || (is_there && memchr(value.at ? value.at : (const uint8_t *)"", 0, value.size));
    if (is_there && !is_bad) {
        if (value.size > 0 && value.at)
            memcpy(out, value.at, value.size);
        out[value.size] = 0;
    }
    builder_done(&value);
    *out_is_bad = is_bad;
    return is_there || is_bad;
}

static bool take_number(struct view query, const char *name, uint64_t *out_number)
{
    char text[24];
    bool is_bad = false;

    return take_parameter(query, name, text, sizeof text - 1, &is_bad) && !is_bad
           && view_to_number(view_of_string(text), UINT64_C(1) << 53, out_number);
}

static struct arrival *read_arrival(const struct chat *chat, const struct http_request *request)
{
    char name_text[USER_NAME_BYTES_MAX + 1] = "", room_text[ROOM_NAME_BYTES_MAX + 1] = "";
    bool is_name_bad = false, is_room_bad = false;
    bool has_name = take_parameter(request->query, "name", name_text, USER_NAME_BYTES_MAX, &is_name_bad);
    bool has_room = take_parameter(request->query, "room", room_text, ROOM_NAME_BYTES_MAX, &is_room_bad);
    struct view name = view_of_string(name_text);
    struct view room = view_of_string(has_room ? room_text : chat->options.default_room);
    struct arrival *arrival = calloc(1, sizeof *arrival + name.size + room.size);

    if (!arrival)
        return NULL;
    arrival->has_name = has_name;
    arrival->has_room_fault = is_room_bad;
    arrival->name = view_of(arrival->bytes, name.size);
    arrival->room = view_of(arrival->bytes + name.size, room.size);
    memcpy(arrival->bytes, name_text, name.size);
    memcpy(arrival->bytes + name.size, room.at, room.size);
    arrival->has_after = take_number(request->query, "after", &arrival->after);
    arrival->has_history = take_number(request->query, "history", &arrival->history);
    return arrival;
}

static struct session *make_session(struct door *door, struct conn *conn, const struct http_request *request,
                                    const struct token_claims *claims)
{
    struct session *session = session_new(door);

    if (!session)
        return NULL;
    session->arrival = read_arrival(door->chat, request);
    if (!session->arrival) {
        session_free(door, session);
        return NULL;
    }
    session->handle = conn_handle(conn);
    session->arrival->claims = *claims;
    return session;
}

/* Reads who it is. False: nobody may come in like this. */
static bool settle_identity(struct door *door, enum brought brought, struct token_claims *claims)
{
    bool needs_guest = brought == BROUGHT_NOTHING || brought == BROUGHT_OLD_COOKIE;

    if (!needs_guest)
        return brought == BROUGHT_RIGHT;
    draw_guest(door, claims);
    return door->chat->options.has_guests;
}

void door_upgrade(void *context, struct conn *conn, const struct http_request *request, const struct ws_offer *offer,
                  struct net_upgrade *upgrade)
{
    struct door *door = shard_owner(conn_shard(conn));
    struct chat *chat = context;
    struct token_claims claims = {0};

    (void)offer;
    if (!view_equal(request->path, VIEW("/ws"))) {
        refuse(upgrade, 404, "There is no WebSocket here. Connect to /ws.");
        return;
    }
    const struct chat_aim aim = chat_aim_of(conn);
    if (!chat_origin_is_allowed(chat, request, &aim)) {
        counter_add(&door->counters.origins_refused, 1);
        refuse(upgrade, 403,
               "The Origin of this page is not allowed here. Add it to chat.origins in the server's configuration.");
        return;
    }
    enum brought brought = read_identity(door, request, &claims);
    bool is_authorized = settle_identity(door, brought, &claims);
    struct session *session = make_session(door, conn, request, &claims);
    if (!session) {
        refuse(upgrade, 503, "The server is out of memory. Try again in a moment.");
        return;
    }
    session->is_walk_in = http_field_count(request, "Sec-WebSocket-Protocol") == 0;
    session->brings_identity = brought == BROUGHT_RIGHT;
    session->arrival->is_unauthorized = !is_authorized;
    session->arrival->is_token_wrong = brought == BROUGHT_WRONG;
    if (ws_protocol_is_offered(request, "natter.v1"))
        upgrade->protocol = "natter.v1";
    if (is_authorized && (brought != BROUGHT_RIGHT || os_clock_wall_ms() - claims.issued_ms > COOKIE_REFRESH_MS)) {
        claims.issued_ms = os_clock_wall_ms();
        session->arrival->claims.issued_ms = claims.issued_ms;
        add_cookie(chat, conn, &claims, upgrade->extra);
    }
    conn_set_owner(conn, session);
}
