/* SPDX-License-Identifier: Apache-2.0 */
#include "doctor/answer.h"

#include "wire/http1.h"

enum { HEAD_BYTES_MAX = 65536 };

static struct view take_line(struct view *rest)
{
    const uint8_t *end = memchr(rest->at, '\n', rest->size);
    size_t size = end ? (size_t)(end - rest->at) : rest->size;
    struct view line = view_first(*rest, size);

    *rest = view_skip(*rest, end ? size + 1 : size);
    if (line.size > 0 && line.at[line.size - 1] == '\r')
        line.size--;
    return line;
}

static void take_field(struct answer *answer, struct view line)
{
    const uint8_t *colon = line.size > 0 ? memchr(line.at, ':', line.size) : NULL;

    if (!colon || answer->field_count == ANSWER_FIELDS_MAX)
        return;
    size_t size = (size_t)(colon - line.at);
    answer->fields[answer->field_count++] =
        (struct answer_field){view_trim(view_first(line, size)), view_trim(view_skip(line, size + 1))};
}

static void find_length(struct answer *answer)
{
    struct view length = answer_field(answer, "Content-Length");
    struct view coding = answer_field(answer, "Transfer-Encoding");

    answer->is_chunked = view_equal_ignoring_case(coding, VIEW("chunked"));
    answer->has_length = !answer->is_chunked && view_to_number(length, UINT32_MAX, &answer->length);
    if (answer->status == 204 || answer->status == 304 || answer->status < 200) {
        answer->is_chunked = false;
        answer->has_length = true;
        answer->length = 0;
    }
}

enum decode answer_read(struct view bytes, struct answer *out_answer)
{
    static const struct view start = {(const uint8_t *)"HTTP/1.", 7};
    size_t seen = bytes.size < start.size ? bytes.size : start.size;
    struct answer answer = {0};
    uint64_t status;

    if (!view_equal(view_first(bytes, seen), view_first(start, seen)))
        return DECODE_BAD;
    const uint8_t *end = memmem(bytes.at, bytes.size, "\r\n\r\n", 4);
    if (!end)
        return bytes.size > HEAD_BYTES_MAX ? DECODE_BAD : DECODE_NEED_MORE;
    answer.head_size = (size_t)(end - bytes.at) + 4;
    struct view rest = view_first(bytes, answer.head_size - 2);
    struct view line = take_line(&rest);
    if (line.size < 12 || !view_to_number(view_of(line.at + 9, 3), 999, &status))
        return DECODE_BAD;
    answer.minor_version = line.at[7] - '0';
    answer.status = (int)status;
    while (rest.size > 0)
        take_field(&answer, take_line(&rest));
    find_length(&answer);
    *out_answer = answer;
    return DECODE_DONE;
}

struct view answer_field(const struct answer *answer, const char *name)
{
    for (size_t i = 0; i < answer->field_count; i++) {
        if (view_equal_ignoring_case(answer->fields[i].name, view_of_string(name)))
            return answer->fields[i].value;
    }
    return VIEW("");
}

static bool unchunk(struct view rest, struct builder *out_body)
{
    struct http_chunked chunked;

    http_chunked_init(&chunked);
    for (;;) {
        struct view piece;
        size_t used;
        enum decode decoded = http_chunked_decode(&chunked, rest, &used, &piece);
        builder_add_view(out_body, piece);
        rest = view_skip(rest, used);
        if (decoded != DECODE_NEED_MORE)
            return true; /* what is malformed does not get better by waiting */
        if (used == 0)
            return false;
    }
}

bool answer_body(const struct answer *answer, struct view rest, bool is_at_end, struct builder *out_body)
{
    builder_clear(out_body);
    if (answer->is_chunked)
        return unchunk(rest, out_body) || is_at_end;
    if (answer->has_length && rest.size < answer->length && !is_at_end)
        return false;
    if (!answer->has_length && !is_at_end)
        return false;
    builder_add_view(out_body,
                     answer->has_length && rest.size > answer->length ? view_first(rest, answer->length) : rest);
    return true;
}
