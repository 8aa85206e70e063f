/* SPDX-License-Identifier: Apache-2.0 */
/* Notices in words: for the log, the operator's API, and visitors of the page. */
#include <assert.h>

#include "base/diag.h"
#include "ops/notices.h"
#include "os/socket.h"
#include "wire/json.h"

enum { LINE_BYTES_MAX = 400 };

static const struct {
    const char *word, *text, *advice, *public_text;
} notices_words[NOTICE_COUNT] = {
#define X(symbol, word, text, advice, public_text) {word, text, advice, public_text},
    NOTICES(X)
#undef X
};

const char *notice_word(enum notice notice)
{
    return notices_words[notice].word;
}

const char *notice_text(enum notice notice)
{
    return notices_words[notice].text;
}

const char *notice_advice(enum notice notice)
{
    return notices_words[notice].advice;
}

const char *notice_public_text(enum notice notice)
{
    return notices_words[notice].public_text;
}

void notice_write_address(const uint64_t words[2], bool is_network, struct builder *out)
{
    struct os_address address = {.port = 0};
    char text[64];

    static_assert(sizeof address.bytes == 2 * sizeof *words, "an address is two words");
    memcpy(address.bytes, words, sizeof address.bytes);
    if (words[0] == 0 && words[1] == 0) {
        builder_add_string(out, "a unix socket");
        return;
    }
    builder_add_string(out, os_address_format(&address, false, text));
    if (is_network)
        builder_add_string(out, ip_is_4(address.bytes) ? "/24" : "/48");
}

void notice_write_detail(const struct notice_state *state, struct builder *out)
{
    if (state->has_address)
        notice_write_address(state->address, state->is_network, out);
    switch ((enum notice_detail)state->detail) {
    case DETAIL_NONE: break;
    case DETAIL_HTTP_1_0: builder_add_string(out, " speaks HTTP/1.0"); break;
    case DETAIL_NO_UPGRADE: builder_add_string(out, " drops Upgrade"); break;
    case DETAIL_NO_CONNECTION: builder_add_string(out, " drops Connection: Upgrade"); break;
    case DETAIL_ASTRAY: builder_add_string(out, "the path of the WebSocket does not lead here"); break;
    case DETAIL_CUT:
        builder_format(out, " cuts after %.1f s of silence and is pinged after %.1f s", (double)state->number_ms / 1000,
                       (double)state->heartbeat_ms / 1000);
        break;
    case DETAIL_FORGOTTEN:
        builder_format(out, " forgets silent connections, nobody knows when, and is pinged after %.1f s",
                       (double)state->heartbeat_ms / 1000);
        break;
    case DETAIL_COUNT: break;
    }
}

static const char *level_of(const struct notice_state *state)
{
    return state->is_remark ? "remark" : "fault";
}

void notice_log(enum notice notice, const struct notice_state *state, bool is_up)
{
    struct builder detail;

    if (!is_up) {
        diag(DIAG_INFO, "notice.over", "notice", notice_word(notice), NULL);
        return;
    }
    builder_init(&detail, LINE_BYTES_MAX);
    notice_write_detail(state, &detail);
    builder_add_byte(&detail, 0);
    diag(state->is_remark ? DIAG_INFO : DIAG_WARNING, "notice", "notice", notice_word(notice), "kind", level_of(state),
         "detail", builder_ok(&detail) ? (const char *)detail.at : "", "count", diag_number((int64_t)state->count),
         "reason", notice_text(notice), "advice", notice_advice(notice), "read",
         diag_format("%s#%s", NOTICE_DOCS, notice_word(notice)), NULL);
    builder_done(&detail);
}

static void add_text(struct builder *out, const char *key, const char *text)
{
    builder_format(out, ",\"%s\":", key);
    json_add_string(out, view_of_string(text));
}

static void write_one(enum notice notice, const struct notice_state *state, struct builder *out)
{
    struct builder text;

    builder_format(out, "{\"notice\":\"%s\",\"level\":\"%s\",\"is_sure\":%s", notice_word(notice), level_of(state),
                   state->is_sure ? "true" : "false");
    builder_format(out, ",\"since\":%llu,\"last\":%llu,\"count\":%llu,\"raised\":%llu",
                   (unsigned long long)state->since_ms, (unsigned long long)state->last_ms,
                   (unsigned long long)state->count, (unsigned long long)state->raised);
    builder_init(&text, LINE_BYTES_MAX);
    notice_write_detail(state, &text);
    builder_add_string(out, ",\"detail\":");
    json_add_string(out, builder_view(&text));
    builder_done(&text);
    if (state->detail == DETAIL_CUT || state->detail == DETAIL_FORGOTTEN)
        builder_format(out, ",\"cuts_after_ms\":%llu,\"ping_every_ms\":%llu", (unsigned long long)state->number_ms,
                       (unsigned long long)state->heartbeat_ms);
    add_text(out, "text", notice_text(notice));
    add_text(out, "advice", notice_advice(notice));
    builder_format(out, ",\"cure\":\"%s#%s\",\"page\":\"%s#%s\"}", NOTICE_DOCS, notice_word(notice), NOTICE_PAGE,
                   notice_word(notice));
}

void notices_write(const struct notices *notices, struct builder *out)
{
    struct notice_state state;
    bool is_first = true;

    builder_add_byte(out, '[');
    for (enum notice notice = 0; notice < NOTICE_COUNT; notice++) {
        if (!notices_read(notices, notice, &state))
            continue;
        builder_add_string(out, is_first ? "" : ",");
        write_one(notice, &state, out);
        is_first = false;
    }
    builder_add_byte(out, ']');
}

void notice_write_public(enum notice notice, struct builder *out)
{
    builder_format(out, "{\"notice\":\"%s\",\"text\":", notice_word(notice));
    json_add_string(out, view_of_string(notice_public_text(notice)));
    builder_format(out, ",\"help\":\"%s#%s\"}", NOTICE_PAGE, notice_word(notice));
}

void notices_write_public(const struct notices *notices, struct builder *out)
{
    struct notice_state state;
    bool is_first = true;

    builder_add_byte(out, '[');
    for (enum notice notice = 0; notice < NOTICE_COUNT; notice++) {
        if (!notices_read(notices, notice, &state) || state.is_remark || !state.is_sure
            || !notice_public_text(notice)[0])
            continue;
        builder_add_string(out, is_first ? "" : ",");
        notice_write_public(notice, out);
        is_first = false;
    }
    builder_add_byte(out, ']');
}
