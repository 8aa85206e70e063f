/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/evidence.h"

#include "base/table.h"
#include "ops/diagnosis.h"

enum { PLACE_FREE, PLACE_ABOUT_TO_BE, PLACE_TAKEN };

#define BIT(kind) (1u << (kind))

/* What is evidence for a fault, and what against it. */
static const struct {
    unsigned wrong, right;
} faults[PEER_FAULT_COUNT] = {
    [PEER_DROPS_UPGRADES] = {BIT(EVIDENCE_HTTP_1_0) | BIT(EVIDENCE_UPGRADE_DROPPED) | BIT(EVIDENCE_CONNECTION_DROPPED),
                             BIT(EVIDENCE_UPGRADED)},
    [PEER_NOT_BELIEVED] = {BIT(EVIDENCE_NOT_BELIEVED), BIT(EVIDENCE_NAMELESS)},
    [PEER_NAMES_NOBODY] = {BIT(EVIDENCE_UNTOLD) | BIT(EVIDENCE_HIDDEN), BIT(EVIDENCE_TOLD)},
};

/* ---- tallies ---- */

static void tally_add(struct evidence_tally *tally, uint32_t number)
{
    atomic_fetch_add_explicit(&tally->present, number, memory_order_relaxed);
}

uint32_t evidence_sum(const struct evidence_tally *tally)
{
    return atomic_load_explicit(&tally->present, memory_order_relaxed) + tally->past;
}

static void tally_turn(struct evidence_tally *tally)
{
    tally->past = atomic_exchange_explicit(&tally->present, 0, memory_order_relaxed);
}

/* More than one thread adds. */
static void total_add(struct counter *total, uint64_t number)
{
    atomic_fetch_add_explicit(&total->value, number, memory_order_relaxed);
}

/* ---- peers ---- */

static bool is_of(const struct evidence_peer *peer, const uint64_t address[2])
{
    return atomic_load_explicit(&peer->is_taken, memory_order_acquire) == PLACE_TAKEN
           && atomic_load_explicit(&peer->address[0], memory_order_relaxed) == address[0]
           && atomic_load_explicit(&peer->address[1], memory_order_relaxed) == address[1];
}

static struct evidence_peer *find(struct evidence *evidence, const uint8_t bytes[IP_BYTES])
{
    uint64_t address[2];

    if (atomic_load_explicit(&evidence->peer_count, memory_order_relaxed) == 0)
        return NULL; /* as on most days */
    memcpy(address, bytes, IP_BYTES);
    struct evidence_peer *set = evidence->peers[table_hash(view_of(bytes, IP_BYTES)) % EVIDENCE_SETS];
    for (size_t i = 0; i < EVIDENCE_WAYS; i++) {
        if (is_of(&set[i], address))
            return &set[i];
    }
    return NULL;
}

/* Another thread may take a second place for the same peer at this moment: then each has a part of the evidence, until
 * one of the places is given back. */
static struct evidence_peer *find_or_take(struct evidence *evidence, const uint8_t bytes[IP_BYTES], bool is_nearby)
{
    struct evidence_peer *set = evidence->peers[table_hash(view_of(bytes, IP_BYTES)) % EVIDENCE_SETS];
    struct evidence_peer *found = find(evidence, bytes);
    uint64_t address[2];

    memcpy(address, bytes, IP_BYTES);
    for (size_t i = 0; !found && i < (size_t)(is_nearby ? EVIDENCE_WAYS : EVIDENCE_WAYS_OF_ANYBODY); i++) {
        uint32_t expected = PLACE_FREE;
        if (!atomic_compare_exchange_strong(&set[i].is_taken, &expected, PLACE_ABOUT_TO_BE))
            continue;
        found = &set[i];
        atomic_store_explicit(&found->address[0], address[0], memory_order_relaxed);
        atomic_store_explicit(&found->address[1], address[1], memory_order_relaxed);
        atomic_fetch_add(&evidence->peer_count, 1);
        atomic_store_explicit(&found->is_taken, PLACE_TAKEN, memory_order_release);
    }
    if (!found)
        total_add(&evidence->unplaced_total, 1);
    return found;
}

