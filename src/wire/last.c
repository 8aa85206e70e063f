/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/last.h"

static const char *const signs[LAST_SIGN_COUNT] = {
#define X(symbol, text) text,
    LAST_SIGNS(X)
#undef X
};

const char *last_sign_text(enum last_sign sign)
{
    return signs[sign];
}

static bool read_text(const json_t *value, size_t bytes_max, struct view *out)
{
    *out = (struct view){NULL, 0};
    if (!value)
        return true;
    if (!json_is_string(value) || json_string_length(value) > bytes_max)
        return false;
    *out = view_of(json_string_value(value), json_string_length(value));
    return true;
}

static bool read_number(const json_t *value, uint64_t max, uint64_t *out)
{
    json_int_t number = json_integer_value(value);

    if (!json_is_integer(value) || number < 0 || (uint64_t)number > max)
        return false;
    *out = (uint64_t)number;
    return true;
}

static uint32_t sign_bit(const char *text)
{
    for (uint32_t i = 0; i < LAST_SIGN_COUNT; i++) {
        if (strcmp(text, signs[i]) == 0)
            return 1u << i;
    }
    return 0;
}

static bool read_saw(const json_t *value, uint32_t *out_saw)
{
    *out_saw = 0;
    if (!value)
        return true;
    if (!json_is_array(value) || json_array_size(value) > LAST_SAW_MAX)
        return false;
    for (size_t i = 0; i < json_array_size(value); i++) {
        const json_t *word = json_array_get(value, i);
        if (!json_is_string(word))
            return false;
        *out_saw |= sign_bit(json_string_value(word));
    }
    return true;
}

bool last_read(const json_t *value, struct last *out, const char **out_text)
{
    uint64_t code = 0;

    *out = (struct last){.code = 0};
    if (!json_is_object(value))
        *out_text = "\"last\" must be an object with code and ago, and perhaps connection, reason and saw.";
    else if (!read_number(json_object_get(value, "code"), LAST_CODE_MAX, &code))
        *out_text = "\"last\" needs \"code\", the close code that was seen: a whole number from 0 to 4999.";
    else if (!read_number(json_object_get(value, "ago"), ((uint64_t)1 << 53) - 1, &out->ago_ms))
        *out_text = "\"last\" needs \"ago\", in milliseconds: a whole number.";
    else if (!read_text(json_object_get(value, "connection"), LAST_CONNECTION_BYTES_MAX, &out->connection))
        *out_text = "\"connection\" in \"last\" must be a string of at most 40 bytes, as the welcome had it.";
    else if (!read_text(json_object_get(value, "reason"), LAST_REASON_BYTES_MAX, &out->reason))
        *out_text = "\"reason\" in \"last\" must be a string of at most 123 bytes.";
    else if (!read_saw(json_object_get(value, "saw"), &out->saw))
        *out_text = "\"saw\" in \"last\" must be an array of at most 16 strings.";
    else {
        out->code = (uint16_t)code;
        return true;
    }
    return false;
}
