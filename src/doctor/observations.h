/* SPDX-License-Identifier: Apache-2.0 */
/* What the doctor has seen of a deployment: facts only, no opinions. judge.h makes findings of them. */
#pragma once

#include "doctor/talk.h"

/* Sent with each plain request: a form that nobody else writes, so that it is known again. */
#define OBSERVED_ACCEPT_ENCODING "gzip, identity;q=0.5"

enum { OBSERVED_ADDRESSES_MAX = 8, OBSERVED_PINGS = 7 };

/* Which proxy stands in front, as far as its answers tell. */
#define PROXIES(X)        \
    X(UNKNOWN, "a proxy") \
    X(NGINX, "Nginx")     \
    X(CADDY, "Caddy")     \
    X(HAPROXY, "HAProxy") \
    X(APACHE, "Apache")
enum proxy {
#define X(symbol, label) PROXY_##symbol,
    PROXIES(X)
#undef X
        PROXY_COUNT,
};
const char *proxy_label(enum proxy proxy);

/* A plain request and its answer. */
struct observed_answer {
    bool is_answered;
    int status;
    int minor_version;
    bool has_small_names; /* no field's name has a capital letter */
    char server[128];
    char via[128];
    char location[256];
    char coding[64]; /* Content-Encoding */
    char hsts[128];  /* Strict-Transport-Security, the first one */
    int hsts_count;
    bool is_coding_right; /* taken off once, it is no longer compressed */
    char snippet[160];
    char problem[160];
    struct seen seen;
};

/* How large a message came through, in one direction. */
struct observed_size {
    bool was_tried;
    int64_t wanted;    /* what natter takes */
    int64_t passed;    /* the largest that came through */
    int64_t failed;    /* the smallest that did not; 0: all did */
    enum talk_end end; /* how the first that did not come through ended */
    int close_code;
};

/* How a silence of one kind ended. */
struct observed_silence {
    bool was_tried;
    bool is_cut;
    int64_t after_ms; /* of silence; or as long as it was watched */
    enum talk_end end;
    int close_code;
};

struct observations {
    struct url url;
    /* name */
    bool is_resolved;
    size_t address_count;
    char addresses[256];
    char resolve_problem[160];
    /* connection, and TLS */
    struct link_facts link;
    /* GET /ws?doctor and GET / */
    struct observed_answer report;
    struct observed_answer page;
    /* GET / without TLS, beside a page with it */
    uint16_t plain_port; /* 0: nobody knows which, so nobody tried */
    struct observed_answer plain;
    /* the upgrade, without and with compression */
    struct talk_facts upgrade;
    struct talk_facts compressed;
    bool is_compression_right; /* a compressed message came through in both directions */
    /* its clock, and how far away it is */
    int ping_count;
    double round_trip_ms;  /* the median */
    int64_t clock_skew_ms; /* natter's clock less ours */
    struct observed_size up, down;
    /* drops that were sent at an interval, and came in bursts */
    bool is_drip_tried;
    int drops_sent, drops_come, drops_late; /* late: with others in one burst */
    int64_t first_drop_ms;                  /* later than it should be */
    bool is_silence_tried;
    struct observed_silence both, ours, theirs; /* nobody speaks; we do not; natter does not */
};
