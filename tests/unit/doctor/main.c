/* SPDX-License-Identifier: Apache-2.0 */
/* All tests of the floor doctor/. */
#include "doctor_test.h"

static void healthy_report(struct seen *report)
{
    *report = (struct seen){
        .is_there = true,
        .server = "natter/0.1.0",
        .http = "1.1",
        .path = "/ws",
        .scheme = "https",
        .client = "forwarded",
        .peer = "loopback",
        .origin = "allowed",
        .upgrade = "right",
        .host = "chat.example.org",
        .connection = "upgrade",
        .upgrade_field = "websocket",
        .version = "13",
        .key = "there",
        .protocol = "natter.doctor",
        .extensions = "permessage-deflate",
        .accept_encoding = OBSERVED_ACCEPT_ENCODING,
        .forwarded_for = "203.0.113.9",
        .forwarded_proto = "https",
        .text_bytes = 16384,
        .frame_bytes = 65536,
        .heartbeat_ms = 25000,
        .has_compression = true,
    };
}

void healthy(struct observations *out_seen)
{
    const struct observed_size whole = {.was_tried = true, .wanted = 65536, .passed = 65536};
    const struct observed_silence quiet = {.was_tried = true, .after_ms = 60000};
    struct builder problem;

    *out_seen = (struct observations){
        .is_resolved = true,
        .address_count = 1,
        .addresses = "203.0.113.1",
        .link = {.is_connected = true,
                 .is_secured = true,
                 .is_chain_right = true,
                 .is_name_right = true,
                 .is_in_time = true,
                 .days_left = 60,
                 .protocol = "TLSv1.3"},
        .report = {.is_answered = true, .status = 200, .server = "nginx/1.22.1", .is_coding_right = true},
        .page = {.is_answered = true, .status = 200, .coding = "gzip", .is_coding_right = true},
        .upgrade = {.is_open = true, .is_answered = true, .status = 101, .is_accept_right = true},
        .is_compression_right = true,
        .ping_count = 7,
        .round_trip_ms = 1.5,
        .up = whole,
        .down = whole,
        .is_drip_tried = true,
        .drops_sent = 8,
        .drops_come = 8,
        .is_silence_tried = true,
        .both = quiet,
        .ours = quiet,
        .theirs = quiet,
    };
    builder_init(&problem, 1024);
    assert_true(url_read("https://chat.example.org/", &out_seen->url, &problem));
    builder_done(&problem);
    healthy_report(&out_seen->report.seen);
    healthy_report(&out_seen->upgrade.seen);
    (void)snprintf(out_seen->upgrade.protocol, sizeof out_seen->upgrade.protocol, "natter.doctor");
    out_seen->compressed = out_seen->upgrade;
    (void)snprintf(out_seen->compressed.extensions, sizeof out_seen->compressed.extensions, "permessage-deflate");
}

int main(void)
{
    int failures = 0;

    failures += test_url();
    failures += test_answer();
    failures += test_seen();
    failures += test_recognise();
    failures += test_judge();
    failures += test_judge_secure();
    failures += test_cure();
    failures += test_tell();
    failures += test_options();
    return failures > 0;
}