static bool is_nearby(const struct sighting *sighting)
{
    static const uint8_t none[IP_BYTES]; /* what comes through a unix socket has no address */

    return sighting->is_trusted || ip_reach_of(sighting->peer) != IP_PUBLIC
           || memcmp(sighting->peer, none, IP_BYTES) == 0;
}

static void note(struct evidence *evidence, const struct sighting *sighting, enum evidence_kind kind)
{
    bool is_wrong = false;

    for (enum peer_fault fault = 0; fault < PEER_FAULT_COUNT; fault++)
        is_wrong = is_wrong || (faults[fault].wrong & BIT(kind)) != 0;
    tally_add(&evidence->totals[kind], 1);
    /* Of a trusted proxy the good is remembered as well, also from before the first fault. */
    struct evidence_peer *peer = is_wrong || sighting->is_trusted
                                     ? find_or_take(evidence, sighting->peer, is_nearby(sighting))
                                     : find(evidence, sighting->peer);
    if (!peer)
        return;
    tally_add(&peer->tallies[kind], 1);
    for (enum peer_fault fault = 0; fault < PEER_FAULT_COUNT; fault++) {
        if (faults[fault].wrong & BIT(kind))
            atomic_store_explicit(&peer->right_in_row[fault], 0, memory_order_relaxed);
        else if (faults[fault].right & BIT(kind))
            atomic_fetch_add_explicit(&peer->right_in_row[fault], 1, memory_order_relaxed);
    }
}

/* ---- clients: bits 0 to 31 since when, 32 to 47 how many pages wait, 48 a page has pleaded ---- */

#define CLIENT_PLEADED (UINT64_C(1) << 48)
enum { CLIENT_PAGES_MAX = 0xffff };

static _Atomic uint64_t *client_at(struct evidence *evidence, const uint8_t address[IP_BYTES])
{
    return &evidence->clients[table_hash(view_of(address, IP_BYTES)) % EVIDENCE_CLIENTS];
}

static uint32_t client_pages(uint64_t word)
{
    return (uint32_t)(word >> 32) & CLIENT_PAGES_MAX;
}

static uint32_t client_age_ms(uint64_t word, uint64_t now_ms)
{
    return (uint32_t)now_ms - (uint32_t)word;
}

static void client_visits(_Atomic uint64_t *client, uint64_t now_ms)
{
    uint64_t word = atomic_load(client), next;

    do {
        uint32_t pages = client_pages(word);
        uint64_t since = pages == 0 ? (uint32_t)now_ms : (uint32_t)word;
        pages += pages < CLIENT_PAGES_MAX;
        next = (word & CLIENT_PLEADED) | (uint64_t)pages << 32 | since;
    } while (!atomic_compare_exchange_weak(client, &word, next));
}

static void client_is_served(_Atomic uint64_t *client)
{
    if (atomic_load_explicit(client, memory_order_relaxed) != 0)
        atomic_store(client, 0);
}

void evidence_plead(struct evidence *evidence, const struct plea *plea, uint32_t socket_ms)
{
    _Atomic uint64_t *client = client_at(evidence, plea->client);
    uint64_t word = atomic_load(client);

    total_add(&evidence->pleas_total, 1);
    if ((word & CLIENT_PLEADED) && client_age_ms(word, plea->now_ms) < socket_ms)
        return;
    /* The pages that wait are what it pleads for. */
    if (!atomic_compare_exchange_strong(client, &word, CLIENT_PLEADED | (uint32_t)plea->now_ms))
        return; /* something of this client has happened at this moment */
    tally_add(&evidence->pleas, 1);
    if (plea->is_astray)
        tally_add(&evidence->astray, 1);
    if (plea->is_misorigin)
        tally_add(&evidence->misorigins, 1);
}

