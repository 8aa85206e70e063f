/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/metrics.h"

#include <stdlib.h>

#include "net/letters.h"
#include "ops_test.h"
#include "os/file.h"

/* The exposition, with a NUL. */
static char *write_text(const struct parts *parts, struct builder *out)
{
    builder_init(out, 4 * 1024 * 1024);
    metrics_write(&parts->sources, out);
    builder_add_byte(out, 0);
    assert_true(builder_ok(out));
    return (char *)out->at;
}

/* The value of the sample of that name, labels included; fails where it is not there exactly once. */
static double value_of(const char *text, const char *sample)
{
    char line[256];
    const char *found = NULL;

    (void)snprintf(line, sizeof line, "\n%s ", sample);
    found = strstr(text, line);
    if (!found)
        fail_msg("there is no %s", sample);
    assert_null(strstr(found + 1, line));
    return strtod(found + strlen(line), NULL);
}

/* The writer threads own the counters; where nobody runs, the test is the writer. */
static void set_all(const void *counters, size_t size, uint64_t value)
{
    struct counter *at = (struct counter *)(uintptr_t)counters;

    for (size_t i = 0; i < size / sizeof *at; i++)
        counter_set(&at[i], value);
}

static bool is_name_character(char character)
{
    return (character >= 'a' && character <= 'z') || (character >= '0' && character <= '9') || character == '_';
}

/* Checks one line of the exposition; `family` is the one that the last TYPE line named, `type` its type. */
static void check_line(const char *line, char family[128], char type[32])
{
    char name[128];
    size_t size = 0;

    if (strncmp(line, "# TYPE ", 7) == 0) {
        assert_int_equal(sscanf(line, "# TYPE %127s %31s", family, type), 2);
        assert_null(strstr(family, "_total"));
        return;
    }
    if (strncmp(line, "# HELP ", 7) == 0) {
        assert_int_equal(sscanf(line, "# HELP %127s", name), 1);
        assert_string_equal(name, family);
        assert_null(strchr(line, '\\'));
        return;
    }
    while (is_name_character(line[size]))
        size++;
    assert_true(size > 0 && size < sizeof name && (line[size] == ' ' || line[size] == '{'));
    if (strncmp(line, family, strlen(family)) != 0)
        fail_msg("not of the family %s: %s", family, line);
    const char *suffix = line + strlen(family);
    if (strcmp(type, "counter") == 0)
        assert_true(strncmp(suffix, "_total", 6) == 0);
    else if (strcmp(type, "info") == 0)
        assert_true(strncmp(suffix, "_info{", 6) == 0);
    else if (strcmp(type, "gauge") == 0)
        assert_true(*suffix == ' ' || *suffix == '{');
    else
        assert_true(strncmp(suffix, "_bucket{le=\"", 12) == 0 || strncmp(suffix, "_sum ", 5) == 0
                    || strncmp(suffix, "_count ", 7) == 0);
    const char *value = strrchr(line, ' ') + 1;
    char *end;
    double number = strtod(value, &end);
    assert_true(end != value && *end == 0 && number >= 0);
}

static void the_exposition_is_open_metrics(void **state)
{
    struct parts parts;
    struct builder out;
    char family[128] = "", type[32] = "";

    (void)state;
    parts_init(&parts);
    char *text = write_text(&parts, &out);
    size_t size = strlen(text);
    assert_true(size > 6 && strcmp(text + size - 6, "# EOF\n") == 0);
    for (char *line = text; strcmp(line, "# EOF\n") != 0;) {
        char *end = strchr(line, '\n');
        *end = 0;
        check_line(line, family, type);
        line = end + 1;
    }
    builder_done(&out);
    parts_done(&parts);
}

static void a_family_is_named_once(void **state)
{
    struct parts parts;
    struct builder out;
    char line[160], family[128];

    (void)state;
    parts_init(&parts);
    char *text = write_text(&parts, &out);
    for (const char *at = strstr(text, "# TYPE "); at; at = strstr(at + 1, "\n# TYPE ")) {
        at += *at == '\n';
        assert_int_equal(sscanf(at, "# TYPE %127s", family), 1);
        (void)snprintf(line, sizeof line, "\n# TYPE %s ", family);
        assert_null(strstr(at, line));
    }
    builder_done(&out);
    parts_done(&parts);
}

