/* SPDX-License-Identifier: Apache-2.0 */
/* Requests: however much of a head is there, the answer is the same or that more is needed; what is taken has only the
 * bytes that it may have; a chunked body, cut anywhere, is the same body. */
#include "wire/http1.h"

#include "fuzz.h"

enum { BODY_BYTES_MAX = 1 << 20 };

static bool is_within(struct view part, struct view whole)
{
    return part.size == 0 || (part.at >= whole.at && part.at + part.size <= whole.at + whole.size);
}

static void check_text(struct view text, struct view head)
{
    check(is_within(text, head));
    for (size_t index = 0; index < text.size; index++)
        check(text.at[index] >= ' ' || text.at[index] == '\t');
}

static void check_request(const struct http_request *request, struct view bytes)
{
    struct view head = view_first(bytes, request->head_size);
    struct builder text;
    struct view cookie;
    bool is_bad = false;

    check(request->head_size <= bytes.size && request->head_size >= sizeof("X / HTTP/1.0\r\n\r\n") - 1);
    check(memcmp(head.at + head.size - 4, "\r\n\r\n", 4) == 0);
    check(request->target.size > 0 && request->path.size > 0);
    check(request->path.at[0] == '/' || request->path.at[0] == '*');
    check(!request->is_chunked || request->content_length == 0);
    check(request->field_count <= HTTP_FIELDS_MAX);
    check_text(request->method, head);
    check_text(request->query, head);
    builder_init(&text, 256);
    for (size_t index = 0; index < request->field_count; index++) {
        check_text(request->fields[index].name, head);
        check_text(request->fields[index].value, head);
        check(request->fields[index].name.size > 0);
        (void)http_cookie_get(request->fields[index].value, "a", &cookie);
    }
    if (http_percent_decode(request->path, &text))
        check(text.size <= request->path.size && (text.size == 0 || !memchr(text.at, 0, text.size)));
    builder_clear(&text);
    check(!http_query_get(request->query, "a", &text, &is_bad) || !is_bad);
    builder_done(&text);
}

static size_t run_body(struct view body, struct fuzz_cuts *cuts, struct builder *out, enum decode *out_decode)
{
    struct http_chunked chunked;
    size_t taken = 0;

    http_chunked_init(&chunked);
    *out_decode = DECODE_NEED_MORE;
    while (*out_decode == DECODE_NEED_MORE && taken < body.size) {
        struct view rest = view_skip(body, taken);
        struct view piece = cuts ? fuzz_take_piece(cuts, &rest) : rest;
        struct view data;
        size_t used;

        *out_decode = http_chunked_decode(&chunked, piece, &used, &data);
        check(used <= piece.size && is_within(data, piece));
        check(used > 0 || *out_decode != DECODE_NEED_MORE);
        builder_add_view(out, data);
        taken += used;
        if (cuts)
            fuzz_free(piece);
    }
    return taken;
}

static void check_body(struct view body, struct fuzz_cuts cuts)
{
    enum decode decode;
    enum decode decode_cut;
    struct builder whole;
    struct builder cut;

    builder_init(&whole, BODY_BYTES_MAX);
    builder_init(&cut, BODY_BYTES_MAX);
    size_t used = run_body(body, NULL, &whole, &decode);
    check(run_body(body, &cuts, &cut, &decode_cut) == used);
    check(decode == decode_cut);
    check(view_equal(builder_view(&whole), builder_view(&cut)));
    builder_done(&whole);
    builder_done(&cut);
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t size)
{
    const struct http_limits limits = {.head_bytes_max = 2048, .target_bytes_max = 512, .field_count_max = 16};
    struct http_request request;
    struct http_fault fault = {0};

    if (size < 1)
        return 0;
    struct view bytes = view_of(at, size);
    struct fuzz_cuts cuts = {fuzz_take_byte(&bytes)};
    enum decode decode = http_request_decode(bytes, &limits, &request, &fault);
    size_t sure = decode == DECODE_DONE ? request.head_size : bytes.size;

    check(decode != DECODE_BAD || (fault.status >= 400 && fault.status <= 505));
    if (decode == DECODE_DONE)
        check_request(&request, bytes);
    check_body(decode == DECODE_DONE ? view_skip(bytes, request.head_size) : bytes, cuts);
    for (size_t there = 0; there < bytes.size; there += 1 + cuts.state % 7) {
        struct view part = fuzz_copy(view_first(bytes, there));
        struct http_fault fault_part = {0};
        enum decode decode_part = http_request_decode(part, &limits, &request, &fault_part);

        check(decode_part == decode || decode_part == DECODE_NEED_MORE);
        check(decode != DECODE_DONE || (decode_part == DECODE_DONE) == (there >= sure));
        check(decode_part != DECODE_BAD || (fault_part.status == fault.status && fault_part.text == fault.text));
        fuzz_free(part);
    }
    return 0;
}
