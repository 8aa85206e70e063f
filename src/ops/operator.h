/* SPDX-License-Identifier: Apache-2.0 */
/* Who may see and end connections: whoever brings the operator's word, and whoever sits at this machine. The latter is
 * judged with suspicion, since a proxy on this machine speaks for strangers, and a browser on it for the pages of
 * strangers: a request that bears a mark of either is none of this machine's. Pure; any thread. */
#pragma once

#include "os/socket.h"
#include "wire/http1.h"

enum { OPERATOR_TOKEN_BYTES_MIN = 16, OPERATOR_TOKEN_BYTES_MAX = 512 };

struct operator_rule {
    const char *token; /* "" or NULL: there is none */
    bool is_unix;      /* the listener is a unix socket: its file's rights have let them in */
};

enum operator_verdict { OPERATOR_YES, OPERATOR_WRONG_TOKEN, OPERATOR_STRANGER };

/* `peer` is the socket's own. `*out_why` says in a sentence why not, and what to do. */
enum operator_verdict operator_judge(const struct operator_rule *rule, const struct http_request *request,
                                     const struct os_address *peer, const char **out_why);

/* Reads the word from a file that nobody else can read. RESULT_OK, RESULT_INVALID (too short, too long, or with
 * blanks), RESULT_NOT_FOUND, RESULT_REFUSED (others may read it), RESULT_FAILED. Blocks: at start only. */
enum result operator_token_load(const char *path, char out[OPERATOR_TOKEN_BYTES_MAX + 1]) MUST_USE;
