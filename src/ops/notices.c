/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/notices.h"

#include <assert.h>
#include <stdlib.h>

#include "base/check.h"

static_assert(sizeof(struct notice_state) == NOTICE_WORDS * sizeof(uint64_t), "a notice consists of words");

/* What one look says about one notice. */
struct verdict {
    bool is_there;
    struct notice_state found; /* all but what the board keeps itself */
};

struct notices *notices_new(const struct notices_options *options, uint32_t forget_ms)
{
    struct notices *notices = calloc(1, sizeof *notices);

    if (!notices)
        return NULL;
    notices->options = *options;
    notices->forget_ms = forget_ms;
    for (enum notice notice = 0; notice < NOTICE_COUNT; notice++)
        notices->shown[notice] = (struct snapshot){.words = notices->words[notice], .count = NOTICE_WORDS};
    return notices;
}

void notices_free(struct notices *notices)
{
    free(notices);
}

/* ---- judging ---- */

static void set_peer(struct notice_state *found, const struct evidence_peer *peer)
{
    found->has_address = true;
    for (int i = 0; i < 2; i++)
        found->address[i] = atomic_load_explicit(&peer->address[i], memory_order_relaxed);
}

static enum ip_reach reach_of(const uint64_t address[2])
{
    uint8_t bytes[IP_BYTES];

    memcpy(bytes, address, IP_BYTES);
    return ip_reach_of(bytes);
}

static bool is_unix(const uint64_t address[2])
{
    return address[0] == 0 && address[1] == 0;
}

/* Of a peer nearby it is a fault of the deployment. A stranger's is worth a remark, unless it is most of what comes. */
static struct verdict judge_peer(const struct evidence *evidence, enum peer_fault fault, uint32_t least,
                                 const struct evidence_peer **out_peer)
{
    struct verdict verdict = {.is_there = false};
    uint32_t wrong, right;

    verdict.found.count = evidence_worst(evidence, fault, least, out_peer);
    const struct evidence_peer *peer = *out_peer;
    if (!peer)
        return verdict;
    verdict.is_there = true;
    set_peer(&verdict.found, peer);
    bool is_told = evidence_sum(&peer->tallies[EVIDENCE_TOLD]) + evidence_sum(&peer->tallies[EVIDENCE_UNTOLD]) > 0;
    verdict.found.is_sure = is_told || is_unix(verdict.found.address) || reach_of(verdict.found.address) != IP_PUBLIC;
    evidence_balance(evidence, fault, &wrong, &right);
    verdict.found.is_remark = !verdict.found.is_sure && wrong <= right;
    return verdict;
}

static enum notice_detail how_it_drops(const struct evidence_peer *peer)
{
    static const enum notice_detail details[] = {
        [EVIDENCE_HTTP_1_0] = DETAIL_HTTP_1_0,
        [EVIDENCE_UPGRADE_DROPPED] = DETAIL_NO_UPGRADE,
        [EVIDENCE_CONNECTION_DROPPED] = DETAIL_NO_CONNECTION,
    };
    size_t worst = 0;

    for (size_t kind = 1; kind < sizeof details / sizeof *details; kind++) {
        if (evidence_sum(&peer->tallies[kind]) > evidence_sum(&peer->tallies[worst]))
            worst = kind;
    }
    return details[worst];
}

static struct verdict judge_upgrades(const struct notices *notices)
{
    const struct evidence_peer *peer = NULL;
    uint32_t least = notices->options.evidence_min;
    struct verdict verdict = judge_peer(&notices->evidence, PEER_DROPS_UPGRADES, least, &peer);

    if (verdict.is_there)
        verdict.found.detail = how_it_drops(peer);
    return verdict;
}

/* Is there enough of it, more than there are sockets that opened, and have few opened since the last of it? */
static bool outweighs(struct notices *notices, enum notice notice, uint32_t count)
{
    struct counterweight *weight = &notices->weights[notice];

    if (count > weight->count)
        weight->opened_total = notices->opened_seen;
    weight->count = count;
    return count >= notices->options.evidence_min && count > evidence_sum(&notices->opened)
           && notices->opened_seen - weight->opened_total < notices->options.evidence_min;
}