/* ---- what a request is ---- */

enum matter { MATTER_NONE, MATTER_VISIT, MATTER_UPGRADE, MATTER_BROKEN };

/* Browsers say of a page that somebody wants to see it; programs that fetch one seldom do. */
static bool is_navigation(const struct http_request *request)
{
    const struct http_field *purpose = http_field_find(request, "Sec-Purpose");

    if (purpose && view_starts_with(purpose->value, VIEW("prefetch")))
        return false;
    return http_field_has_token(request, "Sec-Fetch-Dest", "document")
           || http_field_find(request, "Upgrade-Insecure-Requests") != NULL;
}

static enum evidence_kind how_broken(const struct http_request *request)
{
    if (request->minor_version < 1)
        return EVIDENCE_HTTP_1_0;
    if (!http_field_has_token(request, "Upgrade", "websocket"))
        return EVIDENCE_UPGRADE_DROPPED;
    return EVIDENCE_CONNECTION_DROPPED;
}

/* A key is sent by whoever means an upgrade, and by nobody who opens the address in a browser. What natter doctor asks
 * for is broken on purpose. */
static enum matter matter_of(const struct http_request *request, enum ws_handshake handshake)
{
    if (!view_equal(request->method, VIEW("GET")) || diagnosis_is_asked(request))
        return MATTER_NONE;
    if (handshake == WS_HANDSHAKE_NOT_ASKED
        && (view_equal(request->path, VIEW("/")) || view_equal(request->path, VIEW("/index.html"))))
        return is_navigation(request) ? MATTER_VISIT : MATTER_NONE;
    if (!view_equal(request->path, VIEW("/ws")))
        return MATTER_NONE;
    if (handshake == WS_HANDSHAKE_RIGHT)
        return MATTER_UPGRADE;
    bool is_whole = request->minor_version == 1 && http_field_has_token(request, "Upgrade", "websocket")
                    && http_field_has_token(request, "Connection", "upgrade");
    return !is_whole && http_field_find(request, "Sec-WebSocket-Key") ? MATTER_BROKEN : MATTER_NONE;
}

bool evidence_matters(const struct http_request *request, enum ws_handshake handshake)
{
    return matter_of(request, handshake) != MATTER_NONE;
}

static bool names_clients(const struct http_request *request)
{
    return http_field_find(request, "X-Forwarded-For") || http_field_find(request, "Forwarded")
           || http_field_find(request, "X-Real-IP");
}

/* "localhost", an address, or a name without a dot: as somebody on this machine would write. */
static bool is_name_of_here(struct view host)
{
    uint8_t address[IP_BYTES];
    struct view bare = host;

    if (bare.size > 1 && bare.at[0] == '[')
        bare = view_first(view_skip(bare, 1), bare.size - 2);
    if (ip_parse(bare, address))
        return ip_reach_of(address) == IP_LOOPBACK;
    const uint8_t *dot = host.size > 0 ? memrchr(host.at, '.', host.size) : NULL;
    if (!dot)
        return true;
    struct view last = view_skip(host, (size_t)(dot - host.at) + 1);
    return view_equal_ignoring_case(last, VIEW("localhost")) || view_equal_ignoring_case(last, VIEW("local"))
           || view_equal_ignoring_case(last, VIEW("localdomain"));
}

static struct view host_of_origin(struct view origin)
{
    const uint8_t *slashes = origin.size > 0 ? memmem(origin.at, origin.size, "://", 3) : NULL;

    return slashes ? view_skip(origin, (size_t)(slashes - origin.at) + 3) : (struct view){NULL, 0};
}

/* From this machine, and yet not asked for by somebody on it: something has passed it on. */
static bool is_for_another_name(const struct http_request *request)
{
    const struct http_field *host = http_field_find(request, "Host");
    const struct http_field *origin = http_field_find(request, "Origin");
    struct view page = origin ? host_of_origin(origin->value) : (struct view){NULL, 0};

    if (http_field_find(request, "Via") || http_field_find(request, "X-Forwarded-Proto"))
        return true;
    if (host && http_host_is_valid(host->value) && !is_name_of_here(http_host_without_port(host->value)))
        return true;
    return http_host_is_valid(page) && !is_name_of_here(http_host_without_port(page));
}

