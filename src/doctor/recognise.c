/* SPDX-License-Identifier: Apache-2.0 */
#include "doctor/recognise.h"

#include <strings.h>

const char *proxy_label(enum proxy proxy)
{
    static const char *const labels[PROXY_COUNT] = {
#define X(symbol, label) label,
        PROXIES(X)
#undef X
    };

    return labels[proxy];
}

static bool has(const char *text, const char *word)
{
    return strcasestr(text, word) != NULL;
}

/* HAProxy never names itself in a field, but writes the names of all fields in small letters, also of what it passes
 * on; others that do so say who they are. */
static bool is_haproxy(const struct observed_answer *answer)
{
    return has(answer->server, "haproxy") || has(answer->via, "haproxy")
           || (answer->has_small_names && !answer->server[0] && !answer->via[0])
           || strncmp(answer->snippet, "<html><body><h1>", 16) == 0;
}

static enum proxy recognise_answer(const struct observed_answer *answer)
{
    if (has(answer->server, "nginx") || has(answer->server, "openresty") || has(answer->snippet, "<center>nginx"))
        return PROXY_NGINX;
    if (has(answer->server, "caddy") || has(answer->via, "caddy"))
        return PROXY_CADDY;
    if (has(answer->server, "apache") || has(answer->via, "apache"))
        return PROXY_APACHE;
    if (is_haproxy(answer))
        return PROXY_HAPROXY;
    return PROXY_UNKNOWN;
}

enum proxy recognise(const struct observations *seen)
{
    struct observed_answer upgrade = {.is_answered = true};
    enum proxy proxy = recognise_answer(&seen->report);

    if (proxy == PROXY_UNKNOWN)
        proxy = recognise_answer(&seen->page);
    if (proxy == PROXY_UNKNOWN) {
        memcpy(upgrade.server, seen->upgrade.server, sizeof upgrade.server);
        memcpy(upgrade.snippet, seen->upgrade.snippet, sizeof seen->upgrade.snippet);
        proxy = recognise_answer(&upgrade);
    }
    return proxy;
}

bool recognise_natter(const struct observed_answer *answer)
{
    static const char *const words[] = {"There is nothing here. The chat is at", "This is a WebSocket address.",
                                        "This address speaks WebSocket.", "There is no WebSocket here."};

    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strncmp(answer->snippet, words[i], strlen(words[i])) == 0)
            return true;
    }
    return answer->seen.is_there;
}

bool recognise_is_proxied(const struct observations *seen)
{
    const struct seen *report = &seen->report.seen;

    return recognise(seen) != PROXY_UNKNOWN || report->forwarded_for[0] || report->forwarded_proto[0]
           || report->forwarded[0] || report->via[0] || strcmp(report->behind, "proxy_header") == 0
           || strcmp(report->http, "1.0") == 0 || (seen->url.is_secure && strcmp(report->scheme, "https") != 0);
}
