/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/secure.h"

#include "base/diag.h"
#include "os/clock.h"

enum { TEXT_BYTES_MAX = 4096 };

static bool wants_tls(const struct config *config)
{
    for (size_t i = 0; i < config->listen_count; i++) {
        if (config->listen[i].is_tls)
            return true;
    }
    return false;
}

static enum result load(const struct config *config, const char *success, const char *failure, struct tls **out_tls)
{
    struct builder text;

    builder_init(&text, TEXT_BYTES_MAX);
    enum result result = tls_new(&config->tls, out_tls, &text);
    if (result == RESULT_OK)
        tls_describe(*out_tls, &text);
    builder_add_byte(&text, 0);
    const char *shown = builder_ok(&text) ? (const char *)text.at : "";
    if (result == RESULT_OK)
        diag(DIAG_INFO, success, "certificates", shown, NULL);
    else
        diag(DIAG_ERROR, failure, "reason", shown[0] ? shown : result_text(result), NULL);
    builder_done(&text);
    return result;
}

enum result secure_open(struct secure *secure, const struct config *config)
{
    *secure = (struct secure){.config = config};
    if (!wants_tls(config))
        return RESULT_OK;
    for (int i = 0; i < TLS_TICKET_KEYS; i++)
        tls_tickets_rotate(&secure->tickets);
    secure->rotated_ms = os_clock_monotonic_ms();
    return load(config, "tls.ready", "tls.failed", &secure->tls);
}

void secure_reload(struct secure *secure, struct shard *const *shards, size_t shard_count)
{
    struct tls *fresh;

    if (!secure->tls)
        return;
    if (load(secure->config, "tls.reloaded", "tls.reload_failed", &fresh) != RESULT_OK) {
        diag(DIAG_WARNING, "tls.kept", "advice",
             "the certificates that were in use stay; repair the files and send SIGHUP", NULL);
        return;
    }
    for (size_t i = 0; i < shard_count; i++)
        shard_post_tls(shards[i], tls_ref(fresh));
    tls_unref(secure->tls);
    secure->tls = fresh;
}

uint64_t secure_turn(struct secure *secure, struct shard *const *shards, size_t shard_count)
{
    uint64_t period_ms = secure->config->tickets_ms;
    uint64_t now_ms = os_clock_monotonic_ms();

    if (!secure->tls)
        return UINT64_MAX;
    if (now_ms - secure->rotated_ms < period_ms)
        return period_ms - (now_ms - secure->rotated_ms);
    secure->rotated_ms = now_ms;
    tls_tickets_rotate(&secure->tickets);
    for (size_t i = 0; i < shard_count; i++) {
        if (shard_post_tickets(shards[i], &secure->tickets) != RESULT_OK)
            diag(DIAG_WARNING, "tls.tickets_kept", "reason", "no memory",
                 NULL); /* that shard goes on with the old ones */
    }
    return period_ms;
}

void secure_done(struct secure *secure)
{
    tls_unref(secure->tls);
    secure->tls = NULL;
    OPENSSL_cleanse(&secure->tickets, sizeof secure->tickets);
}
