/* SPDX-License-Identifier: Apache-2.0 */
/* `natter doctor` without an address: settings, files, limits, kernel, disk, database, clock. Nothing is changed but
 * one small file that measures the disk and goes away again. */
#include <stdio.h>

#include "cmd/doctor.h"
#include "cmd/settings.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/thread.h"
#include "store/inspect.h"

enum {
    PATH_BYTES_MAX = 4096,
    DESCRIPTORS_BESIDE = 100, /* what is needed besides connections */
    SYNC_SLOW_MS = 20,
    SYNC_ROUNDS = 5,
};
#define DISK_SCARCE_BYTES (UINT64_C(1) << 30)
#define DISK_FULL_BYTES   (UINT64_C(64) << 20)

#define PASS(check, ...)       findings_add(findings, check, VERDICT_PASS, FAULT_NONE, __VA_ARGS__)
#define SKIP(check, ...)       findings_add(findings, check, VERDICT_SKIPPED, FAULT_NONE, __VA_ARGS__)
#define WARN(check, word, ...) findings_add(findings, check, VERDICT_WARN, FAULT_##word, __VA_ARGS__)
#define FAIL(check, word, ...) findings_add(findings, check, VERDICT_FAIL, FAULT_##word, __VA_ARGS__)

/* True: the folder is there. */
static bool look_at_folder(const struct config *config, struct findings *findings)
{
    char path[PATH_BYTES_MAX];

    if (!os_file_exists(config->data)) {
        SKIP("data", "%s is not there yet: the first start makes it.", config->data);
        return false;
    }
    switch (os_file_check_private(config->data)) {
    case RESULT_OK: PASS("data", "%s is for its owner only.", config->data); break;
    case RESULT_REFUSED:
        WARN("data", HERE_NOT_PRIVATE, "%s can be read by others of this machine.", config->data);
        break;
    default: FAIL("data", HERE_UNREADABLE, "%s cannot be looked at by this user.", config->data); return false;
    }
    (void)snprintf(path, sizeof path, "%s/secret", config->data);
    switch (os_file_check_private(path)) {
    case RESULT_OK: PASS("secret", "The key that guests are known by is for its owner only."); break;
    case RESULT_NOT_FOUND: SKIP("secret", "There is none yet: the first start makes it."); break;
    case RESULT_REFUSED:
        FAIL("secret", HERE_NOT_PRIVATE, "%s can be read by others: natter will not start with it.", path);
        break;
    default: FAIL("secret", HERE_UNREADABLE, "%s cannot be looked at by this user.", path); break;
    }
    return true;
}

/* True: a server runs. */
static bool look_at_lock(const struct config *config, struct findings *findings)
{
    int descriptor = -1, pid = 0;

    enum result result = os_lock_take(config->data, &descriptor, &pid);
    switch (result) {
    case RESULT_OK:
        os_lock_release(descriptor);
        PASS("server", "No server runs on this folder.");
        break;
    case RESULT_EXISTS: PASS("server", "A server runs on this folder, process %d.", pid); break;
    default: WARN("server", HERE_UNREADABLE, "This user may not lock the folder, so it could not run natter."); break;
    }
    return result == RESULT_EXISTS;
}

static void count_room(void *context, const struct inspected_room *room)
{
    size_t *count = context;

    (void)room;
    (*count)++;
}

static void look_at_database(const struct config *config, struct findings *findings)
{
    struct inspection *inspection = NULL;
    size_t rooms = 0;

    enum result result = inspect_open(config->data, &inspection);
    if (result == RESULT_NOT_FOUND) {
        SKIP("database", "There is none yet: the first start makes it.");
        return;
    }
    if (result == RESULT_OK)
        result = inspect_rooms(inspection, count_room, &rooms);
    inspect_close(inspection);
    if (result == RESULT_OK)
        PASS("database", "It can be read, its version is this program's, and it has %zu rooms.", rooms);
    else
        FAIL("database", HERE_DATABASE, "It cannot be read: %s. The lines above say more.", result_text(result));
}