static enum evidence_kind whose_words(const struct sighting *sighting)
{
    bool is_here = ip_reach_of(sighting->peer) == IP_LOOPBACK;

    if (sighting->is_trusted && sighting->is_client_told)
        return EVIDENCE_TOLD;
    if (!sighting->is_trusted && names_clients(sighting->request))
        return EVIDENCE_NOT_BELIEVED;
    if (is_here && !is_for_another_name(sighting->request))
        return EVIDENCE_NAMELESS; /* somebody on this machine, also where proxies on it are trusted */
    if (sighting->is_trusted)
        return EVIDENCE_UNTOLD;
    return is_here ? EVIDENCE_HIDDEN : EVIDENCE_NAMELESS;
}

static void count_address(struct evidence *evidence, const uint8_t client[IP_BYTES])
{
    uint64_t hash = table_hash(view_of(client, IP_BYTES)) | 1, known = 0, words[2];

    if (ip_reach_of(client) == IP_LOOPBACK)
        return; /* a load test, or a proxy, which is noticed in other ways */
    if (atomic_compare_exchange_strong(&evidence->one_hash, &known, hash)) {
        memcpy(words, client, IP_BYTES);
        atomic_store(&evidence->one_address[0], words[0]);
        atomic_store(&evidence->one_address[1], words[1]);
        known = hash;
    }
    tally_add(known == hash ? &evidence->one : &evidence->others, 1);
}

void evidence_see(struct evidence *evidence, const struct sighting *sighting)
{
    enum matter matter = matter_of(sighting->request, sighting->handshake);
    _Atomic uint64_t *client = client_at(evidence, sighting->client);

    switch (matter) {
    case MATTER_NONE: return;
    case MATTER_VISIT:
        total_add(&evidence->visits_total, 1);
        client_visits(client, sighting->now_ms);
        break;
    case MATTER_UPGRADE:
        client_is_served(client);
        note(evidence, sighting, EVIDENCE_UPGRADED);
        count_address(evidence, sighting->client);
        break;
    case MATTER_BROKEN:
        client_is_served(client); /* its socket did come, in whatever state */
        note(evidence, sighting, how_broken(sighting->request));
        break;
    }
    note(evidence, sighting, whose_words(sighting));
}

bool evidence_drops_upgrades(const struct evidence *evidence, const uint8_t peer_address[IP_BYTES])
{
    const struct evidence_peer *peer = find((struct evidence *)(uintptr_t)evidence, peer_address);
    uint32_t wrong = 0;

    if (!peer || atomic_load_explicit(&peer->right_in_row[PEER_DROPS_UPGRADES], memory_order_relaxed) > 0)
        return false;
    for (enum evidence_kind kind = 0; kind < EVIDENCE_KIND_COUNT; kind++) {
        if (faults[PEER_DROPS_UPGRADES].wrong & BIT(kind))
            wrong += atomic_load_explicit(&peer->tallies[kind].present, memory_order_relaxed);
    }
    return wrong > 0;
}

/* ---- the sweeper ---- */

static uint32_t sum_of(const struct evidence_tally *tallies, unsigned kinds)
{
    uint32_t sum = 0;

    for (enum evidence_kind kind = 0; kind < EVIDENCE_KIND_COUNT; kind++) {
        if (kinds & BIT(kind))
            sum += evidence_sum(&tallies[kind]);
    }
    return sum;
}

