/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <strings.h>

#include "ops/api.h"

static bool is_known(struct view name, const char *const *names)
{
    static const char *const common[] = {"limit", "page", "order", NULL};

    for (const char *const *list = common;; list = names) {
        for (size_t i = 0; list[i]; i++) {
            if (view_equal(name, view_of_string(list[i])))
                return true;
        }
        if (list == names)
            return false;
    }
}

/* A parameter that nobody knows is a misspelt one: an answer without it would mislead. */
static bool check_names(struct api *api, const char *const *names)
{
    struct view rest = api->request->query;

    while (rest.size > 0) {
        const uint8_t *end = memchr(rest.at, '&', rest.size);
        struct view pair = view_first(rest, end ? (size_t)(end - rest.at) : rest.size);
        const uint8_t *equals = pair.size > 0 ? memchr(pair.at, '=', pair.size) : NULL;
        struct view name = view_first(pair, equals ? (size_t)(equals - pair.at) : pair.size);
        if (name.size > 0 && !is_known(name, names)) {
            api_refuse(api, 400, "A parameter is not known here. docs/reference/api.md lists them.");
            return false;
        }
        rest = view_skip(rest, pair.size + (end ? 1 : 0));
    }
    return true;
}

bool api_read_word(struct api *api, const char *name, char out[API_WORD_BYTES_MAX])
{
    struct builder text;
    bool is_bad = false;

    builder_init(&text, API_WORD_BYTES_MAX - 1);
    bool is_there = http_query_get(api->request->query, name, &text, &is_bad);
    bool is_fine = !is_bad && builder_ok(&text) && (text.size == 0 || !memchr(text.at, 0, text.size));
    if (is_fine && is_there && text.size > 0)
        memcpy(out, text.at, text.size);
    out[is_fine && is_there ? text.size : 0] = 0;
    builder_done(&text);
    if (!is_fine)
        api_refuse(api, 400, "A parameter's value is too long or badly encoded.");
    return is_fine;
}

static bool read_number(struct api *api, const char *name, uint64_t max, size_t *out)
{
    char word[API_WORD_BYTES_MAX];
    uint64_t number = *out;

    if (!api_read_word(api, name, word))
        return false;
    if (word[0] && !view_to_number(view_of_string(word), max, &number)) {
        api_refuse(api, 400, "limit is a whole number up to 500, page one from 0 on; there are at most 10,000 rows.");
        return false;
    }
    *out = (size_t)number;
    return true;
}

bool api_read_page(struct api *api, const char *const *names, struct api_page *out)
{
    char order[API_WORD_BYTES_MAX];

    *out = (struct api_page){.limit = API_LIMIT_DEFAULT};
    if (!check_names(api, names) || !read_number(api, "limit", API_LIMIT_MAX, &out->limit)
        || !read_number(api, "page", API_ROWS_MAX, &out->page) || !api_read_word(api, "order", order))
        return false;
    if (order[0] && strcmp(order, "rising") != 0 && strcmp(order, "falling") != 0) {
        api_refuse(api, 400, "order is rising or falling.");
        return false;
    }
    if ((out->page + 1) * out->limit > API_ROWS_MAX) {
        api_refuse(api, 400, "At most 10,000 rows are gathered. Filter, or sort the other way round.");
        return false;
    }
    out->is_rising = strcmp(order, "rising") == 0;
    return true;
}

bool api_contains(const char *text, const char *part)
{
    size_t size = strlen(part);

    for (; strlen(text) >= size; text++) {
        if (strncasecmp(text, part, size) == 0)
            return true;
        if (!*text)
            break;
    }
    return false;
}