/* Crawlers and closed tabs leave pages without sockets as well, but beside them others chat. What is explained by a
 * fault that is known is not told twice. */
static struct verdict judge_sockets(struct notices *notices, bool is_explained)
{
    const struct evidence *evidence = &notices->evidence;
    uint32_t lost = evidence_sum(&evidence->lost), pleas = evidence_sum(&evidence->pleas);
    uint32_t count = lost > pleas ? lost : pleas;

    return (struct verdict){
        .is_there = outweighs(notices, NOTICE_SOCKETS_MISSING, count) && !is_explained,
        .found = {.count = count, .detail = evidence_sum(&evidence->astray) * 2 > pleas ? DETAIL_ASTRAY : DETAIL_NONE},
    };
}

static struct verdict judge_origins(struct notices *notices)
{
    uint32_t count = evidence_sum(&notices->evidence.misorigins);

    return (struct verdict){.is_there = outweighs(notices, NOTICE_ORIGIN_REFUSED, count), .found = {.count = count}};
}

size_t notices_merge_lessons(struct silence_lesson *lessons, size_t count)
{
    size_t kept = 0;

    for (size_t i = 0; i < count; i++) {
        const struct silence_lesson lesson = lessons[i];
        size_t at = 0;
        while (at < kept
               && (lessons[at].is_proxy != lesson.is_proxy || lessons[at].address[0] != lesson.address[0]
                   || lessons[at].address[1] != lesson.address[1]))
            at++;
        bool is_shorter = at == kept || lesson.interval_ms < lessons[at].interval_ms;
        uint64_t newest_ms = at < kept && lessons[at].evidence_ms > lesson.evidence_ms ? lessons[at].evidence_ms
                                                                                       : lesson.evidence_ms;
        if (is_shorter)
            lessons[at] = lesson;
        lessons[at].evidence_ms = newest_ms;
        kept += at == kept;
    }
    for (size_t i = 1; i < kept; i++) {
        for (size_t j = i; j > 0 && lessons[j].interval_ms < lessons[j - 1].interval_ms; j--) {
            struct silence_lesson other = lessons[j];
            lessons[j] = lessons[j - 1];
            lessons[j - 1] = other;
        }
    }
    return kept;
}

/* The path that must be pinged most often; a proxy's before a network's. */
static struct verdict judge_silence(const struct notices *notices, const struct notices_view *view)
{
    struct verdict verdict = {.is_there = false};
    const struct silence_lesson *worst = NULL;
    uint64_t count = 0;

    for (size_t i = 0; i < view->lesson_count; i++) {
        const struct silence_lesson *lesson = &view->lessons[i];
        if (view->now_ms - lesson->evidence_ms >= 2 * (uint64_t)notices->forget_ms)
            continue;
        count++;
        if (!worst || lesson->is_proxy > worst->is_proxy
            || (lesson->is_proxy == worst->is_proxy && lesson->interval_ms < worst->interval_ms))
            worst = lesson;
    }
    if (!worst)
        return verdict;
    bool is_near = worst->is_proxy || reach_of(worst->address) != IP_PUBLIC;
    verdict.is_there = true;
    verdict.found = (struct notice_state){
        .count = count,
        .is_remark = !is_near,
        .is_sure = is_near,
        .detail = worst->cut_ms > 0 ? DETAIL_CUT : DETAIL_FORGOTTEN,
        .has_address = true,
        .address = {worst->address[0], worst->address[1]},
        .is_network = !worst->is_proxy,
        .number_ms = worst->cut_ms,
        .heartbeat_ms = worst->interval_ms,
    };
    return verdict;
}

static struct verdict judge_addresses(const struct notices *notices, const struct notices_view *view, bool is_explained)
{
    const struct evidence *evidence = &notices->evidence;
    struct verdict verdict = {.is_there = false};
    uint32_t least = notices->options.one_address_min;

    verdict.found.count = evidence_sum(&evidence->one);
    if (is_explained || verdict.found.count < least || view->open_now < least || evidence_sum(&evidence->others) > 0)
        return verdict;
    verdict.is_there = true;
    verdict.found.is_remark = true;
    verdict.found.has_address = true;
    for (int i = 0; i < 2; i++)
        verdict.found.address[i] = atomic_load(&evidence->one_address[i]);
    return verdict;
}

