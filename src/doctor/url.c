/* SPDX-License-Identifier: Apache-2.0 */
#include "doctor/url.h"

#include <stdio.h>

static bool take(struct view *rest, struct view start)
{
    if (rest->size < start.size || !view_equal_ignoring_case(view_first(*rest, start.size), start))
        return false;
    *rest = view_skip(*rest, start.size);
    return true;
}

static bool read_scheme(struct view *rest, struct url *url)
{
    if (take(rest, VIEW("https://")) || take(rest, VIEW("wss://")))
        url->is_secure = true;
    else if (take(rest, VIEW("http://")) || take(rest, VIEW("ws://")))
        url->is_secure = false;
    else if (memmem(rest->at, rest->size, "://", 3))
        return false;
    else
        url->is_secure = true;
    url->port = url->is_secure ? 443 : 80;
    return true;
}

/* Without a name of a user: that has no place here. */
static bool read_authority(struct view authority, struct url *url)
{
    const uint8_t *colon = memrchr(authority.at, ':', authority.size);
    const uint8_t *bracket = memrchr(authority.at, ']', authority.size);
    struct view host = authority;
    uint64_t port;

    if (colon && (!bracket || colon > bracket)) {
        host = view_of(authority.at, (size_t)(colon - authority.at));
        if (!view_to_number(view_skip(authority, host.size + 1), UINT16_MAX, &port) || port == 0)
            return false;
        url->port = (uint16_t)port;
    }
    if (host.size > 2 && host.at[0] == '[' && host.at[host.size - 1] == ']')
        host = view_of(host.at + 1, host.size - 2);
    if (host.size == 0 || host.size >= sizeof url->host)
        return false;
    for (size_t i = 0; i < host.size; i++) {
        if (host.at[i] <= ' ' || host.at[i] >= 0x7f || host.at[i] == '@')
            return false;
    }
    memcpy(url->host, host.at, host.size);
    url->host[host.size] = 0;
    return true;
}

static bool read_path(struct view path, struct url *url)
{
    const uint8_t *end = memchr(path.at, '?', path.size);

    if (end)
        path.size = (size_t)(end - path.at);
    end = memchr(path.at, '#', path.size);
    if (end)
        path.size = (size_t)(end - path.at);
    if (path.size >= 3 && memcmp(path.at + path.size - 3, "/ws", 3) == 0)
        path.size -= 2;
    for (size_t i = 0; i < path.size; i++) {
        if (path.at[i] <= ' ' || path.at[i] >= 0x7f)
            return false;
    }
    bool is_open = path.size == 0 || path.at[path.size - 1] != '/';
    int size =
        snprintf(url->folder, sizeof url->folder, "%.*s%s", (int)path.size, (const char *)path.at, is_open ? "/" : "");
    return size > 0 && (size_t)size < sizeof url->folder;
}

bool url_read(const char *text, struct url *out_url, struct builder *out_problem)
{
    struct view rest = view_of_string(text);
    struct url url = {0};

    if (rest.size > URL_BYTES_MAX || !read_scheme(&rest, &url)) {
        builder_add_string(out_problem, "the address must begin with https://, http://, wss:// or ws://");
        return false;
    }
    const uint8_t *slash = memchr(rest.at, '/', rest.size);
    struct view authority = slash ? view_of(rest.at, (size_t)(slash - rest.at)) : rest;
    if (!read_authority(authority, &url) || !read_path(view_skip(rest, authority.size), &url)) {
        builder_add_string(out_problem, "the address is malformed; write one such as https://chat.example.org/");
        return false;
    }
    bool is_six = strchr(url.host, ':') != NULL;
    bool is_standard = url.port == (url.is_secure ? 443 : 80);
    char port[8] = "";
    if (!is_standard)
        (void)snprintf(port, sizeof port, ":%u", url.port);
    (void)snprintf(url.authority, sizeof url.authority, "%s%s%s%s", is_six ? "[" : "", url.host, is_six ? "]" : "",
                   port);
    (void)snprintf(url.origin, sizeof url.origin, "http%s://%s", url.is_secure ? "s" : "", url.authority);
    (void)snprintf(url.socket, sizeof url.socket, "%sws", url.folder);
    (void)snprintf(url.text, sizeof url.text, "%s%s", url.origin, url.folder);
    *out_url = url;
    return true;
}