static void sweep_clients(struct evidence *evidence, const struct notices_options *options, uint64_t now_ms)
{
    for (size_t i = 0; i < EVIDENCE_CLIENTS; i++) {
        uint64_t word = atomic_load_explicit(&evidence->clients[i], memory_order_relaxed);
        uint32_t pages = client_pages(word), age_ms = client_age_ms(word, now_ms);
        if (word == 0 || age_ms < options->socket_ms || (pages == 0 && age_ms < options->window_ms / 2))
            continue;
        if (!atomic_compare_exchange_strong(&evidence->clients[i], &word, 0))
            continue; /* it came at the last moment */
        tally_add(&evidence->lost, pages);
        total_add(&evidence->lost_total, pages);
    }
}

/* A place of which nothing was seen in the whole window is given back. */
static void turn_peer(struct evidence *evidence, struct evidence_peer *peer)
{
    uint32_t sum = 0;

    if (atomic_load(&peer->is_taken) != PLACE_TAKEN)
        return;
    for (enum evidence_kind kind = 0; kind < EVIDENCE_KIND_COUNT; kind++) {
        tally_turn(&peer->tallies[kind]);
        sum += evidence_sum(&peer->tallies[kind]);
    }
    if (sum > 0)
        return;
    for (enum peer_fault fault = 0; fault < PEER_FAULT_COUNT; fault++)
        atomic_store(&peer->right_in_row[fault], 0);
    atomic_fetch_sub(&evidence->peer_count, 1);
    atomic_store(&peer->is_taken, PLACE_FREE);
}

static void turn_halves(struct evidence *evidence)
{
    struct evidence_tally *const tallies[] = {&evidence->pleas, &evidence->astray, &evidence->misorigins,
                                              &evidence->lost,  &evidence->one,    &evidence->others};

    for (size_t i = 0; i < sizeof tallies / sizeof *tallies; i++)
        tally_turn(tallies[i]);
    for (enum evidence_kind kind = 0; kind < EVIDENCE_KIND_COUNT; kind++)
        tally_turn(&evidence->totals[kind]);
    for (size_t i = 0; i < (size_t)EVIDENCE_SETS * EVIDENCE_WAYS; i++)
        turn_peer(evidence, &evidence->peers[i / EVIDENCE_WAYS][i % EVIDENCE_WAYS]);
    if (evidence_sum(&evidence->others) > 0 || evidence_sum(&evidence->one) == 0)
        atomic_store(&evidence->one_hash, 0); /* the next one to come is as good */
}

void evidence_sweep(struct evidence *evidence, const struct notices_options *options, uint64_t now_ms)
{
    sweep_clients(evidence, options, now_ms);
    if (evidence->turned_ms == 0)
        evidence->turned_ms = now_ms;
    if (now_ms - evidence->turned_ms < options->window_ms / 2)
        return;
    evidence->turned_ms = now_ms;
    turn_halves(evidence);
}

uint32_t evidence_worst(const struct evidence *evidence, enum peer_fault fault, uint32_t least,
                        const struct evidence_peer **out_peer)
{
    uint32_t worst = 0;

    for (size_t i = 0; i < (size_t)EVIDENCE_SETS * EVIDENCE_WAYS; i++) {
        const struct evidence_peer *peer = &evidence->peers[i / EVIDENCE_WAYS][i % EVIDENCE_WAYS];
        if (atomic_load_explicit(&peer->is_taken, memory_order_acquire) != PLACE_TAKEN)
            continue;
        uint32_t wrong = sum_of(peer->tallies, faults[fault].wrong);
        uint32_t right = sum_of(peer->tallies, faults[fault].right);
        uint32_t in_row = atomic_load_explicit(&peer->right_in_row[fault], memory_order_relaxed);
        if (wrong < least || wrong <= right || in_row >= least || wrong <= worst)
            continue;
        worst = wrong;
        *out_peer = peer;
    }
    return worst;
}

void evidence_balance(const struct evidence *evidence, enum peer_fault fault, uint32_t *out_for, uint32_t *out_against)
{
    *out_for = sum_of(evidence->totals, faults[fault].wrong);
    *out_against = sum_of(evidence->totals, faults[fault].right);
}
