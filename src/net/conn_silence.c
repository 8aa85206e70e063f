/* SPDX-License-Identifier: Apache-2.0 */
/* The heartbeat of a connection, as its paths need it: through a trusted proxy it has two, the proxy and the client's
 * network behind it. How they end is what net/silence learns from. */
#include "net/shard_inside.h"

#include "base/diag.h"

enum { SILENCE_LINES_MS = 10000 /* between two lines of the log */ };

/* Connections keep the number of their proxy, in four bits; of those beyond the last number nothing is learned. */
void conn_meet_proxy(struct conn *conn, const uint8_t address[IP_BYTES])
{
    struct shard *shard = conn_shard(conn);
    uint8_t number = 0;

    while (number < shard->proxy_count && memcmp(shard->proxies[number], address, IP_BYTES) != 0)
        number++;
    if (number == SHARD_PROXIES_MAX)
        return;
    if (number == shard->proxy_count) {
        memcpy(shard->proxies[number], address, IP_BYTES);
        shard->proxy_count++;
    }
    conn->proxy = (number + 1u) & 15u; /* as wide as the field */
}

static size_t paths_of(const struct conn *conn, struct silence_key out_keys[2])
{
    size_t count = 0;

    if (conn->proxy > 0)
        out_keys[count++] = silence_key_of_proxy(conn_shard(conn)->proxies[conn->proxy - 1]);
    if (conn->is_counted && (!conn->is_proxied || conn->is_client_told))
        out_keys[count++] = silence_key_of_client(conn->address.bytes);
    return count;
}

uint32_t conn_heartbeat_ms(const struct conn *conn)
{
    struct shard *shard = conn_shard(conn);
    uint32_t least_ms = shard->options.heartbeat_ms;
    struct silence_key keys[2];

    if (shard->silence.used_count == 0)
        return least_ms;
    size_t count = paths_of(conn, keys);
    for (size_t i = 0; i < count; i++) {
        uint32_t interval_ms =
            silence_interval(&shard->silence, &keys[i], shard->now_ms, conn->slot % SHARD_PROBE_EACH == 0);
        if (interval_ms < least_ms)
            least_ms = interval_ms;
    }
    return least_ms;
}

static struct silence_ages ages_of(const struct conn *conn)
{
    uint32_t now = shard_clock(conn_shard(conn));
    uint32_t heard_ms = now - conn->heard_ms, sent_ms = now - conn->progress_ms;

    return (struct silence_ages){{heard_ms, sent_ms < heard_ms ? sent_ms : heard_ms}};
}

void shard_show_silence(struct shard *shard)
{
    struct silence_lesson lessons[SILENCE_LESSONS_MAX];
    uint64_t words[SHARD_LESSON_WORDS];
    uint32_t shortest_ms;

    counter_set(&shard->counters.silence_paths, silence_learned_count(&shard->silence, &shortest_ms));
    counter_set(&shard->counters.silence_ms, shortest_ms);
    memset(lessons, 0, sizeof lessons); /* what stays behind the last is no lesson */
    (void)silence_list(&shard->silence, lessons);
    static_assert(sizeof words == sizeof lessons, "a lesson consists of words");
    memcpy(words, lessons, sizeof words);
    snapshot_write(&shard->lessons, words);
}

size_t shard_lessons(const struct shard *shard, struct silence_lesson out_lessons[SILENCE_LESSONS_MAX])
{
    uint64_t words[SHARD_LESSON_WORDS];
    size_t count = 0;

    if (!snapshot_read(&shard->lessons, words))
        return 0;
    memcpy(out_lessons, words, sizeof words);
    while (count < SILENCE_LESSONS_MAX && out_lessons[count].interval_ms > 0)
        count++;
    return count;
}

/* Those who are silent for long already are asked in this turn or the next, before they are cut as well. */
static void wake_all(struct shard *shard)
{
    for (uint32_t i = 0; i < shard->registry_used; i++) {
        const struct conn *conn = shard->registry[i].conn;
        if (conn && conn->state == CONN_OPEN && !conn->is_aside)
            shard->registry[i].deadline_ms = shard_clock(shard);
    }
    shard->sweep_ms = shard->now_ms;
}

