/* SPDX-License-Identifier: Apache-2.0 */
/* All tests of the floor ops/, and what they share. */
#include <string.h>

#include "base/diag.h"
#include "base/table.h"
#include "ops_test.h"
#include "os/random.h"

struct net_options parts_net_options(void)
{
    return (struct net_options){
        .shard_count = PARTS_SHARDS,
        .backlog = 16,
        .connections_max = 100,
        .head_bytes_max = 4096,
        .body_bytes_max = 4096,
        .message_bytes_max = 4096,
        .fragments_max = 16,
        .answers_pending_max = 16,
        .outbox_bytes_max = 1024 * 1024,
        .feed_bytes_max = 65536,
        .request_ms = 60000,
        .keep_alive_ms = 60000,
        .heartbeat_ms = 60000,
        .write_ms = 60000,
        .close_ms = 60000,
        .compression_level = 1,
        .mailbox_letters = 64,
        .flush_slice = 16,
    };
}

static bool is_ready(void *context)
{
    const struct parts *parts = context;

    return parts->is_ready;
}

void parts_init(struct parts *parts)
{
    const struct net_options net_options = parts_net_options();
    const struct chat_options chat_options = {
        .default_room = "lobby", .rooms_live_max = 16, .rooms_per_connection_max = 4};
    const struct store_options store_options = {
        .queue_letters = 64,
        .batch_letters_max = 16,
        .recent_events_max = 16,
        .recent_bytes_max = 4096,
        .recent_total_max = 64 * 1024 * 1024,
        .reader_threads = 1,
        .reader_jobs_max = 16,
        .wal_bytes_max = 1024 * 1024,
        .keys_recent_max = 1024,
    };
    const struct token_key key = {{0}};
    struct net_events net_events;
    struct store_events store_events;

    *parts = (struct parts){.is_ready = true};
    parts->admission = admission_new(100, 0);
    assert_non_null(parts->admission);
    assert_int_equal(chat_new(&chat_options, &key, &parts->chat), RESULT_OK);
    chat_net_events(parts->chat, &net_events);
    chat_store_events(parts->chat, &store_events);
    assert_int_equal(store_open(&store_options, &store_events, &parts->store), RESULT_OK);
    for (uint32_t i = 0; i < PARTS_SHARDS; i++)
        assert_int_equal(shard_new(&net_options, &net_events, parts->admission, i, NULL, 0, &parts->shards[i]),
                         RESULT_OK);
    assert_int_equal(chat_bind(parts->chat, parts->store, parts->shards, PARTS_SHARDS), RESULT_OK);
    parts->diagnosis = diagnosis_new(&(struct diagnosis_options){{1, 10}, 4, 2, 60000, 65536},
                                     &(struct diagnosis_facts){.chat = parts->chat}, PARTS_SHARDS);
    assert_non_null(parts->diagnosis);
    parts->notices = notices_new(
        &(struct notices_options){.window_ms = 600000, .evidence_min = 4, .socket_ms = 15000, .repeat_ms = 3600000},
        3600000);
    assert_non_null(parts->notices);
    parts->sources = (struct metrics_sources){
        .store = parts->store,
        .chat = parts->chat,
        .shards = parts->shards,
        .shard_count = PARTS_SHARDS,
        .diagnosis = parts->diagnosis,
        .notices = parts->notices,
        .is_ready = is_ready,
        .context = parts,
    };
}

void parts_done(struct parts *parts)
{
    diagnosis_free(parts->diagnosis);
    notices_free(parts->notices);
    chat_free(parts->chat);
    store_free(parts->store);
    for (size_t i = 0; i < PARTS_SHARDS; i++)
        shard_free(parts->shards[i]);
    admission_free(parts->admission);
}

static void read_request(const struct seen *seen, char text[4096], struct http_request *out_request)
{
    const struct http_limits limits = {4096, 2048, HTTP_FIELDS_MAX};
    const char *fields = seen->fields ? seen->fields : "";
    struct http_fault fault;

    (void)snprintf(text, 4096, "%s\r\n%s%s\r\n", seen->line, strstr(fields, "Host:") ? "" : "Host: localhost\r\n",
                   fields);
    assert_int_equal(http_request_decode(view_of_string(text), &limits, out_request, &fault), DECODE_DONE);
}

void see(struct evidence *evidence, const struct seen *seen)
{
    const char *peer = seen->peer ? seen->peer : "127.0.0.1";
    struct http_request request;
    struct ws_offer offer;
    struct http_fault fault;
    char text[4096];

    read_request(seen, text, &request);
    struct sighting sighting = {
        .request = &request,
        .handshake = ws_handshake_read(&request, &offer, &fault),
        .is_trusted = seen->is_trusted,
        .is_client_told = seen->is_client_told,
        .now_ms = seen->now_ms,
    };
    assert_true(ip_parse(view_of_string(peer), sighting.peer));
    assert_true(ip_parse(view_of_string(seen->client ? seen->client : peer), sighting.client));
    evidence_see(evidence, &sighting);
}

void see_times(struct evidence *evidence, int times, const struct seen *seen)
{
    for (int i = 0; i < times; i++)
        see(evidence, seen);
}

int main(void)
{
    static const uint8_t secret[16] = "a secret of test";

    os_random_init();
    table_seed(secret);
    diag_setup(DIAG_HUMAN, DIAG_ERROR);
    return test_api_query() + test_api_rows() + test_ask() + test_metrics_reading() + test_operator()
               + test_diagnosis_report() + test_evidence() + test_notices() + test_notices_serve() + test_notices_tell()
               + test_metrics() + test_pulse() + test_server_ledger() + test_watchdog()
           > 0;
}
