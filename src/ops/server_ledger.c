/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/server_ledger.h"

#include <stdlib.h>

#include "net/letters.h"
#include "os/clock.h"
#include "os/thread.h"

/* ---- asking the loops ---- */

/* What one shard says. */
struct shard_part {
    struct shard_call call;
    struct question *question;
    uint64_t accepted, gaps, gap_events;
    uint64_t live[CONN_ENDED];
    uint64_t ended[END_REASON_COUNT];
};

/* What the store says. */
struct store_part {
    struct hub_call call;
    struct question *question;
    uint64_t appended, duplicates, refused, commits, commits_failed;
    uint64_t acknowledged, settled, adopted, joins, resumes;
};

/* One round of asking; the asker has a reference, and so has each letter on its way: who gives up waiting leaves it to
 * those that answer late. */
struct question {
    const struct metrics_sources *sources;
    _Atomic size_t references;
    _Atomic size_t answers_missing;
    struct os_wakeup wakeup;
    struct store_part store;
    size_t shard_count; /* the operator's included */
    struct shard_part shards[];
};

static void question_unref(struct question *question)
{
    if (!question || atomic_fetch_sub(&question->references, 1) > 1)
        return;
    os_wakeup_done(&question->wakeup);
    free(question);
}

static void answered(struct question *question)
{
    if (atomic_fetch_sub(&question->answers_missing, 1) == 1)
        os_wakeup_signal(&question->wakeup);
    question_unref(question);
}

static void copy_shard(struct shard_part *part, const struct shard *shard)
{
    const struct shard_counters *counters = shard_counters(shard);

    part->accepted = counter_get(&counters->accepted);
    part->gaps = counter_get(&counters->lapped);
    part->gap_events = counter_get(&counters->lapped_events);
    for (int state = 0; state < CONN_ENDED; state++)
        part->live[state] = counter_get(&counters->live[state]);
    for (int reason = 0; reason < END_REASON_COUNT; reason++)
        part->ended[reason] = counter_get(&counters->ended[reason]);
}

static void answer_shard(struct shard_call *call, struct shard *shard)
{
    struct shard_part *part = (struct shard_part *)(void *)call;

    copy_shard(part, shard);
    answered(part->question);
}

static void answer_store(struct hub_call *call)
{
    struct store_part *part = (struct store_part *)(void *)call;
    const struct store_counters *store = store_counters(part->question->sources->store);
    const struct hub_counters *hub = chat_hub_counters(part->question->sources->chat);

    part->appended = counter_get(&store->appended);
    part->duplicates = counter_get(&store->duplicates);
    part->refused = counter_get(&store->refused);
    part->commits = counter_get(&store->commits);
    part->commits_failed = counter_get(&store->commits_failed);
    part->acknowledged = counter_get(&hub->acks);
    part->settled = counter_get(&hub->settled);
    part->adopted = counter_get(&hub->adopted);
    part->joins = counter_get(&hub->joins);
    part->resumes = counter_get(&hub->resumes);
    answered(part->question);
}

static struct question *question_new(const struct metrics_sources *sources)
{
    size_t count = sources->shard_count + (sources->ops ? 1 : 0);
    struct question *question = calloc(1, sizeof *question + count * sizeof(struct shard_part));

    if (!question)
        return NULL;
    if (os_wakeup_init(&question->wakeup) != RESULT_OK) {
        free(question);
        return NULL;
    }
    question->sources = sources;
    question->shard_count = count;
    atomic_init(&question->references, 1);
    for (size_t i = 0; i < count; i++)
        question->shards[i] = (struct shard_part){.call = {answer_shard}, .question = question};
    question->store = (struct store_part){.call = {answer_store}, .question = question};
    return question;
}

static void wait_for_answers(struct question *question)
{
    uint64_t end_ms = os_clock_monotonic_ms() + LEDGER_WAIT_MS;
    uint64_t now_ms;

    while (atomic_load(&question->answers_missing) > 0 && (now_ms = os_clock_monotonic_ms()) < end_ms)
        os_wakeup_wait(&question->wakeup, (int)(end_ms - now_ms));
}

/* NULL: no memory, or not all answered in time. The operator's own shard is the one that asks. */
static struct question *ask(const struct metrics_sources *sources)
{
    struct question *question = question_new(sources);
    size_t letters = sources->shard_count + 1;

    if (!question)
        return NULL;
    atomic_store(&question->answers_missing, letters);
    atomic_fetch_add(&question->references, letters);
    if (chat_post_call(sources->chat, &question->store.call) != RESULT_OK)
        question_unref(question); /* the letter's; the answer will be missed */
    for (size_t i = 0; i < sources->shard_count; i++)
        shard_post_call(sources->shards[i], &question->shards[i].call);
    if (sources->ops)
        copy_shard(&question->shards[sources->shard_count], sources->ops);
    mailboxes_send_signals(); /* they are held while a shard reads, as the operator's does now */
    wait_for_answers(question);
    if (atomic_load(&question->answers_missing) == 0)
        return question;
    question_unref(question);
    return NULL;
}

