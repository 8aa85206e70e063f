/* SPDX-License-Identifier: Apache-2.0 */
/* One request to the operator's listener at a time, each on a connection of its own. One thread; waits. */
#pragma once

#include <jansson.h>

#include "base/builder.h"
#include "os/socket.h"

enum { FETCH_WAIT_MS = 5000, FETCH_BYTES_MAX = 16 * 1024 * 1024, FETCH_PROBLEM_BYTES = 200 };

struct fetch_target {
    struct os_address address;
    char path[108];    /* of a unix socket; "": the address counts */
    char host[128];    /* for the field Host */
    const char *token; /* NULL: none */
};

/* "127.0.0.1:9180", "http://localhost:9180/", "unix:/run/natter/ops.sock". False: it is none of these. */
bool fetch_target_read(const char *text, struct fetch_target *out);
/* The answer's document, for the caller to decref; `*out_status` is its status. NULL: `out_problem` says why. */
json_t *fetch(const struct fetch_target *target, const char *method, const char *path, int *out_status,
              char out_problem[FETCH_PROBLEM_BYTES]);
/* The same without a look into it: appends the body. False: `out_problem` says why. */
bool fetch_text(const struct fetch_target *target, const char *method, const char *path, int *out_status,
                struct builder *out, char out_problem[FETCH_PROBLEM_BYTES]);
/* What a whole answer says, head and body; the pure part. False: it is none. */
bool fetch_read_answer(struct view bytes, int *out_status, struct view *out_body);
