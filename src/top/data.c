/* SPDX-License-Identifier: Apache-2.0 */
#include "top/data.h"

enum { NAME_BYTES_MAX = 64, MS_PER_S = 1000 };

void top_data_done(struct top_data *data)
{
    json_decref(data->overview);
    json_decref(data->before);
    json_decref(data->list);
    json_decref(data->detail);
    *data = (struct top_data){0};
}

void top_data_overview(struct top_data *data, json_t *overview)
{
    json_decref(data->before);
    data->before = data->overview;
    data->overview = overview;
}

static const json_t *find(const json_t *document, const char *path)
{
    while (document && *path) {
        char name[NAME_BYTES_MAX];
        size_t size = strcspn(path, ".");
        if (size >= sizeof name)
            return NULL;
        memcpy(name, path, size);
        name[size] = 0;
        document = json_object_get(document, name);
        path += path[size] ? size + 1 : size;
    }
    return document;
}

double data_number(const json_t *document, const char *path)
{
    const json_t *value = find(document, path);

    return value ? json_number_value(value) : 0;
}

const char *data_text(const json_t *document, const char *path)
{
    const char *text = json_string_value(find(document, path));

    return text ? text : "";
}

const json_t *data_rows(const json_t *document)
{
    static const char *const names[] = {"connections", "rooms", "ended", "loops"};

    for (size_t i = 0; document && i < sizeof names / sizeof *names; i++) {
        const json_t *rows = json_object_get(document, names[i]);
        if (json_is_array(rows))
            return rows;
    }
    return NULL;
}

double data_rate(const struct top_data *data, const char *path)
{
    double passed_ms = data_number(data->overview, "uptime_ms") - data_number(data->before, "uptime_ms");
    double difference = data_number(data->overview, path) - data_number(data->before, path);

    if (!data->before || passed_ms <= 0 || difference < 0) /* another process answers now */
        return 0;
    return difference * MS_PER_S / passed_ms;
}
