/* SPDX-License-Identifier: Apache-2.0 */
/* `natter doctor` without an address, while the server runs: what it has noticed by itself. */
#include <string.h>

#include "cmd/doctor.h"
#include "doctor/exchange.h"
#include "wire/json.h"

static void add_notice(const json_t *notice, struct findings *findings)
{
    const char *word = json_string_value(json_object_get(notice, "notice"));
    const char *text = json_string_value(json_object_get(notice, "text"));
    const char *detail = json_string_value(json_object_get(notice, "detail"));
    const char *cure = json_string_value(json_object_get(notice, "cure"));
    const char *level = json_string_value(json_object_get(notice, "level"));

    if (!word || !text || !detail || !cure || !level)
        return; /* another version's; its log says more */
    findings_add(findings, "noticed", strcmp(level, "fault") == 0 ? VERDICT_FAIL : VERDICT_WARN, FAULT_HERE_NOTICED,
                 "%s%s%s: %s. See %s.", word, detail[0] ? ", " : "", detail, text, cure);
}

static void read_notices(struct view body, struct findings *findings)
{
    char fault[JSON_FAULT_BYTES];
    json_t *answer = json_read_object(body, fault);
    const json_t *notices = json_object_get(answer, "notices");

    if (!json_is_array(notices))
        findings_add(findings, "noticed", VERDICT_SKIPPED, FAULT_NONE, "What answers at metrics.listen is no natter.");
    else if (json_array_size(notices) == 0)
        findings_add(findings, "noticed", VERDICT_PASS, FAULT_NONE, "The server has noticed nothing wrong around it.");
    for (size_t i = 0; i < json_array_size(notices); i++)
        add_notice(json_array_get(notices, i), findings);
    json_decref(answer);
}

void doctor_look_at_notices(const struct config *config, struct findings *out_findings)
{
    struct target target = {.address = config->ops.listen};
    struct exchange exchange;

    if (!config->ops.is_on) {
        findings_add(out_findings, "noticed", VERDICT_SKIPPED, FAULT_NONE,
                     "metrics.listen is off, so the server cannot be asked what it has noticed.");
        return;
    }
    (void)os_address_format(&target.address, false, target.url.host);
    (void)os_address_format(&target.address, true, target.url.authority);
    exchange_run(&exchange, &target, "/api/v1/notices", "");
    if (exchange.is_answered && exchange.answer.status == 200)
        read_notices(builder_view(&exchange.body), out_findings);
    else
        findings_add(out_findings, "noticed", VERDICT_SKIPPED, FAULT_NONE,
                     "The server does not answer at %s (metrics.listen), so what it has noticed is not known.",
                     target.url.authority);
    exchange_done(&exchange);
}
