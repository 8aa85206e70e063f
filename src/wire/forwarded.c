/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/forwarded.h"

#include "wire/octet.h"

static bool field_is(const struct http_field *field, const char *name)
{
    return view_equal_ignoring_case(field->name, view_of_string(name));
}

static enum http_scheme scheme_of(struct view text)
{
    if (view_equal_ignoring_case(text, VIEW("https")) || view_equal_ignoring_case(text, VIEW("wss")))
        return SCHEME_HTTPS;
    if (view_equal_ignoring_case(text, VIEW("http")) || view_equal_ignoring_case(text, VIEW("ws")))
        return SCHEME_HTTP;
    return SCHEME_UNKNOWN;
}

/* Takes what stands behind the last comma off the end of `rest`. False: nothing is left. */
static bool take_last(struct view *rest, struct view *out_item)
{
    const uint8_t *comma = rest->size > 0 ? memrchr(rest->at, ',', rest->size) : NULL;
    size_t before = comma ? (size_t)(comma - rest->at) : 0;

    if (rest->size == 0)
        return false;
    *out_item = view_trim(view_skip(*rest, comma ? before + 1 : 0));
    *rest = view_first(*rest, before);
    return true;
}

/* The last value of a list over all fields of that name; empty if there is none. */
static struct view last_value(const struct http_request *request, const char *name)
{
    struct view value = {NULL, 0};

    for (size_t i = request->field_count; i-- > 0 && value.size == 0;) {
        struct view rest = request->fields[i].value;
        if (field_is(&request->fields[i], name))
            while (value.size == 0 && take_last(&rest, &value)) {
            }
    }
    return value;
}

static size_t read_x(const struct http_request *request, struct forwarded_hop *hops)
{
    struct view host = last_value(request, "X-Forwarded-Host");
    struct view item;
    size_t count = 0;

    for (size_t i = request->field_count; i-- > 0;) {
        struct view rest = request->fields[i].value;
        if (!field_is(&request->fields[i], "X-Forwarded-For"))
            continue;
        while (count < FORWARDED_HOPS_MAX && take_last(&rest, &item)) {
            if (item.size == 0)
                continue; /* a list may have empty elements (RFC 9110 section 5.6.1.2) */
            hops[count] = (struct forwarded_hop){.scheme = SCHEME_UNKNOWN};
            hops[count].has_address = ip_parse_node(item, hops[count].address);
            count++;
        }
    }
    if (count == 0)
        hops[count++] = (struct forwarded_hop){.scheme = SCHEME_UNKNOWN};
    hops[0].scheme = scheme_of(last_value(request, "X-Forwarded-Proto"));
    if (http_host_is_valid(host))
        hops[0].host = host;
    bool is_empty = count == 1 && !hops[0].has_address && hops[0].scheme == SCHEME_UNKNOWN && hops[0].host.size == 0;
    return is_empty ? 0 : count;
}

static struct view take_token(struct view *rest)
{
    size_t size = 0;

    while (size < rest->size && octet_is_token(rest->at[size]))
        size++;
    struct view token = view_first(*rest, size);
    *rest = view_skip(*rest, size);
    return token;
}

/* A token or a quoted string. One with a backslash in it names no address and no host that we take, and is empty here.
 * False: it is neither. */
static bool take_value(struct view *rest, struct view *out_value)
{
    size_t size = 1;
    bool has_escape = false;

    if (rest->size == 0 || rest->at[0] != '"') {
        *out_value = take_token(rest);
        return out_value->size > 0;
    }
    while (size < rest->size && rest->at[size] != '"') {
        bool is_escape = rest->at[size] == '\\';
        has_escape = has_escape || is_escape;
        size += is_escape ? 2 : 1;
    }
    if (size >= rest->size)
        return false;
    *out_value = has_escape ? (struct view){NULL, 0} : view_skip(view_first(*rest, size), 1);
    *rest = view_skip(*rest, size + 1);
    return true;
}

static void skip_blanks(struct view *rest)
{
    while (rest->size > 0 && (rest->at[0] == ' ' || rest->at[0] == '\t'))
        *rest = view_skip(*rest, 1);
}

static bool take_byte(struct view *rest, uint8_t byte)
{
    if (rest->size == 0 || rest->at[0] != byte)
        return false;
    *rest = view_skip(*rest, 1);
    return true;
}

/* One element, up to a comma or the end: pairs with semicolons between them. False: it breaks the grammar. */
static bool take_element(struct view *rest, struct forwarded_hop *hop)
{
    struct view value;

    *hop = (struct forwarded_hop){.scheme = SCHEME_UNKNOWN};
    do {
        skip_blanks(rest);
        struct view name = take_token(rest);
        if (name.size == 0 || !take_byte(rest, '=') || !take_value(rest, &value))
            return false;
        skip_blanks(rest);
        if (view_equal_ignoring_case(name, VIEW("for")))
            hop->has_address = ip_parse_node(value, hop->address);
        else if (view_equal_ignoring_case(name, VIEW("proto")))
            hop->scheme = scheme_of(value);
        else if (view_equal_ignoring_case(name, VIEW("host")) && http_host_is_valid(value))
            hop->host = value;
    } while (take_byte(rest, ';'));
    return rest->size == 0 || rest->at[0] == ',';
}

/* Commas may stand within quotes, so the list can only be read from its start: the newest elements are kept in a ring.
 */
static size_t read_7239(const struct http_request *request, struct forwarded_hop *hops)
{
    struct forwarded_hop ring[FORWARDED_HOPS_MAX];
    size_t count = 0;

    for (size_t i = 0; i < request->field_count; i++) {
        struct view rest = request->fields[i].value;
        if (!field_is(&request->fields[i], "Forwarded"))
            continue;
        do {
            skip_blanks(&rest);
            if (rest.size == 0 || rest.at[0] == ',')
                continue; /* a list may have empty elements (RFC 9110 section 5.6.1.2) */
            if (!take_element(&rest, &ring[count % FORWARDED_HOPS_MAX]))
                return 0;
            count++;
        } while (take_byte(&rest, ','));
    }
    size_t kept = count < FORWARDED_HOPS_MAX ? count : FORWARDED_HOPS_MAX;
    for (size_t i = 0; i < kept; i++)
        hops[i] = ring[(count - 1 - i) % FORWARDED_HOPS_MAX];
    return kept;
}

size_t forwarded_read(const struct http_request *request, enum forwarded_kind kind,
                      struct forwarded_hop hops[FORWARDED_HOPS_MAX])
{
    return kind == FORWARDED_X ? read_x(request, hops) : read_7239(request, hops);
}