/* ---- the board ---- */

/* The log hears of it when it goes up, now and then while it is up, and of its end if it heard of it before. */
static void tell(struct notices *notices, enum notice notice, uint64_t now_ms)
{
    const struct notice_state *state = &notices->states[notice];
    uint64_t told_ms = notices->told_ms[notice];

    if (!state->is_up && notices->is_told[notice]) {
        notice_log(notice, state, false);
        notices->is_told[notice] = false;
    }
    if (!state->is_up || (told_ms > 0 && now_ms - told_ms < notices->options.repeat_ms))
        return;
    notice_log(notice, state, true);
    notices->is_told[notice] = true;
    notices->told_ms[notice] = now_ms;
}

/* Puts it up, keeps it up with what is known now, or takes it down. */
static void settle(struct notices *notices, const struct notices_view *view, enum notice notice,
                   const struct verdict *verdict)
{
    struct notice_state *state = &notices->states[notice], next = verdict->found;
    uint64_t words[NOTICE_WORDS];

    if (!state->is_up && !verdict->is_there)
        return;
    bool goes_up = verdict->is_there && !state->is_up;
    next.is_up = verdict->is_there;
    next.since_ms = goes_up ? view->wall_ms : state->since_ms;
    next.last_ms = goes_up || next.count > state->count ? view->wall_ms : state->last_ms;
    next.raised = state->raised + goes_up;
    *state = next;
    tell(notices, notice, view->now_ms);
    memcpy(words, state, sizeof words);
    snapshot_write(&notices->shown[notice], words);
}

static void count_opened(struct notices *notices, const struct notices_view *view)
{
    atomic_fetch_add(&notices->opened.present, (uint32_t)(view->opened_total - notices->opened_seen));
    notices->opened_seen = view->opened_total;
    if (notices->opened_turned_ms != notices->evidence.turned_ms) {
        notices->opened.past = atomic_exchange(&notices->opened.present, 0);
        notices->opened_turned_ms = notices->evidence.turned_ms;
    }
}

void notices_look(struct notices *notices, const struct notices_view *view)
{
    const struct evidence *evidence = &notices->evidence;
    const struct evidence_peer *peer = NULL;
    uint32_t least = notices->options.evidence_min;
    struct verdict verdicts[NOTICE_COUNT];

    evidence_sweep(&notices->evidence, &notices->options, view->now_ms);
    count_opened(notices, view);
    verdicts[NOTICE_UPGRADE_DROPPED] = judge_upgrades(notices);
    verdicts[NOTICE_ORIGIN_REFUSED] = judge_origins(notices);
    bool is_known = verdicts[NOTICE_ORIGIN_REFUSED].is_there
                    || (verdicts[NOTICE_UPGRADE_DROPPED].is_there && !verdicts[NOTICE_UPGRADE_DROPPED].found.is_remark);
    verdicts[NOTICE_SOCKETS_MISSING] = judge_sockets(notices, is_known);
    verdicts[NOTICE_SILENCE_CUT] = judge_silence(notices, view);
    verdicts[NOTICE_FORWARDED_NOT_BELIEVED] = judge_peer(evidence, PEER_NOT_BELIEVED, least, &peer);
    peer = NULL;
    verdicts[NOTICE_FORWARDED_MISSING] = judge_peer(evidence, PEER_NAMES_NOBODY, least, &peer);
    is_known = verdicts[NOTICE_FORWARDED_NOT_BELIEVED].is_there || verdicts[NOTICE_FORWARDED_MISSING].is_there;
    verdicts[NOTICE_ONE_ADDRESS] = judge_addresses(notices, view, is_known);
    for (enum notice notice = 0; notice < NOTICE_COUNT; notice++)
        settle(notices, view, notice, &verdicts[notice]);
}

bool notices_read(const struct notices *notices, enum notice notice, struct notice_state *out_state)
{
    uint64_t words[NOTICE_WORDS];

    check(notice < NOTICE_COUNT);
    if (!snapshot_read(&notices->shown[notice], words))
        memset(words, 0, sizeof words);
    memcpy(out_state, words, sizeof words);
    return out_state->is_up != 0;
}
