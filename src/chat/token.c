/* SPDX-License-Identifier: Apache-2.0 */
#include "chat/token.h"

#include <sodium.h>
#include <stdio.h>

#include "base/base64.h"
#include "base/diag.h"
#include "os/file.h"
#include "os/random.h"

enum {
    VERSION = 1,
    SIGNED_BYTES = 1 + 16 + 8 + 8,
    MAC_BYTES = 16,
    TOKEN_BYTES = SIGNED_BYTES + MAC_BYTES,
    PATH_BYTES_MAX = 4096,
};

static void put_time(uint8_t *out, int64_t time)
{
    for (int i = 0; i < 8; i++)
        out[i] = (uint8_t)((uint64_t)time >> (8 * (7 - i)));
}

static int64_t get_time(const uint8_t *at)
{
    uint64_t time = 0;

    for (int i = 0; i < 8; i++)
        time = time << 8 | at[i];
    return (int64_t)time;
}

static void mac_of(const struct token_key *key, const uint8_t *bytes, uint8_t out[MAC_BYTES])
{
    crypto_generichash(out, MAC_BYTES, bytes, SIGNED_BYTES, key->bytes, sizeof key->bytes);
}

void token_sign(const struct token_key *key, const struct token_claims *claims, char out[TOKEN_TEXT_MAX])
{
    uint8_t bytes[TOKEN_BYTES];

    bytes[0] = VERSION;
    memcpy(bytes + 1, claims->user, 16);
    put_time(bytes + 17, claims->joined_ms);
    put_time(bytes + 25, claims->issued_ms);
    mac_of(key, bytes, bytes + SIGNED_BYTES);
    base64_encode(BASE64_URL, view_of(bytes, sizeof bytes), out);
}

enum token_verdict token_read(const struct token_key *key, struct view text, int64_t now_ms, int64_t valid_ms,
                              struct token_claims *out_claims)
{
    uint8_t bytes[TOKEN_BYTES], mac[MAC_BYTES];

    if (!base64_decode(BASE64_URL, text, bytes, sizeof bytes) || bytes[0] != VERSION)
        return TOKEN_WRONG;
    mac_of(key, bytes, mac);
    if (sodium_memcmp(mac, bytes + SIGNED_BYTES, MAC_BYTES) != 0)
        return TOKEN_WRONG;
    int64_t issued_ms = get_time(bytes + 25);
    if (now_ms - issued_ms > valid_ms)
        return TOKEN_OUTDATED;
    memcpy(out_claims->user, bytes + 1, 16);
    out_claims->joined_ms = get_time(bytes + 17);
    out_claims->issued_ms = issued_ms;
    out_claims->is_drawn = false;
    return TOKEN_RIGHT;
}

void token_user_text(const uint8_t user[16], char out[TOKEN_USER_TEXT_BYTES])
{
    static const char digits[] = "abcdefghijklmnopqrstuvwxyz234567";
    uint32_t bits = 0;
    int count = 0, at = 0;

    for (int i = 0; i < 16; i++) {
        bits = bits << 8 | user[i];
        for (count += 8; count >= 5; count -= 5)
            out[at++] = digits[bits >> (count - 5) & 31];
    }
    out[at++] = digits[bits << (5 - count) & 31];
    out[at] = 0;
}

bool token_user_read(struct view text, uint8_t out_user[16])
{
    char again[TOKEN_USER_TEXT_BYTES];
    uint32_t bits = 0;
    int count = 0, at = 0;

    if (text.size != TOKEN_USER_TEXT_BYTES - 1)
        return false;
    for (size_t i = 0; i < text.size; i++) {
        uint8_t byte = text.at[i];
        uint32_t digit = byte >= 'a' && byte <= 'z' ? (uint32_t)(byte - 'a') : (uint32_t)(byte - '2' + 26) & 31;
        bits = bits << 5 | digit;
        count += 5;
        if (count >= 8 && at < 16) {
            count -= 8;
            out_user[at++] = (uint8_t)(bits >> count);
        }
    }
    /* Bytes that are no digits, and bits that no id has, give another text. */
    token_user_text(out_user, again);
    return memcmp(again, text.at, text.size) == 0;
}

/* The first start. Whoever was here before the file went is somebody new from now on, so it is told. */
static enum result draw_key(const char *path, struct token_key *out_key)
{
    struct token_key key;

    os_random_bytes(key.bytes, sizeof key.bytes);
    enum result result = os_file_write_new(path, view_of(key.bytes, sizeof key.bytes));
    if (result == RESULT_OK) {
        *out_key = key;
        diag(DIAG_INFO, "secret.made", "file", path, "advice", "keep it with the backups: guests are known by it",
             NULL);
    } else {
        diag(DIAG_ERROR, "secret.not_written", "file", path, "reason", result_text(result), "advice",
             "the data folder must be writable for the server's user", NULL);
    }
    sodium_memzero(&key, sizeof key);
    return result;
}

static enum result read_key(const char *path, struct token_key *out_key)
{
    struct builder content;

    builder_init(&content, 4096);
    enum result result = os_file_read(path, &content);
    if (result == RESULT_FULL || (result == RESULT_OK && content.size != sizeof out_key->bytes))
        result = RESULT_INVALID;
    if (result == RESULT_OK)
        memcpy(out_key->bytes, content.at, sizeof out_key->bytes);
    else
        diag(DIAG_ERROR, "secret.not_read", "file", path, "reason", result_text(result), "advice",
             "restore it from a backup, or remove it: then every guest is somebody new", NULL);
    if (content.size > 0)
        sodium_memzero(content.at, content.size);
    builder_done(&content);
    return result;
}

enum result token_key_load(const char *folder, struct token_key *out_key)
{
    static const char name[] = "/secret";
    char path[PATH_BYTES_MAX];

    if (strlen(folder) + sizeof name > sizeof path) {
        diag(DIAG_ERROR, "secret.not_read", "reason", "the path of the data folder is too long", "advice",
             "choose one of less than 4,000 bytes", NULL);
        return RESULT_FAILED;
    }
    (void)snprintf(path, sizeof path, "%s%s", folder, name);
    enum result result = os_file_check_private(path);
    switch (result) {
    case RESULT_NOT_FOUND: return draw_key(path, out_key);
    case RESULT_OK: return read_key(path, out_key);
    case RESULT_REFUSED:
        diag(DIAG_ERROR, "secret.not_private", "file", path, "advice",
             "it must belong to the server's user and be readable by nobody else: chown it, then chmod 600", NULL);
        return result;
    default:
        diag(DIAG_ERROR, "secret.not_read", "file", path, "reason", result_text(result), "advice",
             "the data folder must be readable for the server's user", NULL);
        return result;
    }
}