static void look_at_disk(const struct config *config, struct findings *findings)
{
    uint64_t free_bytes = os_disk_free_bytes(config->data), slowest_ns = 0, taken_ns = 0;
    double free_gib = (double)free_bytes / (1 << 30);

    if (free_bytes < DISK_FULL_BYTES)
        FAIL("disk", HERE_DISK, "Only %.2f GiB are free: soon nothing can be sent.", free_gib);
    else if (free_bytes < DISK_SCARCE_BYTES)
        WARN("disk", HERE_DISK, "Only %.2f GiB are free.", free_gib);
    else
        PASS("disk", "%.1f GiB are free.", free_gib);
    for (int i = 0; i < SYNC_ROUNDS; i++) {
        if (os_file_sync_time(config->data, &taken_ns) != RESULT_OK) {
            FAIL("sync", HERE_UNREADABLE, "This user cannot write to %s.", config->data);
            return;
        }
        if (taken_ns > slowest_ns)
            slowest_ns = taken_ns;
    }
    double slowest_ms = (double)slowest_ns / 1e6;
    if (slowest_ms > SYNC_SLOW_MS)
        WARN("sync", HERE_SLOW_DISK, "The disk takes up to %.0f ms to keep something: so long does a message wait.",
             slowest_ms);
    else
        PASS("sync", "The disk takes up to %.1f ms to keep something.", slowest_ms);
}

static uint64_t read_kernel_number(const char *path)
{
    struct builder text;
    uint64_t number = 0;

    builder_init(&text, 4096);
    if (os_file_read(path, &text) == RESULT_OK && text.size > 0) {
        struct view digits = builder_view(&text);
        if (digits.at[digits.size - 1] == '\n')
            digits.size--;
        (void)view_to_number(digits, UINT32_MAX, &number);
    }
    builder_done(&text);
    return number;
}

static void look_at_system(const struct config *config, struct findings *findings)
{
    size_t descriptors = os_descriptor_limit_raise();
    uint64_t backlog = read_kernel_number("/proc/sys/net/core/somaxconn");

    if (descriptors < config->net.connections_max + DESCRIPTORS_BESIDE)
        WARN("descriptors", HERE_DESCRIPTORS, "This shell may open %zu files; connections.max is %zu.", descriptors,
             config->net.connections_max);
    else
        PASS("descriptors", "%zu files may be open; connections.max is %zu.", descriptors, config->net.connections_max);
    if (backlog > 0 && backlog < (uint64_t)config->net.backlog)
        WARN("backlog", HERE_BACKLOG, "The kernel holds at most %llu new connections; connections.backlog asks for %d.",
             (unsigned long long)backlog, config->net.backlog);
    else
        PASS("backlog", "The kernel holds as many new connections as connections.backlog asks for.");
    if (os_clock_is_synchronised())
        PASS("clock", "The clock is kept right by the network.");
    else
        WARN("clock", CLOCK_WRONG, "Nobody keeps this machine's clock right, or it does not say so.");
}

static void help(struct builder *out)
{
    (void)out; /* doctor_options_read() has answered --help */
}

bool doctor_look_here(int count, char **arguments, struct findings *out_findings, char *out_subject,
                      size_t subject_size, int *out_status)
{
    struct findings *findings = out_findings;
    struct config config;

    *findings = (struct findings){.proxy = PROXY_UNKNOWN};
    if (!settings_load(&config, count, arguments, help, out_status))
        return false;
    (void)snprintf(out_subject, subject_size, "this machine, data in %.200s", config.data);
    PASS("settings", "They are right%s%s.", config.file ? ": " : ", and none of them comes from a file",
         config.file ? config.file : "");
    if (look_at_folder(&config, findings)) {
        bool is_running = look_at_lock(&config, findings);
        look_at_database(&config, findings);
        look_at_disk(&config, findings);
        if (is_running)
            doctor_look_at_notices(&config, findings);
    }
    look_at_system(&config, findings);
    config_done(&config);
    return true;
}