static void tell_learned(struct shard *shard, const struct silence_key *key, uint32_t interval_ms)
{
    struct os_address address = {.port = 0};
    char text[64];

    if (interval_ms == 0)
        return;
    counter_add(&shard->counters.silence_learned, 1);
    shard_show_silence(shard);
    wake_all(shard);
    if (shard->now_ms < shard->silence_line_ms)
        return;
    shard->silence_line_ms = shard->now_ms + SILENCE_LINES_MS;
    memcpy(address.bytes, key->address, IP_BYTES);
    diag(DIAG_WARNING, "silence.learned", "path", key->is_proxy ? "proxy" : "clients", "address",
         diag_format("%s%s", os_address_format(&address, false, text),
                     key->is_proxy            ? ""
                     : ip_is_4(address.bytes) ? "/24"
                                              : "/48"),
         "ping_every_ms", diag_number(interval_ms), "reason",
         "connections on this path kept ending without a Close after the same time of silence; they are pinged in time "
         "now",
         "advice", "raise the proxy's timeout for idle connections, or lower connection.heartbeat", "read",
         "docs/design/heartbeat.md", NULL);
}

void conn_silence_ended(struct conn *conn)
{
    struct shard *shard = conn_shard(conn);
    struct silence_ages ages = ages_of(conn);
    struct silence_key keys[2];

    if (conn->is_aside || conn->is_draining || conn->is_blocked)
        return;
    if (conn->is_ping_sent) {
        conn_silence_deaf(conn);
        return;
    }
    if (ages.ms[SILENCE_OF_CLIENT] < shard->silence.floor_ms)
        return;
    counter_add(&shard->counters.silence_cuts, 1);
    size_t count = paths_of(conn, keys);
    for (size_t i = 0; i < count; i++)
        tell_learned(shard, &keys[i], silence_cut(&shard->silence, &keys[i], shard->now_ms, &ages));
}

/* After how long a silence its ping went out, and not what the path's heartbeat is by now: of a crowd that is lost at
 * once, the first few change that, and what the others prove is the same as before. If more was sent after the ping
 * this is too long, and proves less than it might. */
static uint32_t pinged_after_ms(const struct conn *conn)
{
    uint32_t heartbeat_ms = conn_shard(conn)->options.heartbeat_ms;
    uint32_t after_ms = conn->progress_ms - conn->heard_ms;

    return after_ms < heartbeat_ms ? after_ms : heartbeat_ms;
}

void conn_silence_deaf(struct conn *conn)
{
    struct shard *shard = conn_shard(conn);
    uint32_t interval_ms = pinged_after_ms(conn);
    struct silence_key keys[2];

    if (!conn->is_quiet)
        return;
    counter_add(&shard->counters.silence_deaf, 1);
    size_t count = paths_of(conn, keys);
    for (size_t i = 0; i < count; i++)
        tell_learned(shard, &keys[i], silence_deaf(&shard->silence, &keys[i], shard->now_ms, interval_ms));
}

void conn_silence_pinged(struct conn *conn)
{
    struct shard *shard = conn_shard(conn);
    struct silence_ages ages = ages_of(conn);
    struct silence_key keys[2];

    /* Quiet: for nearly as long nothing went out either, so that nothing kept the path awake. */
    conn->is_quiet = ages.ms[SILENCE_OF_BOTH] >= ages.ms[SILENCE_OF_CLIENT] - ages.ms[SILENCE_OF_CLIENT] / 10;
    if (shard->silence.used_count == 0 && counter_get(&shard->counters.silence_paths) == 0)
        return;
    size_t count = paths_of(conn, keys);
    for (size_t i = 0; i < count; i++)
        silence_survived(&shard->silence, &keys[i], &ages);
    shard_show_silence(shard);
}

void conn_silence_answered(struct conn *conn)
{
    struct shard *shard = conn_shard(conn);
    struct silence_key keys[2];

    conn->is_ping_sent = false;
    if (!conn->is_quiet || shard->silence.used_count == 0)
        return;
    uint32_t interval_ms = conn_heartbeat_ms(conn);
    size_t count = paths_of(conn, keys);
    for (size_t i = 0; i < count; i++)
        silence_answered(&shard->silence, &keys[i], interval_ms);
}