/* ---- adding up ---- */

static uint64_t sum_of(const uint64_t *numbers, size_t count)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < count; i++)
        sum += numbers[i];
    return sum;
}

static void add_shard(struct server_ledger *ledger, const struct shard_part *part)
{
    uint64_t live = sum_of(part->live, CONN_ENDED);
    uint64_t ended = sum_of(part->ended, END_REASON_COUNT);

    ledger->accepted += part->accepted;
    ledger->live += live;
    ledger->ended += ended;
    ledger->gaps += part->gaps;
    ledger->gap_events += part->gap_events;
    for (int state = 0; state < CONN_ENDED; state++)
        ledger->live_by_state[state] += part->live[state];
    for (int reason = 0; reason < END_REASON_COUNT; reason++)
        ledger->ended_by_reason[reason] += part->ended[reason];
    if (part->accepted != live + ended)
        ledger->has_balanced_shards = false;
}

static void add_store(struct server_ledger *ledger, const struct store_part *part)
{
    ledger->appended = part->appended;
    ledger->duplicates = part->duplicates;
    ledger->refused = part->refused;
    ledger->commits = part->commits;
    ledger->commits_failed = part->commits_failed;
    ledger->acknowledged = part->acknowledged;
    ledger->settled = part->settled;
    ledger->adopted = part->adopted;
    ledger->joins = part->joins;
    ledger->resumes = part->resumes;
    ledger->has_balanced_events = part->appended + part->duplicates
                                  == part->acknowledged + part->settled + part->adopted;
}

static struct server_ledger ledger_of(const struct question *question)
{
    struct server_ledger ledger = {.has_balanced_shards = true};

    for (size_t i = 0; i < question->shard_count; i++)
        add_shard(&ledger, &question->shards[i]);
    add_store(&ledger, &question->store);
    return ledger;
}

/* `before` and `ledger` were taken before and after the sockets were counted. */
static void compare_sockets(struct server_ledger *ledger, const struct server_ledger *before)
{
    uint64_t came = ledger->accepted - before->accepted;
    uint64_t went = ledger->ended - before->ended;

    ledger->is_exact = came == 0 && went == 0;
    ledger->sockets_least = before->live > went ? before->live - went : 0;
    ledger->sockets_most = before->live + came;
    ledger->has_balanced_sockets = ledger->sockets >= ledger->sockets_least && ledger->sockets <= ledger->sockets_most;
}

static enum result take_once(const struct metrics_sources *sources, struct server_ledger *out_ledger)
{
    struct question *question = ask(sources);

    if (!question)
        return RESULT_FAILED;
    struct server_ledger before = ledger_of(question);
    question_unref(question);
    uint64_t sockets = os_connection_count(sources->ports, sources->port_count);
    question = ask(sources);
    if (!question)
        return RESULT_FAILED;
    *out_ledger = ledger_of(question);
    question_unref(question);
    out_ledger->sockets = sockets;
    out_ledger->has_balanced_shards = out_ledger->has_balanced_shards && before.has_balanced_shards;
    compare_sockets(out_ledger, &before);
    return RESULT_OK;
}

enum result server_ledger_take(const struct metrics_sources *sources, struct server_ledger *out_ledger)
{
    enum result result = RESULT_OK;

    out_ledger->is_exact = false;
    for (int tries = 0; tries < LEDGER_TRIES_MAX && result == RESULT_OK; tries++) {
        result = take_once(sources, out_ledger);
        if (result == RESULT_OK && (out_ledger->is_exact || !server_ledger_is_balanced(out_ledger)))
            break;
    }
    return result;
}

bool server_ledger_is_balanced(const struct server_ledger *ledger)
{
    return ledger->has_balanced_shards && ledger->has_balanced_sockets && ledger->has_balanced_events;
}

/* ---- saying it ---- */

struct entry {
    const char *name, *promise;
    size_t offset;
    const char *meaning;
};

#define AT(member) offsetof(struct server_ledger, member)

