/* SPDX-License-Identifier: Apache-2.0 */
/* From what was seen to what is wrong: a list of findings, each with its cure. No network here. */
#pragma once

#include "doctor/observations.h"

/* What can be wrong: symbol, the word for programs, the worst that it means. docs/howto/doctor.md explains each. */
#define FAULTS(X)                                       \
    X(NONE, "none")                                     \
    X(NAME_UNKNOWN, "name_unknown")                     \
    X(NOT_CONNECTED, "not_connected")                   \
    X(TLS_FAILED, "tls_failed")                         \
    X(TLS_CHAIN, "tls_chain")                           \
    X(TLS_NAME, "tls_name")                             \
    X(TLS_TIME, "tls_time")                             \
    X(TLS_EXPIRES_SOON, "tls_expires_soon")             \
    X(HSTS_WRONG, "hsts_wrong")                         \
    X(NOT_REDIRECTED, "not_redirected")                 \
    X(REDIRECTED_ELSEWHERE, "redirected_elsewhere")     \
    X(NO_ANSWER, "no_answer")                           \
    X(REDIRECTED, "redirected")                         \
    X(NATTER_UNREACHED, "natter_unreached")             \
    X(NOT_NATTER, "not_natter")                         \
    X(PREFIX_KEPT, "prefix_kept")                       \
    X(NATTER_OLD, "natter_old")                         \
    X(LIMITED, "limited")                               \
    X(HTTP_1_0, "http_1_0")                             \
    X(ORIGIN_REFUSED, "origin_refused")                 \
    X(FORWARDED_MISSING, "forwarded_missing")           \
    X(FORWARDED_NOT_BELIEVED, "forwarded_not_believed") \
    X(SCHEME_MISSING, "scheme_missing")                 \
    X(UPGRADE_DROPPED, "upgrade_dropped")               \
    X(CONNECTION_DROPPED, "connection_dropped")         \
    X(UPGRADE_FAULTY, "upgrade_faulty")                 \
    X(UPGRADE_REFUSED, "upgrade_refused")               \
    X(PROTOCOL_EATEN, "protocol_eaten")                 \
    X(EXTENSIONS_EATEN, "extensions_eaten")             \
    X(COMPRESSION_BROKEN, "compression_broken")         \
    X(COMPRESSED_AGAIN, "compressed_again")             \
    X(COMPRESSED_TWICE, "compressed_twice")             \
    X(SIZE_LIMITED, "size_limited")                     \
    X(BUFFERED, "buffered")                             \
    X(IDLE_CUT, "idle_cut")                             \
    X(IDLE_CUT_ONE_WAY, "idle_cut_one_way")             \
    X(CLOCK_WRONG, "clock_wrong")                       \
    X(HERE_NOT_PRIVATE, "here_not_private")             \
    X(HERE_UNREADABLE, "here_unreadable")               \
    X(HERE_DATABASE, "here_database")                   \
    X(HERE_DISK, "here_disk")                           \
    X(HERE_SLOW_DISK, "here_slow_disk")                 \
    X(HERE_DESCRIPTORS, "here_descriptors")             \
    X(HERE_BACKLOG, "here_backlog")                     \
    X(HERE_NOTICED, "here_noticed")
enum fault {
#define X(symbol, word) FAULT_##symbol,
    FAULTS(X)
#undef X
        FAULT_COUNT,
};
const char *fault_word(enum fault fault);

enum verdict { VERDICT_PASS, VERDICT_WARN, VERDICT_FAIL, VERDICT_SKIPPED };

enum { FINDING_TEXT_MAX = 400, FINDINGS_MAX = 32 };

struct finding {
    const char *check; /* "tls", "upgrade" … : a constant */
    enum verdict verdict;
    enum fault fault; /* NONE where it passed or was skipped */
    char text[FINDING_TEXT_MAX];
    const char *cure; /* lines to write, for the proxy that was recognised; a constant, or NULL */
};

struct findings {
    struct finding list[FINDINGS_MAX];
    size_t count;
    enum proxy proxy;
};

void judge(const struct observations *seen, struct findings *out_findings);
/* Of a page over TLS: are browsers told to come so, and are those that come without it sent there? */
void judge_secure(const struct observations *seen, struct findings *findings);
/* Adds one; `format` and what follows make its text. */
void findings_add(struct findings *findings, const char *check, enum verdict verdict, enum fault fault,
                  const char *format, ...) __attribute__((format(printf, 5, 6)));
enum verdict findings_worst(const struct findings *findings);
/* The lines that cure the fault in that proxy, or NULL. */
const char *cure_for(enum fault fault, enum proxy proxy);
