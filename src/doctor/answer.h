/* SPDX-License-Identifier: Apache-2.0 */
/* An HTTP answer as a client reads it: lenient, since what is broken on the way is what we look for. Views point into
 * the bytes that were given. */
#pragma once

#include "base/builder.h"
#include "wire/decode.h"

enum { ANSWER_FIELDS_MAX = 64 };

struct answer_field {
    struct view name, value;
};

struct answer {
    int status;
    int minor_version;
    struct answer_field fields[ANSWER_FIELDS_MAX];
    size_t field_count;
    size_t head_size;
    bool is_chunked;
    bool has_length;
    uint64_t length;
};

/* The head of an answer. DECODE_BAD: that is no HTTP/1. */
enum decode answer_read(struct view bytes, struct answer *out_answer);
/* The value of the first field of that name; empty if there is none. */
struct view answer_field(const struct answer *answer, const char *name);
/* The body, taken out of its chunks; what follows the head is `rest`. False: more must come (for an answer without a
 * length: the end of the connection, `is_at_end`). */
bool answer_body(const struct answer *answer, struct view rest, bool is_at_end, struct builder *out_body);