static const struct entry entries[] = {
    {"accepted", "P3", AT(accepted),
     "Connections accepted since the start, those to the operator's listener included."},
    {"live", "P3", AT(live), "Connections that are open now."},
    {"ended", "P3", AT(ended), "Connections that ended, each for one reason."},
    {"sockets", "P3", AT(sockets),
     "Descriptors of this process that are sockets with one of its ports, by /proc/self/fd."},
    {"sockets_least", "P3", AT(sockets_least),
     "The fewest there may be: live ones before they were counted, without those that ended meanwhile."},
    {"sockets_most", "P3", AT(sockets_most),
     "The most there may be: live ones before they were counted, and those that came meanwhile."},
    {"appended", "P1", AT(appended), "Events added to rooms, each shown to somebody only after its commit."},
    {"commits", "P1", AT(commits), "Commits to the database; one holds all events of its moment."},
    {"commits_failed", "P1", AT(commits_failed), "Commits that failed: disk full, or an error."},
    {"refused", "P1", AT(refused), "Events of failed commits: nobody saw them, and their senders were told."},
    {"acknowledged", "P1", AT(acknowledged), "Acknowledgements sent, each after the commit of its event."},
    {"settled", "P1", AT(settled), "Events of senders who speak plain text, and so get no acknowledgement."},
    {"adopted", "P1", AT(adopted),
     "Events whose senders were told of a failure, and which the disk turned out to have: shown once."},
    {"duplicates", "P2", AT(duplicates),
     "Retries that were recognised by their key and answered with the first event."},
    {"joins", "P2", AT(joins), "Joins of rooms."},
    {"resumes", "P2", AT(resumes), "Joins that said what they had seen and were sent what they had missed."},
    {"gaps", "P2", AT(gaps), "Times that a slow reader was moved forward and told of a gap."},
    {"gap_events", "P2", AT(gap_events), "Events in these gaps."},
};

static void write_entries(const struct server_ledger *ledger, struct builder *out)
{
    builder_add_string(out, "\"entries\":{");
    for (size_t i = 0; i < sizeof entries / sizeof *entries; i++) {
        uint64_t value;
        memcpy(&value, (const uint8_t *)ledger + entries[i].offset, sizeof value);
        builder_format(out, "%s\"%s\":{\"value\":%llu,\"promise\":\"%s\",\"meaning\":\"%s\"}", i > 0 ? "," : "",
                       entries[i].name, (unsigned long long)value, entries[i].promise, entries[i].meaning);
    }
    builder_add_string(out, "}");
}

static const char *state_label(size_t index)
{
    return conn_state_label((enum conn_state)index);
}

static const char *reason_label(size_t index)
{
    return end_reason_label((enum end_reason)index);
}

static void write_numbers(const char *name, const uint64_t *numbers, size_t count, const char *(*label)(size_t index),
                          struct builder *out)
{
    builder_format(out, ",\"%s\":{", name);
    for (size_t i = 0; i < count; i++)
        builder_format(out, "%s\"%s\":%llu", i > 0 ? "," : "", label(i), (unsigned long long)numbers[i]);
    builder_add_string(out, "}");
}

static void write_rule(const char *rule, const char *promise, bool holds, struct builder *out)
{
    builder_format(out, "{\"rule\":\"%s\",\"promise\":\"%s\",\"holds\":%s}", rule, promise, holds ? "true" : "false");
}

void server_ledger_write(const struct server_ledger *ledger, struct builder *out)
{
    builder_format(out, "{\"at\":%lld,\"is_balanced\":%s,\"is_exact\":%s,\"rules\":[", (long long)os_clock_wall_ms(),
                   server_ledger_is_balanced(ledger) ? "true" : "false", ledger->is_exact ? "true" : "false");
    write_rule("accepted = live + ended, on each loop", "P3", ledger->has_balanced_shards, out);
    builder_add_byte(out, ',');
    write_rule("sockets_least <= sockets <= sockets_most", "P3", ledger->has_balanced_sockets, out);
    builder_add_byte(out, ',');
    write_rule("appended + duplicates = acknowledged + settled + adopted", "P1", ledger->has_balanced_events, out);
    builder_add_string(out, "],");
    write_entries(ledger, out);
    write_numbers("live_by_state", ledger->live_by_state, CONN_ENDED, state_label, out);
    write_numbers("ended_by_reason", ledger->ended_by_reason, END_REASON_COUNT, reason_label, out);
    builder_add_string(out, "}\n");
}

void server_ledger_serve(const struct metrics_sources *sources, struct conn *conn)
{
    struct server_ledger ledger;
    struct builder text;

    if (server_ledger_take(sources, &ledger) != RESULT_OK) {
        conn_answer(conn,
                    &(struct http_answer){
                        .status = 503,
                        .fields = VIEW("Content-Type: text/plain; charset=utf-8\r\n"),
                        .body = VIEW("A loop did not answer in time. The log says more (loop.stuck); ask again.\n"),
                    });
        return;
    }
    builder_init(&text, 64 * 1024);
    server_ledger_write(&ledger, &text);
    conn_answer(conn, &(struct http_answer){
                          .status = 200,
                          .fields = VIEW("Content-Type: application/json\r\nCache-Control: no-store\r\n"),
                          .body = builder_view(&text),
                      });
    builder_done(&text);
}
