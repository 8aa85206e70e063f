/* SPDX-License-Identifier: Apache-2.0 */
/* Strict-Transport-Security (RFC 6797), and what becomes of plain HTTP. That neither is there is a choice; what is
 * there must be right. */
#include "doctor/judge.h"

enum { HOUR_S = 3600, DAY_S = 24 * HOUR_S };

/* The next directive of a list, without blanks. False: there is none left. */
static bool take_directive(struct view *rest, struct view *out_directive)
{
    while (rest->size > 0) {
        const uint8_t *end = memchr(rest->at, ';', rest->size);
        size_t size = end ? (size_t)(end - rest->at) : rest->size;
        *out_directive = view_trim(view_first(*rest, size));
        *rest = view_skip(*rest, end ? size + 1 : size);
        if (out_directive->size > 0)
            return true;
    }
    return false;
}

/* `max-age=N`, N perhaps in quotes (section 6.1.1). False: it is not there, or is no number. */
static bool read_max_age(const char *field, uint64_t *out_seconds)
{
    static const struct view name = {(const uint8_t *)"max-age=", 8};
    struct view rest = view_of_string(field), directive;

    while (take_directive(&rest, &directive)) {
        if (!view_equal_ignoring_case(view_first(directive, directive.size < name.size ? directive.size : name.size),
                                      name))
            continue;
        struct view number = view_skip(directive, name.size);
        if (number.size > 2 && number.at[0] == '"' && number.at[number.size - 1] == '"')
            number = view_of(number.at + 1, number.size - 2);
        return view_to_number(number, UINT64_C(1) << 40, out_seconds);
    }
    return false;
}

static void judge_hsts(const struct observed_answer *page, struct findings *findings)
{
    uint64_t seconds;

    if (!page->is_answered)
        return;
    if (page->hsts_count == 0)
        findings_add(findings, "hsts", VERDICT_PASS, FAULT_NONE,
                     "Browsers are not told to come by https only, which is a choice (tls.hsts).");
    else if (page->hsts_count > 1)
        findings_add(findings, "hsts", VERDICT_WARN, FAULT_HSTS_WRONG,
                     "Strict-Transport-Security is sent %d times: browsers obey the first, which says %s.",
                     page->hsts_count, page->hsts);
    else if (!read_max_age(page->hsts, &seconds))
        findings_add(findings, "hsts", VERDICT_WARN, FAULT_HSTS_WRONG,
                     "Browsers ignore this Strict-Transport-Security, which has no right max-age: %s.", page->hsts);
    else if (seconds == 0)
        findings_add(findings, "hsts", VERDICT_PASS, FAULT_NONE,
                     "Browsers are told to forget that they should come by https only.");
    else
        findings_add(findings, "hsts", VERDICT_PASS, FAULT_NONE,
                     "Browsers are told to come by https only, for %.1f %s.",
                     (double)seconds / (seconds < DAY_S ? HOUR_S : DAY_S), seconds < DAY_S ? "hours" : "days");
}

/* Is it an address of that origin? "https://a.example.evil/" is none of "https://a.example". */
static bool is_of_origin(const char *location, const char *origin)
{
    size_t size = strlen(origin);

    return strncasecmp(location, origin, size) == 0 && (location[size] == 0 || strchr("/?#", location[size]));
}

static void judge_plain(const struct observations *seen, struct findings *findings)
{
    const struct observed_answer *plain = &seen->plain;

    if (seen->plain_port == 0)
        return;
    if (!plain->is_answered)
        findings_add(findings, "redirect", VERDICT_SKIPPED, FAULT_NONE, "Plain HTTP on port %u gets no answer: %s.",
                     seen->plain_port, plain->problem);
    else if (plain->status < 300 || plain->status >= 400 || !plain->location[0])
        findings_add(findings, "redirect", VERDICT_WARN, FAULT_NOT_REDIRECTED,
                     "Plain HTTP on port %u is answered (%d) and not sent to https: whoever leaves https:// out stays "
                     "readable for everybody on the way.",
                     seen->plain_port, plain->status);
    else if (!is_of_origin(plain->location, seen->url.origin))
        findings_add(findings, "redirect", VERDICT_WARN, FAULT_REDIRECTED_ELSEWHERE,
                     "Plain HTTP on port %u is sent to %s, which is not the page.", seen->plain_port, plain->location);
    else
        findings_add(findings, "redirect", VERDICT_PASS, FAULT_NONE, "Plain HTTP on port %u is sent to https.",
                     seen->plain_port);
}

void judge_secure(const struct observations *seen, struct findings *findings)
{
    if (!seen->url.is_secure)
        return;
    judge_hsts(&seen->page, findings);
    judge_plain(seen, findings);
}
