/* SPDX-License-Identifier: Apache-2.0 */
#include "net/silence.h"

#include <assert.h>
#include <string.h>

#include "base/check.h"
#include "base/pack.h"
#include "base/table.h"

enum { IP4_NETWORK_BYTES = 15, IP6_NETWORK_BYTES = 6 };

struct silence_key silence_key_of_proxy(const uint8_t address[IP_BYTES])
{
    struct silence_key key = {.is_proxy = true};

    memcpy(key.address, address, IP_BYTES);
    return key;
}

struct silence_key silence_key_of_client(const uint8_t address[IP_BYTES])
{
    struct silence_key key = {.is_proxy = false};

    memcpy(key.address, address, ip_is_4(address) ? IP4_NETWORK_BYTES : IP6_NETWORK_BYTES);
    return key;
}

static bool is_key_of(const struct silence_path *path, const struct silence_key *key)
{
    return path->is_used && path->key.is_proxy == key->is_proxy
           && memcmp(path->key.address, key->address, IP_BYTES) == 0;
}

static struct silence_path *set_of(struct silence *silence, const struct silence_key *key)
{
    return silence->paths[table_hash(view_of(key->address, IP_BYTES)) % SILENCE_SETS];
}

static struct silence_path *find(struct silence *silence, const struct silence_key *key)
{
    if (silence->used_count == 0)
        return NULL; /* as on most days: what follows costs nothing then */
    struct silence_path *set = set_of(silence, key);
    for (size_t i = 0; i < SILENCE_WAYS; i++) {
        if (is_key_of(&set[i], key))
            return &set[i];
    }
    return NULL;
}

static void forget(struct silence *silence, struct silence_path *path)
{
    check(silence->used_count > 0);
    *path = (struct silence_path){.is_used = false};
    silence->used_count--;
}

/* Which of two makes room: a free one, then one that has taught nothing, then the one without evidence longest. */
static bool goes_before(const struct silence_path *one, const struct silence_path *other)
{
    if (one->is_used != other->is_used)
        return !one->is_used;
    if ((one->interval_ms > 0) != (other->interval_ms > 0))
        return one->interval_ms == 0;
    return one->evidence_ms < other->evidence_ms;
}

static struct silence_path *find_or_make(struct silence *silence, const struct silence_key *key)
{
    struct silence_path *found = find(silence, key);
    struct silence_path *set = set_of(silence, key), *place = &set[0];

    if (found)
        return found;
    for (size_t i = 1; i < SILENCE_WAYS; i++) {
        if (goes_before(&set[i], place))
            place = &set[i];
    }
    if (place->is_used)
        forget(silence, place);
    *place = (struct silence_path){.key = *key, .is_used = true};
    silence->used_count++;
    return place;
}

/* Timers of proxies are exact, those of address translation to the second; what the network adds is little. */
static uint32_t tolerance_ms(uint32_t age_ms)
{
    return age_ms / 20 + 100;
}

static void drop_age(struct silence_path *path, enum silence_kind kind, size_t index)
{
    check(index < path->counts[kind]);
    path->counts[kind]--;
    memmove(&path->ages[kind][index], &path->ages[kind][index + 1],
            (path->counts[kind] - index) * sizeof path->ages[kind][0]);
}

static void add_age(struct silence_path *path, enum silence_kind kind, uint32_t age_ms)
{
    if (path->counts[kind] == SILENCE_AGES)
        drop_age(path, kind, 0);
    path->ages[kind][path->counts[kind]++] = age_ms;
}

/* The least age from which on, within the tolerance, there are enough. 0: there is none. */
static uint32_t proven_age(const struct silence_path *path, enum silence_kind kind)
{
    uint32_t least_ms = 0;

    for (size_t i = 0; i < path->counts[kind]; i++) {
        uint32_t from_ms = path->ages[kind][i];
        size_t count = 0;
        for (size_t j = 0; j < path->counts[kind]; j++) {
            uint32_t age_ms = path->ages[kind][j];
            count += age_ms >= from_ms && age_ms <= from_ms + tolerance_ms(from_ms);
        }
        if (count >= SILENCE_PROOFS && (least_ms == 0 || from_ms < least_ms))
            least_ms = from_ms;
    }
    return least_ms;
}

