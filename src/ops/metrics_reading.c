/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/metrics_reading.h"

#include <stddef.h>
#include <string.h>

static const struct {
    const char *name, *worry;
} readings[] = {
    {"accepted", "When it is not the sum of connections and ended: a leak; please report it."},
    {"connections",
     "When it nears `connections.max`, or `request` and `tls` stay high: somebody opens and says nothing."},
    {"ended", "When `slow`, `heartbeat`, `protocol_error`, `internal` or `no_memory` rise: see `natter top`, pane 3."},
    {"accept_pauses", "When it rises: raise LimitNOFILE."},
    {"upgrades_refused",
     "When it rises with upgrades standing still: a proxy is misconfigured; `natter doctor` says how."},
    {"upgrades_put_off", "In a storm of returns only; when always, raise `connections.upgrade_rate`."},
    {"forwarded_missing", "When it rises: a proxy does not say who its clients are, and all count as one address."},
    {"tls_handshakes",
     "When it rises much faster than tls_resumed: clients cannot resume, and each costs a millisecond."},
    {"tls_put_off", "In a storm of returns only; when always, handshakes need more cores."},
    {"feed_lapped", "When it rises steadily: readers cannot follow; see `natter top` by `laps`."},
    {"feed_lapped_events", "As feed_lapped."},
    {"feed_bytes", "When it nears rooms times `feed.max`: many rooms have slow readers."},
    {"silence_cuts", "When it rises by itself: proxies or networks cut silent connections."},
    {"silence_deaf", "When it rises: ways die in one direction; mostly sleeping phones."},
    {"silence_learned", "Each time is a proxy that cuts too soon: raise its timeout."},
    {"silence_paths", "As silence_learned."},
    {"silence_heartbeat_seconds", "When it is near `connection.heartbeat_floor`: raise that proxy's timeout."},
    {"writes_blocked", "When it rises as fast as deliveries: the network out is full."},
    {"outbox_overflows", "When it rises: clients ask for more than they read."},
    {"reading_paused", "When it rises: clients send faster than the store answers."},
    {"slow_turns", "When it rises: a loop was held up; the log's loop.slow has the whole turn."},
    {"slow_batches", "When it rises: the disk is slow."},
    {"commits_failed", "At once: the disk is full or fails. Nothing is lost, and nothing is taken."},
    {"events_refused", "As commits_failed."},
    {"store_jobs_refused", "When it rises: more `store.readers`, or a faster disk."},
    {"wal_bytes", "When it is far above `store.wal_max`: a reader holds an old snapshot, or checkpoints fail."},
    {"recent_bytes", "When it stays at `store.recent_total`: joins of quiet rooms read the disk."},
    {"replays_truncated", "When it rises: people are away longer than `chat.history_events_max` holds."},
    {"errors", "When `internal` or `busy` rise."},
    {"input_errors", "When they rise for one release of a client: it has a fault."},
    {"rate_limited", "When it rises: somebody floods, or the rates are too narrow for your people."},
    {"rate_limited_address", "When it rises: many behind one address; name the proxy in trusted_proxies."},
    {"busy", "At once: the store does not keep up."},
    {"tokens_wrong", "When it rises: somebody guesses, or the secret was lost with a restore."},
    {"origins_refused", "When it rises: a page of yours is missing in chat.origins."},
    {"last_saw", "When `probe` or `silent` rise: ways die without a word; see `natter top`, pane 3."},
    {"doctor_reports_refused", "When it rises: somebody asks without end."},
    {"doctor_talks_refused", "As doctor_reports_refused."},
    {"commit_seconds", "When its 99th percentile is above 0.1 s for minutes: the disk is slow or shared."},
    {"turn_seconds", "When its 99th percentile is above 0.01 s: the cores are busy."},
    {"batch_seconds", "As commit_seconds."},
    {"slowest_turn_seconds", "When a shard's is above 0.1 s: please report it."},
    {"turn_at_work_seconds", "When it is above 1 s: the loop is stuck; the log says loop.stuck."},
    {"queue_letters", "When it stays high: the receiver does not keep up."},
    {"handovers", "When `failed` rises: the log's handover.failed says why; the old process serves as before."},
    {"handover_pause_seconds", "When it is above 1 s: the disk is slow, or the cores were busy."},
    {"handover_connections", "When `farewell` or `left` are most of them: who is behind TLS of ours is sent away."},
    {"store_healthy", "At once when 0: the disk is full or fails."},
    {"process_resident_memory_bytes", "When it rises while connections and rooms do not."},
    {"process_open_fds", "When it is far above the connections: a leak; please report it."},
};

const char *metrics_worry(const char *name)
{
    for (size_t i = 0; i < sizeof readings / sizeof *readings; i++) {
        if (strcmp(readings[i].name, name) == 0)
            return readings[i].worry;
    }
    return "Never by itself: it says how much there is to do.";
}

static int ends_with(const char *name, const char *end)
{
    size_t size = strlen(name), end_size = strlen(end);

    return size >= end_size && strcmp(name + size - end_size, end) == 0;
}

const char *metrics_unit(const char *name)
{
    if (ends_with(name, "_seconds") || ends_with(name, "_seconds_total"))
        return "s";
    return ends_with(name, "_bytes") || strncmp(name, "bytes_", 6) == 0 ? "bytes" : "";
}
