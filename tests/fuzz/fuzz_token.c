/* SPDX-License-Identifier: Apache-2.0 */
/* A guest's token: what we signed is read as it was, until it is too old; a text that differs from it in anything is
 * wrong, whatever it holds; and bytes from outside are never right. */
#include "chat/token.h"

#include "fuzz.h"

enum { VALID_MS = 1000 * 1000 };

static const struct token_key key = {{1, 2, 3, 4, 5, 6, 7, 8}};

/* The input's first bytes are the claims, the others change the text: a place and what is laid over it. */
static void check_signed(struct view input)
{
    struct token_claims claims = {0}, read = {0};
    char text[TOKEN_TEXT_MAX];

    memcpy(claims.user, input.at, sizeof claims.user);
    memcpy(&claims.joined_ms, input.at + 16, 5);
    memcpy(&claims.issued_ms, input.at + 21, 5);
    token_sign(&key, &claims, text);
    struct view whole = view_of_string(text);

    check(token_read(&key, whole, claims.issued_ms, VALID_MS, &read) == TOKEN_RIGHT);
    check(memcmp(read.user, claims.user, sizeof read.user) == 0);
    check(read.joined_ms == claims.joined_ms && read.issued_ms == claims.issued_ms);
    check(token_read(&key, whole, claims.issued_ms + VALID_MS + 1, VALID_MS, &read) == TOKEN_OUTDATED);

    struct view changed = fuzz_copy(whole);

    for (input = view_skip(input, 26); input.size >= 2; input = view_skip(input, 2))
        ((uint8_t *)(uintptr_t)changed.at)[input.at[0] % changed.size] ^= input.at[1];
    enum token_verdict verdict = token_read(&key, changed, claims.issued_ms, VALID_MS, &read);

    check(verdict == (view_equal(changed, whole) ? TOKEN_RIGHT : TOKEN_WRONG));
    fuzz_free(changed);
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t size)
{
    struct view text = fuzz_copy(view_of(at, size));
    struct token_claims claims;

    check(token_read(&key, text, 0, VALID_MS, &claims) == TOKEN_WRONG);
    if (size >= 26)
        check_signed(text);
    fuzz_free(text);
    return 0;
}
