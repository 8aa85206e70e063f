/* SPDX-License-Identifier: Apache-2.0 */
/* How one request arrived, as JSON. Only what the asker sent, or what everybody is told anyway. */
#include "ops/diagnosis.h"

#include "wire/json.h"

enum { VALUE_BYTES_MAX = 256 };

/* The fields that decide about an upgrade, an origin or an address. Not here, for ever: Cookie, Authorization. */
static const char *const fields[] = {
    "Host",
    "Origin",
    "Connection",
    "Upgrade",
    "Sec-WebSocket-Version",
    "Sec-WebSocket-Key",
    "Sec-WebSocket-Protocol",
    "Sec-WebSocket-Extensions",
    "Accept-Encoding",
    "Content-Length",
    "Transfer-Encoding",
    "X-Forwarded-For",
    "X-Forwarded-Proto",
    "X-Forwarded-Host",
    "X-Forwarded-Prefix",
    "X-Real-IP",
    "Forwarded",
    "Via",
};

/* A field's value may hold any bytes above 0x1f; JSON holds text. */
static void add_printable(struct builder *out, struct view value)
{
    uint8_t text[VALUE_BYTES_MAX];
    size_t size = value.size < sizeof text ? value.size : sizeof text;

    for (size_t i = 0; i < size; i++)
        text[i] = value.at[i] >= ' ' && value.at[i] < 0x7f ? value.at[i] : '?';
    json_add_string(out, view_of(text, size));
}

static void add_field(const struct http_request *request, const char *name, struct builder *out)
{
    const struct http_field *field = http_field_find(request, name);
    size_t count = http_field_count(request, name);

    if (!field)
        return;
    if (builder_view(out).at[out->size - 1] != '{')
        builder_add_byte(out, ',');
    json_add_string(out, view_of_string(name));
    builder_add_byte(out, ':');
    if (view_equal(view_of_string(name), VIEW("Sec-WebSocket-Key")))
        json_add_string(out, VIEW("there")); /* its value is of no use to anybody */
    else
        add_printable(out, field->value);
    if (count > 1)
        builder_format(out, ",\"%s (times)\":%zu", name, count);
}

static const char *origin_verdict(const struct diagnosis_facts *facts, const struct diagnosis_subject *subject)
{
    const struct http_request *request = subject->request;

    if (!http_field_find(request, "Origin"))
        return "none";
    return !facts->chat || chat_origin_is_allowed(facts->chat, request, &subject->aim) ? "allowed" : "refused";
}

void diagnosis_report(const struct diagnosis_facts *facts, const struct diagnosis_subject *subject, struct builder *out)
{
    static const char *const schemes[] = {
        [SCHEME_UNKNOWN] = "unknown", [SCHEME_HTTP] = "http", [SCHEME_HTTPS] = "https"};
    static const struct {
        const char *client, *behind;
    } words[] = {
        [CONN_DIRECT] = {"direct", "nothing"},
        [CONN_BEHIND_FIELDS] = {"forwarded", "fields"},
        [CONN_BEHIND_HEADER] = {"forwarded", "proxy_header"},
        [CONN_BEHIND_SILENT_PROXY] = {"silent", "silent_proxy"},
    };
    const struct http_request *request = subject->request;

    builder_format(out, "{\"type\":\"report\",\"server\":\"natter/%s\",\"at\":%lld,", NATTER_VERSION,
                   (long long)subject->now_ms);
    builder_format(out, "\"http\":\"1.%d\",\"method\":", request->minor_version);
    add_printable(out, request->method);
    builder_add_string(out, ",\"path\":");
    add_printable(out, request->path);
    builder_format(out,
                   ",\"scheme\":\"%s\",\"peer\":\"%s\",\"client\":\"%s\",\"behind\":\"%s\",\"origin\":\"%s\","
                   "\"fields\":{",
                   schemes[subject->aim.scheme], ip_reach_text(ip_reach_of(subject->peer->bytes)),
                   words[subject->behind].client, words[subject->behind].behind, origin_verdict(facts, subject));
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        add_field(request, fields[i], out);
    builder_format(out, "},\"upgrade\":\"%s\"", subject->fault ? "faulty" : subject->is_upgrade ? "right" : "none");
    if (subject->fault) {
        builder_add_string(out, ",\"fault\":");
        json_add_string(out, view_of_string(subject->fault->text));
    }
    builder_format(out, ",\"limits\":{\"text_bytes\":%zu,\"frame_bytes\":%zu,\"heartbeat_ms\":%u},\"compression\":%s}",
                   facts->text_bytes_max, facts->frame_bytes_max, facts->heartbeat_ms,
                   facts->has_compression ? "true" : "false");
}
