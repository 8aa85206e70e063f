/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/config_place.h"

#include <stdlib.h>

#include "wire/http1.h"

static const char listen_form[] =
    "it must be ADDRESS:PORT, such as 127.0.0.1:8080, [::1]:8080 or :8080 for all addresses";

const char *config_keep(struct config *config, struct view text)
{
    if (config->string_count == CONFIG_STRINGS_MAX)
        return NULL;
    char *string = malloc(text.size + 1);
    if (!string)
        return NULL;
    if (text.size > 0)
        memcpy(string, text.at, text.size);
    string[text.size] = 0;
    config->strings[config->string_count++] = string;
    return string;
}

bool config_next_item(struct view *rest, struct view *out_item)
{
    do {
        if (rest->size == 0)
            return false;
        const uint8_t *comma = memchr(rest->at, ',', rest->size);
        size_t size = comma ? (size_t)(comma - rest->at) : rest->size;
        *out_item = view_trim(view_first(*rest, size));
        *rest = view_skip(*rest, comma ? size + 1 : size);
    } while (out_item->size == 0);
    return true;
}

bool config_read_address(struct view text, struct os_address *out, struct builder *fault)
{
    if (os_address_parse(text, out) == RESULT_OK)
        return true;
    builder_add_string(fault, listen_form);
    return false;
}

/* The first word of an item, and what follows it. */
static struct view take_word(struct view *rest)
{
    size_t size = 0;

    *rest = view_trim(*rest);
    while (size < rest->size && rest->at[size] != ' ' && rest->at[size] != '\t')
        size++;
    struct view word = view_first(*rest, size);
    *rest = view_trim(view_skip(*rest, size));
    return word;
}

static bool read_listener(struct config *config, struct view item, struct net_listen *out, struct builder *fault)
{
    struct view where = take_word(&item);

    *out = (struct net_listen){.path = NULL};
    if (view_starts_with(where, VIEW("unix:"))) {
        struct view path = view_skip(where, 5);
        out->path = path.size > 0 && path.at[0] == '/' ? config_keep(config, path) : NULL;
        if (!out->path) {
            builder_add_string(fault, "a unix socket is unix:/PATH, such as unix:/run/natter/natter.sock");
            return false;
        }
    } else if (os_address_parse(where, &out->address) != RESULT_OK) {
        builder_format(fault, "%s; or unix:/PATH", listen_form);
        return false;
    }
    while (item.size > 0) {
        struct view word = take_word(&item);
        if (view_equal(word, VIEW("proxy_protocol"))) {
            out->has_proxy_header = true;
        } else if (view_equal(word, VIEW("tls"))) {
            out->is_tls = true;
        } else if (view_equal(word, VIEW("redirect"))) {
            out->is_redirect = true;
        } else {
            builder_add_string(fault, "behind an address there can be: tls, redirect, proxy_protocol");
            return false;
        }
    }
    return true;
}

bool config_read_listen(struct config *config, const char *value, struct builder *fault)
{
    struct view rest = view_of_string(value), item;
    size_t count = 0;

    while (config_next_item(&rest, &item)) {
        if (count == NET_LISTEN_MAX) {
            builder_format(fault, "there can be at most %d addresses", NET_LISTEN_MAX);
            return false;
        }
        if (!read_listener(config, item, &config->listen[count], fault))
            return false;
        count++;
    }
    if (count == 0) {
        builder_add_string(fault, "it needs at least one address, such as 127.0.0.1:8080");
        return false;
    }
    config->listen_count = count;
    return true;
}

void config_write_listen(const struct config *config, struct builder *out)
{
    char text[64];

    for (size_t i = 0; i < config->listen_count; i++) {
        const struct net_listen *listen = &config->listen[i];
        builder_add_string(out, i > 0 ? ", " : "");
        if (listen->path)
            builder_format(out, "unix:%s", listen->path);
        else
            builder_add_string(out, os_address_format(&listen->address, true, text));
        builder_add_string(out, listen->is_tls ? " tls" : "");
        builder_add_string(out, listen->is_redirect ? " redirect" : "");
        builder_add_string(out, listen->has_proxy_header ? " proxy_protocol" : "");
    }
}

/* What may stand in a path, in a cookie's Path and in a Location alike. */
static bool is_base_path(struct view path)
{
    uint8_t before = 0;

    for (size_t i = 0; i < path.size; i++) {
        uint8_t byte = path.at[i];
        bool is_letter = (byte | 0x20) >= 'a' && (byte | 0x20) <= 'z';
        bool is_digit = byte >= '0' && byte <= '9';
        if (!is_letter && !is_digit && (byte == 0 || !strchr("/-._~", byte)))
            return false;
        if ((i == 0 && byte != '/') || (before == '/' && (byte == '/' || byte == '.')))
            return false;
        before = byte;
    }
    return true;
}

