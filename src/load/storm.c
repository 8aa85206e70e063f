/* SPDX-License-Identifier: Apache-2.0 */
#include "load/storm.h"

#include <stdlib.h>

void storm_begin(struct worker *worker)
{
    check(!worker->is_returning);
    worker->storms++;
    worker->storm_ns = worker->now_ns;
    worker->opened = worker->publisher_count;
    worker->opening = 0;
    worker->ready_ns = 0;
    worker->is_returning = true;
    for (uint64_t index = worker->publisher_count; index < worker->client_count; index++)
        if (worker->clients[index].state == CLIENT_READY)
            client_drop(worker, &worker->clients[index]);
}

void storm_keep_token(struct worker *worker, struct client *client, struct view token)
{
    if (worker->shared->options->storms == 0 || token.size == 0 || client->publisher != NULL || client->token != NULL)
        return;
    client->token = malloc(token.size + 1);
    if (client->token == NULL) {
        worker_fail(worker, "memory is out: ask for fewer connections");
        return;
    }
    memcpy(client->token, token.at, token.size);
    client->token[token.size] = '\0';
}

void storm_keep_epoch(struct worker *worker, const struct client *client, struct view epoch)
{
    if (worker->epochs == NULL)
        return;
    struct load_epoch *kept = &worker->epochs[client->room];
    if (kept->text[0] == '\0' && epoch.size < sizeof(kept->text))
        memcpy(kept->text, epoch.at, epoch.size);
}

void storm_add_place(const struct worker *worker, const struct client *client, struct builder *join)
{
    const char *epoch = worker->epochs[client->room].text;
    if (epoch[0] != '\0')
        builder_format(join, "\"epoch\":\"%s\",", epoch);
    builder_format(join, "\"after\":%llu", (unsigned long long)client->stream.last);
}

void storm_check_answer(struct worker *worker, struct client *client, struct view epoch, bool is_truncated,
                        uint64_t first_seq)
{
    if (!view_equal(epoch, view_of_string(worker->epochs[client->room].text)))
        worker->ledger.mismatched++; /* another life of the log: what was seen before means nothing any more */
    if (!is_truncated)
        return;
    worker->truncated++;
    if (first_seq > client->stream.last + 1)
        ledger_gap(&worker->ledger, &client->stream, client->stream.last + 1, first_seq - 1);
}

void storm_returned(struct worker *worker)
{
    counter_add(&worker->returned, 1);
    histogram_add(&worker->returns, worker->now_ns - worker->storm_ns);
}
