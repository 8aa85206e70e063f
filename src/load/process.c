/* SPDX-License-Identifier: Apache-2.0 */
#include "load/process.h"

#include <stdio.h>

#include "base/builder.h"
#include "os/file.h"
#include "wire/octet.h"

enum {
    NS_PER_TICK = 10 * 1000 * 1000, /* /proc counts in hundredths of a second on every Linux */
    PAGE_BYTES = 4096,
    FILE_BYTES_MAX = 65536,
    PATH_SIZE = 64,
};

/* Takes blanks and then a decimal number off `rest`. */
static bool next_number(struct view *rest, uint64_t *out)
{
    while (rest->size > 0 && (rest->at[0] == ' ' || rest->at[0] == '\t'))
        *rest = view_skip(*rest, 1);
    size_t size = 0;
    while (size < rest->size && octet_is_digit(rest->at[size]))
        size++;
    bool is_number = view_to_number(view_first(*rest, size), UINT64_MAX, out);
    *rest = view_skip(*rest, size);
    return is_number;
}

static void skip_word(struct view *rest)
{
    while (rest->size > 0 && rest->at[0] == ' ')
        *rest = view_skip(*rest, 1);
    while (rest->size > 0 && rest->at[0] != ' ')
        *rest = view_skip(*rest, 1);
}

bool process_read_cpu(struct view stat, uint64_t *out_ns)
{
    /* The second field is the name in parentheses, and may hold any character, those too: go from the last one. */
    const uint8_t *end = memrchr(stat.at, ')', stat.size);
    if (end == NULL)
        return false;
    struct view rest = view_skip(stat, (size_t)(end - stat.at) + 1);
    for (int field = 3; field < 14; field++)
        skip_word(&rest);
    uint64_t user;
    uint64_t system;
    if (!next_number(&rest, &user) || !next_number(&rest, &system))
        return false;
    *out_ns = (user + system) * NS_PER_TICK;
    return true;
}

/* The number behind `name` where it begins a line. */
static bool find_number(struct view text, struct view name, uint64_t *out)
{
    while (text.size > 0) {
        if (view_starts_with(text, name)) {
            text = view_skip(text, name.size);
            return next_number(&text, out);
        }
        const uint8_t *end = memchr(text.at, '\n', text.size);
        text = end == NULL ? view_of(NULL, 0) : view_skip(text, (size_t)(end - text.at) + 1);
    }
    return false;
}

bool process_read_resident(struct view text, uint64_t *out_bytes)
{
    uint64_t kilobytes;
    if (!find_number(text, VIEW("Anonymous:"), &kilobytes) && !find_number(text, VIEW("RssAnon:"), &kilobytes))
        return false;
    *out_bytes = kilobytes * 1024;
    return true;
}

bool process_read_kernel(struct view sockstat, uint64_t *out_bytes)
{
    const uint8_t *line = memmem(sockstat.at, sockstat.size, "TCP: ", 5);
    if (line == NULL)
        return false;
    struct view rest = view_skip(sockstat, (size_t)(line - sockstat.at));
    const uint8_t *end = memchr(rest.at, '\n', rest.size);
    if (end != NULL)
        rest.size = (size_t)(end - rest.at);
    const uint8_t *pages_at = memmem(rest.at, rest.size, " mem ", 5);
    if (pages_at == NULL)
        return false;
    rest = view_skip(rest, (size_t)(pages_at - rest.at) + 5);
    uint64_t pages;
    if (!next_number(&rest, &pages))
        return false;
    *out_bytes = pages * PAGE_BYTES;
    return true;
}

static bool read_file(uint64_t pid, const char *name, struct builder *out)
{
    char path[PATH_SIZE];
    int size = snprintf(path, sizeof(path), "/proc/%llu/%s", (unsigned long long)pid, name);
    builder_clear(out);
    return size > 0 && (size_t)size < sizeof(path) && os_file_read(path, out) == RESULT_OK;
}

bool process_sample(uint64_t pid, struct process_sample *out_sample)
{
    struct process_sample sample = {.cpu_ns = 0};
    struct builder text;
    builder_init(&text, FILE_BYTES_MAX);
    /* The rollup is exact; status lags by some pages per processor, and serves where the rollup is not ours to read. */
    bool is_there = read_file(pid, "stat", &text) && process_read_cpu(builder_view(&text), &sample.cpu_ns)
                    && (read_file(pid, "smaps_rollup", &text) || read_file(pid, "status", &text))
                    && process_read_resident(builder_view(&text), &sample.resident_bytes);
    builder_clear(&text);
    if (is_there && os_file_read("/proc/net/sockstat", &text) == RESULT_OK)
        (void)process_read_kernel(builder_view(&text), &sample.kernel_bytes); /* 0 where it is not told */
    builder_done(&text);
    if (is_there)
        *out_sample = sample;
    return is_there;
}