static void shards_are_added_up(void **state)
{
    struct parts parts;
    struct builder out;

    (void)state;
    parts_init(&parts);
    for (size_t i = 0; i < PARTS_SHARDS; i++) {
        struct shard_counters *counters = (struct shard_counters *)(uintptr_t)shard_counters(parts.shards[i]);
        counter_set(&counters->accepted, 10 + i);
        counter_set(&counters->live[CONN_OPEN], 3);
        counter_set(&counters->ended[END_SLOW], i);
        counter_set(&counters->turns.slow[PHASE_FLUSH], 1);
        counter_set(&counters->silence_ms, 1500 + i);
    }
    char *text = write_text(&parts, &out);
    assert_true(value_of(text, "natter_accepted_total") == 21);
    assert_true(value_of(text, "natter_connections{state=\"open\"}") == 6);
    assert_true(value_of(text, "natter_ended_total{reason=\"slow\"}") == 1);
    assert_true(value_of(text, "natter_ended_total{reason=\"too_big\"}") == 0);
    assert_true(value_of(text, "natter_slow_turns_total{phase=\"flush\"}") == 2);
    assert_true(value_of(text, "natter_silence_heartbeat_seconds{shard=\"0\"}") == 1.5);
    builder_done(&out);
    parts_done(&parts);
}

/* Sums up the samples of counters and gauges, without histograms, process and the like: what the tables give. */
static double sum_of_tables(char *text)
{
    static const char *const others[] = {"slowest_turn_", "turn_at_work_seconds", "queue_letters",
                                         "build_info",    "store_healthy",        "silence_heartbeat_seconds"};
    double sum = 0;

    for (char *line = text; *line;) {
        size_t size = strcspn(line, "\n");
        line[size] = 0;
        bool is_table = strncmp(line, "natter_", 7) == 0 && !strstr(line, "_bucket{") && !strstr(line, "_sum ")
                        && !strstr(line, "_count ");
        for (size_t i = 0; i < COUNT(others); i++)
            is_table = is_table && strncmp(line + 7, others[i], strlen(others[i])) != 0;
        if (is_table)
            sum += strtod(strrchr(line, ' '), NULL);
        line += size + 1;
    }
    return sum;
}

/* Every counter of a block is set to 1, all others are 0: the sum says how many of them are exposed. */
static void expect_all_exposed(struct parts *parts, const void *const *blocks, size_t block_count, size_t size,
                               size_t hidden)
{
    struct builder out;

    for (size_t i = 0; i < block_count; i++)
        set_all(blocks[i], size, 1);
    assert_int_equal(sum_of_tables(write_text(parts, &out)), block_count * (size / sizeof(struct counter) - hidden));
    builder_done(&out);
    for (size_t i = 0; i < block_count; i++)
        set_all(blocks[i], size, 0);
}

static void every_counter_is_exposed_once(void **state)
{
    const void *blocks[PARTS_SHARDS];
    struct parts parts;

    (void)state;
    parts_init(&parts);
    for (size_t i = 0; i < PARTS_SHARDS; i++)
        blocks[i] = chat_door_counters(parts.chat, i);
    expect_all_exposed(&parts, blocks, PARTS_SHARDS, sizeof(struct door_counters), 0);
    for (size_t i = 0; i < PARTS_SHARDS; i++)
        blocks[i] = shard_counters(parts.shards[i]);
    /* The state "ended" holds nobody; a learned heartbeat is no sum, and shown for each shard. */
    expect_all_exposed(&parts, blocks, PARTS_SHARDS, offsetof(struct shard_counters, turns), 2);
    blocks[0] = store_counters(parts.store);
    expect_all_exposed(&parts, blocks, 1, offsetof(struct store_counters, commit_ns), 0);
    blocks[0] = chat_hub_counters(parts.chat);
    /* Duplicates are the store's to count. */
    expect_all_exposed(&parts, blocks, 1, offsetof(struct hub_counters, chunk_events), 1);
    parts_done(&parts);
}

static void histograms_rise_from_edge_to_edge_up_to_their_count(void **state)
{
    struct parts parts;
    struct builder out;

    (void)state;
    parts_init(&parts);
    struct store_counters *counters = (struct store_counters *)(uintptr_t)store_counters(parts.store);
    histogram_add(&counters->commit_ns, 50000);       /* 50 µs */
    histogram_add(&counters->commit_ns, 2000000);     /* 2 ms */
    histogram_add(&counters->commit_ns, 60000000000); /* a minute */
    char *text = write_text(&parts, &out);
    assert_true(value_of(text, "natter_commit_seconds_bucket{le=\"0.0001\"}") == 1);
    assert_true(value_of(text, "natter_commit_seconds_bucket{le=\"0.001\"}") == 1);
    assert_true(value_of(text, "natter_commit_seconds_bucket{le=\"0.0025\"}") == 2);
    assert_true(value_of(text, "natter_commit_seconds_bucket{le=\"1.0\"}") == 2);
    assert_true(value_of(text, "natter_commit_seconds_bucket{le=\"10.0\"}") == 2);
    assert_true(value_of(text, "natter_commit_seconds_bucket{le=\"+Inf\"}") == 3);
    assert_true(value_of(text, "natter_commit_seconds_count") == 3);
    double sum = value_of(text, "natter_commit_seconds_sum");
    assert_true(sum > 60.002 && sum < 60.0021);
    builder_done(&out);
    parts_done(&parts);
}

