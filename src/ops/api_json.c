/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/api.h"
#include "wire/json.h"

/* The comma that stands between two members, and the name. */
static void begin(struct builder *out, const char *name)
{
    uint8_t last = out->size > 0 ? out->at[out->size - 1] : '{';

    if (last != '{' && last != '[')
        builder_add_byte(out, ',');
    if (name)
        builder_format(out, "\"%s\":", name);
}

void api_open(struct builder *out, const char *name, char bracket)
{
    begin(out, name);
    builder_add_byte(out, (uint8_t)bracket);
}

void api_shut(struct builder *out, char bracket)
{
    builder_add_byte(out, (uint8_t)bracket);
}

void api_put_number(struct builder *out, const char *name, uint64_t value)
{
    begin(out, name);
    builder_add_number(out, value);
}

void api_put_signed(struct builder *out, const char *name, int64_t value)
{
    begin(out, name);
    builder_add_signed(out, value);
}

void api_put_real(struct builder *out, const char *name, double value)
{
    begin(out, name);
    builder_format(out, "%.6g", value);
}

void api_put_bool(struct builder *out, const char *name, bool value)
{
    begin(out, name);
    builder_add_string(out, value ? "true" : "false");
}

void api_put_text(struct builder *out, const char *name, struct view value)
{
    begin(out, name);
    json_add_string(out, value);
}

void api_put_null(struct builder *out, const char *name)
{
    begin(out, name);
    builder_add_string(out, "null");
}
