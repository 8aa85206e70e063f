/* SPDX-License-Identifier: Apache-2.0 */
#include "doctor/seen.h"

#include "wire/json.h"

/* It is shown on a terminal later: what would move the cursor there, say, was put in by somebody else. */
static void copy(const json_t *object, const char *name, char *out, size_t size)
{
    const char *text = json_string_value(json_object_get(object, name));
    size_t used = 0;

    for (; text && text[used] && used + 1 < size; used++)
        out[used] = (char)(text[used] >= ' ' && text[used] < 0x7f ? text[used] : ' ');
    out[used] = 0;
}

/* A number that natter can have; what is beyond was not sent by it, and must not keep us waiting or fill our memory. */
static int64_t bounded(const json_t *object, const char *name, int64_t most)
{
    int64_t number = json_integer_value(json_object_get(object, name));

    return number < 0 ? 0 : number > most ? most : number;
}

bool seen_read(struct view json, struct seen *out_seen)
{
    char fault[JSON_FAULT_BYTES];
    json_t *report = json_read_object(json, fault);
    struct seen seen = {.is_there = true};

    if (!report)
        return false;
    const char *type = json_string_value(json_object_get(report, "type"));
    const char *server = json_string_value(json_object_get(report, "server"));
    if (!type || strcmp(type, "report") != 0 || !server || strncmp(server, "natter/", 7) != 0) {
        json_decref(report);
        return false;
    }
    copy(report, "server", seen.server, sizeof seen.server);
    copy(report, "http", seen.http, sizeof seen.http);
    copy(report, "path", seen.path, sizeof seen.path);
    copy(report, "scheme", seen.scheme, sizeof seen.scheme);
    copy(report, "peer", seen.peer, sizeof seen.peer);
    copy(report, "client", seen.client, sizeof seen.client);
    copy(report, "behind", seen.behind, sizeof seen.behind);
    copy(report, "origin", seen.origin, sizeof seen.origin);
    copy(report, "upgrade", seen.upgrade, sizeof seen.upgrade);
    copy(report, "fault", seen.fault, sizeof seen.fault);
    const json_t *fields = json_object_get(report, "fields");
#define X(member, name) copy(fields, name, seen.member, sizeof seen.member);
    SEEN_FIELDS(X)
#undef X
    const json_t *limits = json_object_get(report, "limits");
    seen.at_ms = json_integer_value(json_object_get(report, "at"));
    seen.text_bytes = bounded(limits, "text_bytes", SEEN_BYTES_MAX);
    seen.frame_bytes = bounded(limits, "frame_bytes", SEEN_BYTES_MAX);
    seen.heartbeat_ms = bounded(limits, "heartbeat_ms", SEEN_HEARTBEAT_MS_MAX);
    seen.has_compression = json_is_true(json_object_get(report, "compression"));
    json_decref(report);
    *out_seen = seen;
    return true;
}