static uint32_t learn(const struct silence *silence, struct silence_path *path, uint32_t interval_ms)
{
    uint32_t known_ms = path->interval_ms > 0 ? path->interval_ms : silence->heartbeat_ms;

    if (interval_ms < silence->floor_ms)
        interval_ms = silence->floor_ms;
    if (interval_ms + tolerance_ms(interval_ms) / 2 >= known_ms)
        return 0;
    path->interval_ms = interval_ms;
    return interval_ms;
}

uint32_t silence_cut(struct silence *silence, const struct silence_key *key, uint64_t now_ms,
                     const struct silence_ages *ages)
{
    uint32_t least_ms = 0;

    if (silence->forget_ms == 0 || ages->ms[SILENCE_OF_CLIENT] < silence->floor_ms)
        return 0;
    struct silence_path *path = find_or_make(silence, key);
    for (enum silence_kind kind = 0; kind < SILENCE_KIND_COUNT; kind++) {
        if (ages->ms[kind] < silence->floor_ms)
            continue;
        add_age(path, kind, ages->ms[kind]);
        uint32_t age_ms = proven_age(path, kind);
        if (age_ms > 0 && (least_ms == 0 || age_ms < least_ms))
            least_ms = age_ms;
    }
    path->evidence_ms = now_ms;
    uint32_t interval_ms = least_ms > 0 ? learn(silence, path, least_ms - least_ms / 5) : 0;
    if (interval_ms > 0)
        path->cut_ms = least_ms;
    return interval_ms;
}

uint32_t silence_deaf(struct silence *silence, const struct silence_key *key, uint64_t now_ms, uint32_t interval_ms)
{
    if (silence->forget_ms == 0 || interval_ms <= silence->floor_ms)
        return 0;
    struct silence_path *path = find_or_make(silence, key);
    if (path->deaf_ms == 0 || interval_ms < path->deaf_ms - path->deaf_ms / 10) {
        path->deaf_ms = interval_ms;
        path->deaf_count = 0;
    }
    path->evidence_ms = now_ms;
    if (++path->deaf_count < SILENCE_PROOFS)
        return 0;
    path->deaf_count = 0;
    uint32_t learned_ms = learn(silence, path, interval_ms / 2);
    if (learned_ms > 0)
        path->cut_ms = 0;
    return learned_ms;
}

static void forget_if_empty(struct silence *silence, struct silence_path *path)
{
    if (path->counts[SILENCE_OF_CLIENT] == 0 && path->counts[SILENCE_OF_BOTH] == 0 && path->deaf_count == 0
        && path->interval_ms == 0)
        forget(silence, path);
}

/* Against a silence of this age, or a longer one, speaks who outlived it: one witness for one, the oldest first. */
static void contradict(struct silence_path *path, enum silence_kind kind, uint32_t survived_ms)
{
    for (size_t i = 0; i < path->counts[kind]; i++) {
        uint32_t age_ms = path->ages[kind][i];
        if (age_ms + tolerance_ms(age_ms) >= survived_ms)
            continue;
        drop_age(path, kind, i);
        return;
    }
}

void silence_survived(struct silence *silence, const struct silence_key *key, const struct silence_ages *ages)
{
    struct silence_path *path = find(silence, key);

    if (!path)
        return;
    for (enum silence_kind kind = 0; kind < SILENCE_KIND_COUNT; kind++)
        contradict(path, kind, ages->ms[kind]);
    forget_if_empty(silence, path);
}

void silence_answered(struct silence *silence, const struct silence_key *key, uint32_t interval_ms)
{
    struct silence_path *path = find(silence, key);

    if (!path || path->deaf_count == 0 || interval_ms < path->deaf_ms - path->deaf_ms / 10)
        return;
    path->deaf_count--;
    forget_if_empty(silence, path);
}

uint32_t silence_interval(struct silence *silence, const struct silence_key *key, uint64_t now_ms, bool is_probe)
{
    struct silence_path *path = find(silence, key);

    if (!path)
        return silence->heartbeat_ms;
    uint64_t old_ms = now_ms - path->evidence_ms;
    if (old_ms >= 2 * (uint64_t)silence->forget_ms) {
        forget(silence, path);
        return silence->heartbeat_ms;
    }
    if (path->interval_ms == 0 || (old_ms >= silence->forget_ms && is_probe))
        return silence->heartbeat_ms;
    return path->interval_ms;
}