static void turns_of_all_shards_are_one_histogram(void **state)
{
    struct parts parts;
    struct builder out;

    (void)state;
    parts_init(&parts);
    for (size_t i = 0; i < PARTS_SHARDS; i++)
        histogram_add(&((struct shard_counters *)(uintptr_t)shard_counters(parts.shards[i]))->turns.ns, 1000);
    char *text = write_text(&parts, &out);
    assert_true(value_of(text, "natter_turn_seconds_count") == PARTS_SHARDS);
    builder_done(&out);
    text = write_text(&parts, &out); /* and are not added to those of the last time */
    assert_true(value_of(text, "natter_turn_seconds_count") == PARTS_SHARDS);
    builder_done(&out);
    parts_done(&parts);
}

static void the_longest_turn_is_shown_with_its_phases_and_its_work(void **state)
{
    const uint64_t work[TURNS_WORK_MAX] = {[WORK_LETTERS] = 3, [WORK_DELIVERIES] = 500};
    struct parts parts;
    struct builder out;

    (void)state;
    parts_init(&parts);
    struct turns *turns = &((struct shard_counters *)(uintptr_t)shard_counters(parts.shards[1]))->turns;
    turns_begin(turns, 1000);
    turns_leave(turns, PHASE_MAIL, 1000 + 1000000);
    turns_leave(turns, PHASE_FLUSH, 1000 + 25000000);
    assert_true(turns_end(turns));
    turns_keep(turns, work);
    char *text = write_text(&parts, &out);
    assert_true(value_of(text, "natter_slowest_turn_seconds{loop=\"shard-1\",phase=\"flush\"}") == 0.025);
    assert_true(value_of(text, "natter_slowest_turn_phase_seconds{loop=\"shard-1\",phase=\"mail\"}") == 0.001);
    assert_true(value_of(text, "natter_slowest_turn_phase_seconds{loop=\"shard-1\",phase=\"flush\"}") == 0.024);
    assert_true(value_of(text, "natter_slowest_turn_work{loop=\"shard-1\",what=\"deliveries\"}") == 500);
    assert_true(value_of(text, "natter_turn_at_work_seconds{loop=\"shard-1\"}") == 0);
    builder_done(&out);
    parts_done(&parts);
}

static void the_reference_names_every_family(void **state)
{
    struct parts parts;
    struct builder out, reference;
    char family[128];

    (void)state;
    parts_init(&parts);
    builder_init(&reference, 1024 * 1024);
    metrics_reference(&reference);
    builder_add_byte(&reference, 0);
    char *text = write_text(&parts, &out);
    for (const char *at = strstr(text, "# TYPE "); at; at = strstr(at + 1, "# TYPE ")) {
        assert_int_equal(sscanf(at, "# TYPE %127s", family), 1);
        if (!strstr((const char *)reference.at, family))
            fail_msg("%s is not in the reference", family);
    }
    builder_done(&out);
    builder_done(&reference);
    parts_done(&parts);
}

/* Whether the tests run in the project's folder or in a build folder: then this file's own name helps. */
static void the_page_of_the_documentation_is_what_the_table_gives(void **state)
{
    static const char path[] = "docs/reference/metrics.md";
    static const char own[] = "tests/unit/ops/test_metrics.c";
    struct builder file, made;
    char full[1024];

    (void)state;
    builder_init(&file, 1024 * 1024);
    builder_init(&made, 1024 * 1024);
    metrics_reference(&made);
    if (os_file_read(path, &file) != RESULT_OK) {
        (void)snprintf(full, sizeof full, "%.*s%s", (int)(strlen(__FILE__) - (sizeof own - 1)), __FILE__, path);
        builder_clear(&file);
        assert_int_equal(os_file_read(full, &file), RESULT_OK);
    }
    if (!view_equal(builder_view(&file), builder_view(&made)))
        fail_msg("%s is not what the table gives; run: build/natter config metrics > %s", path, path);
    builder_done(&file);
    builder_done(&made);
}

