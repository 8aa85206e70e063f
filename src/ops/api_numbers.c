/* SPDX-License-Identifier: Apache-2.0 */
/* /api/v1/overview, loops and commits: what counters say, which any thread may read. */
#include "ops/api.h"
#include "ops/loops.h"
#include "os/clock.h"
#include "os/thread.h"

#define NS_PER_MS 1e6

static uint64_t sum_of(const struct api *api, size_t offset)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < api->sources->shard_count; i++) {
        const uint8_t *base = (const uint8_t *)shard_counters(api->sources->shards[i]);
        sum += counter_get((const struct counter *)(const void *)(base + offset));
    }
    return sum;
}

#define SUM(member) sum_of(api, offsetof(struct shard_counters, member))

static void put_connections(struct api *api)
{
    api_open(api->out, "connections", '{');
    for (int state = 0; state < CONN_ENDED; state++)
        api_put_number(api->out, conn_state_label((enum conn_state)state),
                       sum_of(api, offsetof(struct shard_counters, live) + (size_t)state * sizeof(struct counter)));
    api_shut(api->out, '}');
    api_put_number(api->out, "accepted", SUM(accepted));
    api_open(api->out, "ended", '{');
    for (int reason = 0; reason < END_REASON_COUNT; reason++)
        api_put_number(api->out, end_reason_label((enum end_reason)reason),
                       sum_of(api, offsetof(struct shard_counters, ended) + (size_t)reason * sizeof(struct counter)));
    api_shut(api->out, '}');
}

static void put_traffic(struct api *api)
{
    api_put_number(api->out, "messages_in", SUM(messages_in));
    api_put_number(api->out, "deliveries", SUM(deliveries));
    api_put_number(api->out, "bytes_in", SUM(bytes_in));
    api_put_number(api->out, "bytes_out", SUM(bytes_out));
    api_put_number(api->out, "laps", SUM(lapped));
    api_put_number(api->out, "writes_blocked", SUM(writes_blocked));
    api_put_number(api->out, "feed_bytes", SUM(feed_bytes));
    api_put_number(api->out, "subscriptions", SUM(subscriptions));
}

static void put_milliseconds(struct api *api, const char *name, uint64_t ns)
{
    api_put_real(api->out, name, (double)ns / NS_PER_MS);
}

static void put_commit_times(struct api *api)
{
    const struct store_counters *store = store_counters(api->sources->store);

    api_put_number(api->out, "count", counter_get(&store->commits));
    api_put_number(api->out, "failed", counter_get(&store->commits_failed));
    api_put_number(api->out, "events", counter_get(&store->appended));
    put_milliseconds(api, "p50_ms", histogram_quantile(&store->commit_ns, 0.5));
    put_milliseconds(api, "p99_ms", histogram_quantile(&store->commit_ns, 0.99));
    put_milliseconds(api, "max_ms", counter_get(&store->commit_ns.max));
    api_put_number(api->out, "events_p50", histogram_quantile(&store->commit_events, 0.5));
    api_put_number(api->out, "events_max", counter_get(&store->commit_events.max));
}

static void put_store(struct api *api)
{
    const struct store_counters *store = store_counters(api->sources->store);

    put_commit_times(api);
    api_put_number(api->out, "batches", counter_get(&store->batches));
    api_put_number(api->out, "duplicates", counter_get(&store->duplicates));
    api_put_number(api->out, "refused", counter_get(&store->refused));
    api_put_number(api->out, "waiting", store_queue_count(api->sources->store));
    api_put_number(api->out, "wal_bytes", counter_get(&store->wal_bytes));
    api_put_number(api->out, "checkpoints", counter_get(&store->checkpoints));
    api_put_bool(api->out, "healthy", store_is_healthy(api->sources->store));
}

static uint64_t slow_turns(const struct api *api)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < api->sources->shard_count; i++)
        sum += turns_slow_count(&shard_counters(api->sources->shards[i])->turns);
    return sum;
}