size_t silence_learned_count(const struct silence *silence, uint32_t *out_shortest_ms)
{
    size_t count = 0;

    *out_shortest_ms = 0;
    for (size_t i = 0; i < (size_t)SILENCE_SETS * SILENCE_WAYS; i++) {
        uint32_t interval_ms = silence->paths[i / SILENCE_WAYS][i % SILENCE_WAYS].interval_ms;
        if (interval_ms == 0)
            continue;
        count++;
        if (*out_shortest_ms == 0 || interval_ms < *out_shortest_ms)
            *out_shortest_ms = interval_ms;
    }
    return count;
}

static struct silence_lesson lesson_of(const struct silence_path *path)
{
    struct silence_lesson lesson = {
        .is_proxy = path->key.is_proxy,
        .interval_ms = path->interval_ms,
        .cut_ms = path->cut_ms,
        .evidence_ms = path->evidence_ms,
    };

    static_assert(sizeof lesson.address == IP_BYTES, "an address is two words");
    memcpy(lesson.address, path->key.address, IP_BYTES);
    return lesson;
}

size_t silence_list(const struct silence *silence, struct silence_lesson out_lessons[SILENCE_LESSONS_MAX])
{
    size_t count = 0;

    for (size_t i = 0; i < (size_t)SILENCE_SETS * SILENCE_WAYS; i++) {
        const struct silence_path *path = &silence->paths[i / SILENCE_WAYS][i % SILENCE_WAYS];
        size_t at = count;
        if (path->interval_ms == 0)
            continue;
        while (at > 0 && out_lessons[at - 1].interval_ms > path->interval_ms)
            at--;
        if (at == SILENCE_LESSONS_MAX)
            continue;
        size_t kept = count < SILENCE_LESSONS_MAX ? count : SILENCE_LESSONS_MAX - 1;
        memmove(&out_lessons[at + 1], &out_lessons[at], (kept - at) * sizeof *out_lessons);
        out_lessons[at] = lesson_of(path);
        count = kept + 1;
    }
    return count;
}

static void pack_path(const struct silence_path *path, struct builder *out)
{
    builder_add(out, path->key.address, IP_BYTES);
    pack_number(out, path->key.is_proxy, 1);
    for (int kind = 0; kind < SILENCE_KIND_COUNT; kind++) {
        pack_number(out, path->counts[kind], 1);
        for (int i = 0; i < SILENCE_AGES; i++)
            pack_number(out, path->ages[kind][i], 4);
    }
    pack_number(out, path->deaf_count, 1);
    pack_number(out, path->deaf_ms, 4);
    pack_number(out, path->interval_ms, 4);
    pack_number(out, path->cut_ms, 4);
    pack_number(out, path->evidence_ms, 8);
}

void silence_pack(const struct silence *silence, struct builder *out)
{
    const struct silence_path *paths = &silence->paths[0][0];

    pack_number(out, silence->used_count, 2);
    for (size_t i = 0; i < (size_t)SILENCE_SETS * SILENCE_WAYS; i++) {
        if (paths[i].is_used)
            pack_path(&paths[i], out);
    }
}

bool silence_unpack(struct silence *silence, struct unpack *in)
{
    uint64_t count = unpack_up_to(in, 2, (uint64_t)SILENCE_SETS * SILENCE_WAYS);

    for (uint64_t p = 0; p < count && !in->has_failed; p++) {
        struct silence_path path = {.is_used = true};
        (void)unpack_bytes(in, path.key.address, IP_BYTES); /* the reader keeps its failure */
        path.key.is_proxy = unpack_up_to(in, 1, 1) == 1;
        for (int kind = 0; kind < SILENCE_KIND_COUNT; kind++) {
            path.counts[kind] = (uint8_t)unpack_up_to(in, 1, SILENCE_AGES);
            for (int i = 0; i < SILENCE_AGES; i++)
                path.ages[kind][i] = (uint32_t)unpack_number(in, 4);
        }
        path.deaf_count = (uint8_t)unpack_up_to(in, 1, SILENCE_PROOFS);
        path.deaf_ms = (uint32_t)unpack_number(in, 4);
        path.interval_ms = (uint32_t)unpack_number(in, 4);
        path.cut_ms = (uint32_t)unpack_number(in, 4);
        path.evidence_ms = unpack_number(in, 8);
        if (in->has_failed)
            return false;
        if (silence->forget_ms > 0) /* else nothing is learned here */
            *find_or_make(silence, &path.key) = path;
    }
    return !in->has_failed;
}
