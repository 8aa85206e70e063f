/* SPDX-License-Identifier: Apache-2.0 */
#include "doctor/tell.h"

#include "wire/json.h"

enum { TEXT_COLUMN = 21, COLUMNS = 100 };

static const struct {
    const char *mark, *word, *colour;
} verdicts[] = {
    [VERDICT_PASS] = {"ok", "pass", "\x1b[32m"},
    [VERDICT_WARN] = {"warn", "warn", "\x1b[33m"},
    [VERDICT_FAIL] = {"FAIL", "fail", "\x1b[31;1m"},
    [VERDICT_SKIPPED] = {"-", "skipped", "\x1b[2m"},
};

/* Words, broken at the right edge; what others sent has no control characters any longer. */
static void add_wrapped(struct builder *out, const char *text, int column)
{
    int at = column;

    for (const char *word = text; *word;) {
        int size = (int)strcspn(word, " ");
        if (at > column && at + 1 + size > COLUMNS) {
            builder_format(out, "\n%*s", column, "");
            at = column;
        } else if (at > column) {
            builder_add_byte(out, ' ');
            at++;
        }
        builder_add(out, word, (size_t)size);
        at += size;
        word += size;
        word += strspn(word, " ");
    }
    builder_add_byte(out, '\n');
}

static void add_cure(struct builder *out, const char *cure)
{
    while (*cure) {
        size_t size = strcspn(cure, "\n");
        builder_format(out, "%*s%.*s\n", TEXT_COLUMN + 4, "", (int)size, cure);
        cure += size + (cure[size] == '\n');
    }
}

void tell_people(const struct findings *findings, const char *subject, bool has_colours, struct builder *out)
{
    size_t counts[4] = {0};

    builder_format(out, "natter doctor: %s\n\n", subject);
    for (size_t i = 0; i < findings->count; i++) {
        const struct finding *finding = &findings->list[i];
        const char *colour = has_colours ? verdicts[finding->verdict].colour : "";
        counts[finding->verdict]++;
        builder_format(out, "  %s%-4s%s  %-11s  ", colour, verdicts[finding->verdict].mark,
                       has_colours ? "\x1b[0m" : "", finding->check);
        add_wrapped(out, finding->text, TEXT_COLUMN);
        if (finding->cure)
            add_cure(out, finding->cure);
    }
    builder_format(out, "\n%zu failed, %zu warning%s, %zu passed", counts[VERDICT_FAIL], counts[VERDICT_WARN],
                   counts[VERDICT_WARN] == 1 ? "" : "s", counts[VERDICT_PASS]);
    if (counts[VERDICT_SKIPPED] > 0)
        builder_format(out, ", %zu not looked at", counts[VERDICT_SKIPPED]);
    builder_add_string(out, ".\n");
    if (counts[VERDICT_FAIL] + counts[VERDICT_WARN] > 0 && strstr(subject, "://"))
        builder_add_string(out, "Whole configurations are in deploy/, and explained in docs/howto/behind-a-proxy/.\n");
}

static void add_member(struct builder *out, const char *name, const char *text)
{
    builder_format(out, "\"%s\":", name);
    json_add_string(out, view_of_string(text));
}

void tell_programs(const struct findings *findings, const char *subject, struct builder *out)
{
    builder_add_byte(out, '{');
    add_member(out, "subject", subject);
    builder_add_byte(out, ',');
    add_member(out, "proxy", findings->proxy == PROXY_UNKNOWN ? "unknown" : proxy_label(findings->proxy));
    builder_add_byte(out, ',');
    add_member(out, "verdict", verdicts[findings_worst(findings)].word);
    builder_add_string(out, ",\"checks\":[");
    for (size_t i = 0; i < findings->count; i++) {
        const struct finding *finding = &findings->list[i];
        builder_add_string(out, i ? ",{" : "{");
        add_member(out, "check", finding->check);
        builder_add_byte(out, ',');
        add_member(out, "verdict", verdicts[finding->verdict].word);
        builder_add_byte(out, ',');
        add_member(out, "fault", fault_word(finding->fault));
        builder_add_byte(out, ',');
        add_member(out, "text", finding->text);
        if (finding->cure) {
            builder_add_byte(out, ',');
            add_member(out, "cure", finding->cure);
        }
        builder_add_byte(out, '}');
    }
    builder_add_string(out, "]}\n");
}
