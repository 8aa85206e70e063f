/* SPDX-License-Identifier: Apache-2.0 */
/* A guest's token: who they are, signed by this server, opaque to them. It needs no row in any database.
 *
 *     version 1 │ user 16 │ joined 8 │ issued 8 │ MAC 16        base64url, no padding: 66 characters
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/result.h"
#include "base/view.h"

enum { TOKEN_TEXT_MAX = 72, TOKEN_USER_TEXT_BYTES = 27 };

struct token_key {
    uint8_t bytes[32];
};

struct token_claims {
    uint8_t user[16];
    int64_t joined_ms; /* when the user first came */
    int64_t issued_ms; /* when this token was made */
    bool is_drawn;     /* a new user, of whom nobody has heard: not from a token */
};

enum token_verdict { TOKEN_RIGHT, TOKEN_OUTDATED, TOKEN_WRONG };

void token_sign(const struct token_key *key, const struct token_claims *claims, char out[TOKEN_TEXT_MAX]);
/* `*out_claims` is set only where the token is right. The MAC is compared in constant time. */
enum token_verdict token_read(const struct token_key *key, struct view text, int64_t now_ms, int64_t valid_ms,
                              struct token_claims *out_claims);
/* The user's id as text: 26 characters of lower-case base32 and a NUL. */
void token_user_text(const uint8_t user[16], char out[TOKEN_USER_TEXT_BYTES]);
/* The way back. False: it is no such text. */
bool token_user_read(struct view text, uint8_t out_user[16]);

/* Reads the key from the file `secret` in the folder, or draws it and writes it there (0600, durably) when there is
 * none. Blocks on the disk. On failure one diag line has said why and what to do: RESULT_REFUSED (others can read it,
 * or we cannot), RESULT_INVALID (it is no key), RESULT_NOT_FOUND (no such folder), RESULT_FAILED. */
enum result token_key_load(const char *folder, struct token_key *out_key) MUST_USE;
