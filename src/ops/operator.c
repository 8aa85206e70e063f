/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/operator.h"

#include "os/file.h"

/* What proxies add to requests of others. */
static bool is_mark_of_proxy(struct view name)
{
    static const char *const marks[] = {
        "Forwarded",          "Via", "X-Real-IP", "X-Client-IP", "Client-IP", "True-Client-IP", "CF-Connecting-IP",
        "X-Cluster-Client-IP"};
    const struct view family = VIEW("X-Forwarded");

    if (name.size >= family.size && view_equal_ignoring_case(view_first(name, family.size), family))
        return true;
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
        if (view_equal_ignoring_case(name, view_of_string(marks[i])))
            return true;
    }
    return false;
}

static bool came_through_proxy(const struct http_request *request)
{
    for (size_t i = 0; i < request->field_count; i++) {
        if (is_mark_of_proxy(request->fields[i].name))
            return true;
    }
    return false;
}

/* A page of a stranger that a browser on this machine shows can send requests here. It cannot hide that it is one:
 * Origin and Sec-Fetch-Site are the browser's; and a name of its own that it has made to mean 127.0.0.1 stands in Host.
 */
static bool came_from_page(const struct http_request *request)
{
    const struct http_field *site = http_field_find(request, "Sec-Fetch-Site");

    if (http_field_find(request, "Origin"))
        return true;
    return site && !view_equal(site->value, VIEW("none")) && !view_equal(site->value, VIEW("same-origin"));
}

static bool is_local_name(struct view host)
{
    struct os_address address;
    char text[80];

    if (!http_host_is_valid(host))
        return false;
    struct view name = http_host_without_port(host);
    if (view_equal_ignoring_case(name, VIEW("localhost")))
        return true;
    if (name.size + 3 > sizeof text)
        return false;
    memcpy(text, name.at, name.size);
    memcpy(text + name.size, ":1", 3); /* any port: it is the address that counts */
    return os_address_parse(view_of_string(text), &address) == RESULT_OK && os_address_is_loopback(&address);
}

/* Takes as long for a wrong word as for the right one. */
static bool is_same(struct view a, struct view b)
{
    uint8_t difference = a.size != b.size;

    for (size_t i = 0; i < a.size && b.size > 0; i++)
        difference |= a.at[i] ^ b.at[i % b.size];
    return difference == 0 && b.size > 0;
}

static enum operator_verdict judge_token(const struct operator_rule *rule, struct view value, const char **out_why)
{
    const struct view scheme = VIEW("Bearer ");
    struct view word = {NULL, 0};

    if (value.size > scheme.size && view_equal_ignoring_case(view_first(value, scheme.size), scheme))
        word = view_trim(view_skip(value, scheme.size));
    if (rule->token && is_same(word, view_of_string(rule->token)))
        return OPERATOR_YES;
    *out_why = rule->token && *rule->token
                   ? "This is not the operator's word. Send \"Authorization: Bearer WORD\", with the word that the "
                     "file of api.token_file holds."
                   : "There is no operator's word on this server. Put one into a file, and name that with "
                     "api.token_file.";
    return OPERATOR_WRONG_TOKEN;
}

enum operator_verdict operator_judge(const struct operator_rule *rule, const struct http_request *request,
                                     const struct os_address *peer, const char **out_why)
{
    const struct http_field *token = http_field_find(request, "Authorization");
    const struct http_field *host = http_field_find(request, "Host");

    if (token)
        return judge_token(rule, token->value, out_why);
    *out_why = "Only this machine may ask that. From elsewhere, or through a proxy, send \"Authorization: Bearer "
               "WORD\", with the word that the file of api.token_file holds.";
    if (came_through_proxy(request) || came_from_page(request))
        return OPERATOR_STRANGER;
    if (rule->is_unix)
        return OPERATOR_YES;
    if (!os_address_is_loopback(peer) || (host && !is_local_name(host->value)))
        return OPERATOR_STRANGER;
    return OPERATOR_YES;
}

enum result operator_token_load(const char *path, char out[OPERATOR_TOKEN_BYTES_MAX + 1])
{
    struct builder text;
    enum result result = os_file_check_private(path);

    out[0] = 0;
    if (result != RESULT_OK)
        return result;
    builder_init(&text, OPERATOR_TOKEN_BYTES_MAX + 2);
    result = os_file_read(path, &text);
    struct view word = builder_view(&text);
    while (word.size > 0 && (word.at[word.size - 1] == '\n' || word.at[word.size - 1] == '\r'))
        word.size--;
    if (result == RESULT_FULL || (result == RESULT_OK && word.size < OPERATOR_TOKEN_BYTES_MIN)
        || word.size > OPERATOR_TOKEN_BYTES_MAX)
        result = RESULT_INVALID;
    for (size_t i = 0; i < word.size && result == RESULT_OK; i++) {
        if (word.at[i] <= ' ' || word.at[i] >= 0x7f)
            result = RESULT_INVALID;
    }
    if (result == RESULT_OK) {
        memcpy(out, word.at, word.size);
        out[word.size] = 0;
    }
    builder_done(&text);
    return result;
}