void api_overview(struct api *api)
{
    const struct hub_counters *hub = chat_hub_counters(api->sources->chat);

    api_open(api->out, NULL, '{');
    api_put_text(api->out, "version", VIEW(NATTER_VERSION));
    api_put_signed(api->out, "at", os_clock_wall_ms());
    api_put_number(api->out, "uptime_ms", os_clock_monotonic_ms() - api->sources->started_ms);
    api_put_bool(api->out, "ready", api->sources->is_ready(api->sources->context));
    api_put_number(api->out, "memory_bytes", os_memory_resident_bytes());
    api_put_number(api->out, "cpu_ms", os_process_cpu_ms());
    api_put_number(api->out, "descriptors", os_descriptor_count());
    api_put_number(api->out, "shards", api->sources->shard_count);
    put_connections(api);
    put_traffic(api);
    api_put_number(api->out, "users", counter_get(&hub->users));
    api_put_number(api->out, "rooms", counter_get(&hub->rooms));
    api_put_number(api->out, "joins", counter_get(&hub->joins));
    api_put_number(api->out, "resumes", counter_get(&hub->resumes));
    api_put_number(api->out, "slow_turns", slow_turns(api));
    api_open(api->out, "commits", '{');
    put_store(api);
    api_shut(api->out, '}');
    api_shut(api->out, '}');
}

void api_commits(struct api *api)
{
    const struct store_counters *store = store_counters(api->sources->store);
    static const double quantiles[] = {0.5, 0.9, 0.99, 0.999, 1};

    api_open(api->out, NULL, '{');
    put_store(api);
    api_open(api->out, "times", '[');
    for (size_t i = 0; i < sizeof quantiles / sizeof *quantiles; i++) {
        api_open(api->out, NULL, '{');
        api_put_real(api->out, "quantile", quantiles[i]);
        put_milliseconds(api, "commit_ms", histogram_quantile(&store->commit_ns, quantiles[i]));
        api_put_number(api->out, "events", histogram_quantile(&store->commit_events, quantiles[i]));
        put_milliseconds(api, "batch_ms", histogram_quantile(&store->batch_turns.ns, quantiles[i]));
        api_shut(api->out, '}');
    }
    api_shut(api->out, ']');
    api_shut(api->out, '}');
}

static void put_turn(struct api *api, const char *name, const struct loop *loop, const struct turn_kept *kept)
{
    struct turn turn;

    if (!turn_kept_read(kept, &turn)) {
        api_put_null(api->out, name);
        return;
    }
    api_open(api->out, name, '{');
    put_milliseconds(api, "ms", turn.total_ns);
    api_open(api->out, "phases_ms", '{');
    for (unsigned phase = 0; phase < loop->phase_count; phase++)
        put_milliseconds(api, loop->phase_label(phase), turn.phase_ns[phase]);
    api_shut(api->out, '}');
    api_open(api->out, "work", '{');
    for (unsigned work = 0; work < loop->work_count; work++)
        api_put_number(api->out, loop->work_label(work), turn.work[work]);
    api_shut(api->out, '}');
    api_shut(api->out, '}');
}

static void put_loop(struct api *api, size_t index)
{
    struct loop loop = loop_at(api->sources, index);
    const struct turns *turns = loop.turns;
    unsigned phase = 0;

    api_open(api->out, NULL, '{');
    api_put_text(api->out, "loop", view_of_string(loop.name));
    api_put_bool(api->out, "may_block", loop.may_block);
    api_put_number(api->out, "turns", counter_get(&turns->count));
    put_milliseconds(api, "p50_ms", histogram_quantile(&turns->ns, 0.5));
    put_milliseconds(api, "p99_ms", histogram_quantile(&turns->ns, 0.99));
    put_milliseconds(api, "max_ms", counter_get(&turns->ns.max));
    put_milliseconds(api, "busy_ms", counter_get(&turns->ns.sum));
    api_put_number(api->out, "slow", turns_slow_count(turns));
    put_milliseconds(api, "slow_from_ms", turns->limit_ns);
    put_milliseconds(api, "at_work_ms", turns_at_work_ns(turns, os_clock_monotonic_ns(), &phase));
    api_put_number(api->out, "waiting",
                   index < api->sources->shard_count ? shard_mailbox_count(api->sources->shards[index])
                                                     : store_queue_count(api->sources->store));
    put_turn(api, "worst", &loop, &turns->worst);
    put_turn(api, "newest_slow", &loop, &turns->newest);
    api_shut(api->out, '}');
}

void api_loops(struct api *api)
{
    api_open(api->out, NULL, '{');
    api_open(api->out, "loops", '[');
    for (size_t i = 0; i < loop_count(api->sources); i++)
        put_loop(api, i);
    api_shut(api->out, ']');
    api_shut(api->out, '}');
}