/* The operator's listener: a shard of its own, driven by hand. */
struct listener {
    struct parts parts;
    struct admission *admission;
    struct shard *shard;
    struct os_address address;
};

static void listener_init(struct listener *listener)
{
    const struct net_options options = parts_net_options();
    struct os_address any;
    struct shard_listener socket = {.descriptor = -1};

    parts_init(&listener->parts);
    const struct net_events events = {.request = metrics_serve, .request_context = &listener->parts.sources};
    assert_int_equal(os_address_parse(VIEW("127.0.0.1:0"), &any), RESULT_OK);
    assert_int_equal(os_listen(&any, 16, false, &socket.descriptor, &listener->address), RESULT_OK);
    listener->admission = admission_new(16, 0);
    assert_non_null(listener->admission);
    assert_int_equal(shard_new(&options, &events, listener->admission, 9, &socket, 1, &listener->shard), RESULT_OK);
}

static void listener_done(struct listener *listener)
{
    shard_post_stop(listener->shard);
    while (shard_turn(listener->shard, 0))
        continue;
    shard_free(listener->shard);
    admission_free(listener->admission);
    parts_done(&listener->parts);
}

/* Sends a request that asks for the end of the connection, and takes all that comes until then. */
static void ask(struct listener *listener, const char *line, struct builder *out)
{
    char request[256];
    uint8_t bytes[4096];
    size_t size;
    int descriptor;

    (void)snprintf(request, sizeof request, "%s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", line);
    builder_init(out, 4 * 1024 * 1024);
    assert_int_equal(os_connect(&listener->address, &descriptor), RESULT_OK);
    bool is_sent = false;
    for (int turns = 0;; turns++) {
        assert_true(turns < 100000);
        (void)shard_turn(listener->shard, 1);
        if (!is_sent)
            is_sent = os_write(descriptor, request, strlen(request), &size) == RESULT_OK;
        enum result result = os_read(descriptor, bytes, sizeof bytes, &size);
        if (result == RESULT_OK)
            builder_add(out, bytes, size);
        else if (result != RESULT_AGAIN)
            break;
    }
    os_socket_close(descriptor);
    builder_add_byte(out, 0);
    assert_true(builder_ok(out));
}

static void the_operators_listener_answers_what_it_has_and_nothing_else(void **state)
{
    static const struct {
        const char *line, *start, *part;
        bool is_ready;
    } cases[] = {
        {"GET /metrics", "HTTP/1.1 200 ", "application/openmetrics-text; version=1.0.0", true},
        {"GET /metrics", "HTTP/1.1 200 ", "\n# EOF\n", false},
        {"HEAD /metrics", "HTTP/1.1 200 ", "Content-Length: ", true},
        {"GET /livez", "HTTP/1.1 200 ", "ok\n", false},
        {"GET /readyz", "HTTP/1.1 200 ", "ok\n", true},
        {"GET /readyz", "HTTP/1.1 503 ", "not ready", false},
        {"GET /healthz", "HTTP/1.1 503 ", "not ready", false},
        {"GET /", "HTTP/1.1 404 ", "/metrics", true},
        {"GET /metrics/", "HTTP/1.1 404 ", "/metrics", true},
        {"POST /metrics", "HTTP/1.1 405 ", "Allow: GET, HEAD\r\n", true},
    };
    struct listener listener;
    struct builder answer;

    (void)state;
    listener_init(&listener);
    for (size_t i = 0; i < COUNT(cases); i++) {
        listener.parts.is_ready = cases[i].is_ready;
        ask(&listener, cases[i].line, &answer);
        const char *text = (const char *)answer.at;
        if (strncmp(text, cases[i].start, strlen(cases[i].start)) != 0 || !strstr(text, cases[i].part))
            fail_msg("%s: %s", cases[i].line, text);
        builder_done(&answer);
    }
    listener_done(&listener);
}

int test_metrics(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_exposition_is_open_metrics),
        cmocka_unit_test(a_family_is_named_once),
        cmocka_unit_test(shards_are_added_up),
        cmocka_unit_test(every_counter_is_exposed_once),
        cmocka_unit_test(histograms_rise_from_edge_to_edge_up_to_their_count),
        cmocka_unit_test(turns_of_all_shards_are_one_histogram),
        cmocka_unit_test(the_longest_turn_is_shown_with_its_phases_and_its_work),
        cmocka_unit_test(the_reference_names_every_family),
        cmocka_unit_test(the_page_of_the_documentation_is_what_the_table_gives),
        cmocka_unit_test(the_operators_listener_answers_what_it_has_and_nothing_else),
    };

    return cmocka_run_group_tests_name("metrics", tests, NULL, NULL);
}