/* "https://chat.example.org/rooms", "/rooms", or nothing. */
bool config_read_public_url(struct config *config, const char *value, struct builder *fault)
{
    struct view rest = view_of_string(value);
    bool is_secure = view_starts_with(rest, VIEW("https://"));
    size_t scheme = is_secure ? 8 : view_starts_with(rest, VIEW("http://")) ? 7 : 0;
    struct view place = view_skip(rest, scheme);
    const uint8_t *slash = place.size > 0 ? memchr(place.at, '/', place.size) : NULL;
    struct view host = view_first(place, slash ? (size_t)(slash - place.at) : place.size);
    struct view path = view_skip(place, host.size);

    while (path.size > 0 && path.at[path.size - 1] == '/')
        path.size--;
    if (!is_base_path(path) || (scheme > 0 ? !http_host_is_valid(host) : host.size > 0)) {
        builder_add_string(fault,
                           "it must be https://NAME or http://NAME, with the path below which the proxy serves it, "
                           "such as https://example.org/chat; or the path alone: /chat");
        return false;
    }
    config->public_url = config_keep(config, rest);
    config->base_path = config_keep(config, path);
    const char *origin = config_keep(config, view_first(rest, scheme + host.size));
    if (!config->public_url || !config->base_path || !origin) {
        builder_add_string(fault, "there is no memory for it");
        return false;
    }
    config->chat.public_origin = scheme > 0 ? origin : NULL;
    config->net.is_public_secure = is_secure;
    return true;
}

bool config_read_trust(struct config *config, const char *value, struct builder *fault)
{
    struct view rest = view_of_string(value), item;

    config->trust = (struct trust){.count = 0};
    while (config_next_item(&rest, &item)) {
        switch (trust_add(&config->trust, item)) {
        case RESULT_OK: break;
        case RESULT_FULL: builder_format(fault, "there can be at most %d addresses", TRUST_PREFIXES_MAX); return false;
        default:
            builder_add_string(fault,
                               "each must be an address, such as 127.0.0.1 or ::1, a network, such as 10.0.0.0/8 "
                               "or fd00::/8 with nothing set behind its bits, or unix:");
            return false;
        }
    }
    return true;
}

bool config_read_pairs(struct config *config, const char *value, struct builder *fault)
{
    struct view rest = view_of_string(value), item;

    config->tls.pair_count = 0;
    while (config_next_item(&rest, &item)) {
        struct view certificate = take_word(&item);
        struct view key = take_word(&item);
        if (item.size > 0 || config->tls.pair_count == TLS_PAIRS_MAX) {
            builder_format(fault,
                           "each must be two files, the chain and its key, with a blank between them, and there can "
                           "be at most %d",
                           TLS_PAIRS_MAX);
            return false;
        }
        /* One file may hold both. */
        struct tls_pair_files pair = {.certificate = config_keep(config, certificate),
                                      .key = config_keep(config, key.size > 0 ? key : certificate)};
        if (!pair.certificate || !pair.key) {
            builder_add_string(fault, "there is no memory for it");
            return false;
        }
        config->tls.pairs[config->tls.pair_count++] = pair;
    }
    return true;
}

void config_write_pairs(const struct config *config, struct builder *out)
{
    for (size_t i = 0; i < config->tls.pair_count; i++)
        builder_format(out, "%s%s %s", i > 0 ? ", " : "", config->tls.pairs[i].certificate, config->tls.pairs[i].key);
}

/* Where a redirect leads to: the port of the public address, or of the first place with TLS. */
static bool find_redirect_port(struct config *config)
{
    struct view origin = view_of_string(config->chat.public_origin ? config->chat.public_origin : "");

    config->net.redirect_port = 443;
    if (view_starts_with(origin, VIEW("https://"))) {
        struct view host = view_skip(origin, 8);
        struct view name = http_host_without_port(host);
        uint64_t port = 443;
        if (host.size > name.size && view_to_number(view_skip(host, name.size + 1), UINT16_MAX, &port))
            config->net.redirect_port = (uint16_t)port;
        return true;
    }
    for (size_t i = 0; i < config->listen_count; i++) {
        if (!config->listen[i].is_tls)
            continue;
        config->net.redirect_port = config->listen[i].address.port;
        return true;
    }
    return false;
}

bool config_check_places(struct config *config, struct builder *out_fault)
{
    bool trusts_somebody = config->trust.count > 0 || config->trust.has_unix;
    bool has_https = find_redirect_port(config);

    for (size_t i = 0; i < config->listen_count; i++) {
        const struct net_listen *listen = &config->listen[i];
        const char *fault = NULL;
        if (listen->has_proxy_header && !trusts_somebody)
            fault = "an address with proxy_protocol, but nobody may send its header: name the proxy's address in "
                    "trusted_proxies";
        else if (listen->is_tls && config->tls.pair_count == 0)
            fault = "an address with tls, but there is no certificate: name one and its key in tls.certificates";
        else if (listen->is_redirect && !has_https)
            fault = "an address with redirect, but nowhere to send people: serve another one with tls, or name an "
                    "https:// address in public_url";
        else if (listen->is_redirect && listen->is_tls)
            fault = "an address with both tls and redirect: a redirect leads from plain HTTP to TLS";
        if (fault) {
            builder_format(out_fault, "listen has %s", fault);
            return false;
        }
    }
    return true;
}
