/* SPDX-License-Identifier: Apache-2.0 */
#include "doctor/seen.h"

#include <stdio.h>

#include "wire/json.h"

static void copy(const json_t *object, const char *name, char *out, size_t size)
{
    const char *text = json_string_value(json_object_get(object, name));

    (void)snprintf(out, size, "%s", text ? text : "");
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
    copy(report, "origin", seen.origin, sizeof seen.origin);
    copy(report, "upgrade", seen.upgrade, sizeof seen.upgrade);
    copy(report, "fault", seen.fault, sizeof seen.fault);
    const json_t *fields = json_object_get(report, "fields");
#define X(member, name) copy(fields, name, seen.member, sizeof seen.member);
    SEEN_FIELDS(X)
#undef X
    const json_t *limits = json_object_get(report, "limits");
    seen.at_ms = json_integer_value(json_object_get(report, "at"));
    seen.text_bytes = json_integer_value(json_object_get(limits, "text_bytes"));
    seen.frame_bytes = json_integer_value(json_object_get(limits, "frame_bytes"));
    seen.heartbeat_ms = json_integer_value(json_object_get(limits, "heartbeat_ms"));
    seen.has_compression = json_is_true(json_object_get(report, "compression"));
    json_decref(report);
    *out_seen = seen;
    return true;
}
