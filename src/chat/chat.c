/* SPDX-License-Identifier: Apache-2.0 */
/* The chat's own life, and its tables of notices. */
#include "chat/chat.h"

#include <stdlib.h>

#include "chat/chat_inside.h"
#include "os/clock.h"

enum { USERS_MAX = 10000000, ADDRESSES_MAX = 65536, FOLD_BYTES_MAX = 16 * 1024 };

static enum result init_hub(struct chat *chat)
{
    struct hub *hub = &chat->hub;
    size_t rooms_max = chat->options.rooms_live_max;

    table_init(&hub->users, USERS_MAX, user_has_id);
    table_init(&hub->names, USERS_MAX, user_has_skeleton);
    table_init(&hub->rooms, rooms_max, room_has_fold);
    pool_init(&hub->user_pool, sizeof(struct user), USERS_MAX);
    pool_init(&hub->member_pool, sizeof(struct member), SIZE_MAX);
    list_init(&hub->idle);
    hub->now_ms = os_clock_monotonic_ms();
    wheel_init(&hub->wheel, hub->now_ms / HUB_TICK_MS);
    builder_init(&hub->text, FRAME_BYTES_MAX);
    builder_init(&hub->events, FRAME_BYTES_MAX);
    builder_init(&hub->roster, ROSTER_BYTES_MAX);
    builder_init(&hub->fold, FOLD_BYTES_MAX);
    builder_init(&hub->mentions, FOLD_BYTES_MAX);
    builder_init(&hub->skeleton, FOLD_BYTES_MAX);
    builder_init(&hub->frames, 16 * FRAME_BYTES_MAX);
    histogram_init(&hub->counters.chunk_events);
    hub->free_numbers = calloc(rooms_max, sizeof *hub->free_numbers);
    chat->labels = calloc(rooms_max, sizeof *chat->labels);
    hub->by_number = calloc(rooms_max, sizeof *hub->by_number);
    size_t named_max = 2 * (size_t)chat->options.presence_names_max;
    if (people_init(&hub->people, named_max > MEMBERS_IN_WHO_MAX ? named_max : MEMBERS_IN_WHO_MAX) != RESULT_OK
        || !hub->free_numbers || !hub->by_number || !chat->labels)
        return RESULT_NO_MEMORY;
    for (uint32_t number = 0; number < rooms_max; number++)
        hub->free_numbers[number] = number;
    hub->free_count = (uint32_t)rooms_max;
    return RESULT_OK;
}

enum result chat_new(const struct chat_options *options, const struct token_key *key, struct chat **out_chat)
{
    struct chat *chat = calloc(1, sizeof *chat);

    if (!chat)
        return RESULT_NO_MEMORY;
    chat->options = *options;
    chat->key = *key;
    if (init_hub(chat) != RESULT_OK) {
        chat_free(chat);
        return RESULT_NO_MEMORY;
    }
    *out_chat = chat;
    return RESULT_OK;
}

/* After so long without a command every rate of a connection is full again. */
static uint64_t refill_ms(const struct chat_options *options)
{
    double longest_s = 0;

    for (enum rate_class class = 0; class < RATE_CLASS_COUNT; class ++) {
        const struct chat_rate_option *rate = &options->rates[class];
        if (rate->per_second <= 0)
            return UINT64_MAX;
        double refill_s = rate->burst / rate->per_second;
        longest_s = refill_s > longest_s ? refill_s : longest_s;
    }
    return (uint64_t)(longest_s * 1000) + 1000;
}

enum result chat_bind(struct chat *chat, struct store *store, struct shard *const *shards, size_t shard_count)
{
    struct rate_rule rule = rate_rule_of(chat->options.address_rate.per_second, chat->options.address_rate.burst);

    chat->store = store;
    chat->shards = calloc(shard_count, sizeof(struct shard *));
    chat->doors = calloc(shard_count, sizeof *chat->doors);
    if (!chat->shards || !chat->doors)
        return RESULT_NO_MEMORY;
    chat->shard_count = shard_count;
    for (size_t i = 0; i < shard_count; i++) {
        struct door *door = &chat->doors[i];
        chat->shards[i] = shards[i];
        door->chat = chat;
        door->shard = shards[i];
        list_init(&door->spenders);
        pool_init(&door->sessions, sizeof(struct session), SIZE_MAX);
        door->sessions.owner = door;
        door->refill_ms = refill_ms(&chat->options);
        builder_init(&door->text, FRAME_BYTES_MAX);
        reports_init(&door->reports, chat->options.reports_max);
        rate_table_init(&door->addresses, &rule, ADDRESSES_MAX);
        shard_set_owner(shards[i], door);
    }
    return RESULT_OK;
}

void chat_free(struct chat *chat)
{
    if (!chat)
        return;
    for (struct letter letter; chat->store && store_take_left(chat->store, &letter);)
        hub_forget(chat, &letter);
    for (size_t i = 0; i < chat->shard_count; i++) {
        struct door *door = &chat->doors[i];
        while (door->departing) {
            struct session *session = door->departing;
            door->departing = session->departing_next;
            session_depart(chat, session);
        }
        sessions_take_back(door);
        pool_done(&door->sessions);
        rate_table_done(&door->addresses);
        builder_done(&door->text);
        reports_done(&door->reports);
    }
    if (chat->store)
        rooms_close_all(chat);
    due_done(&chat->hub.graces);
    pool_done(&chat->hub.member_pool);
    pool_done(&chat->hub.user_pool);
    people_done(&chat->hub.people);
    table_done(&chat->hub.users);
    table_done(&chat->hub.names);
    table_done(&chat->hub.rooms);
    builder_done(&chat->hub.text);
    builder_done(&chat->hub.events);
    builder_done(&chat->hub.roster);
    builder_done(&chat->hub.fold);
    builder_done(&chat->hub.mentions);
    builder_done(&chat->hub.skeleton);
    builder_done(&chat->hub.frames);
    free(chat->hub.free_numbers);
    free(chat->hub.by_number);
    for (size_t i = 0; chat->labels && i < chat->options.rooms_live_max; i++)
        free(atomic_load_explicit(&chat->labels[i], memory_order_relaxed));
    free(chat->labels);
    free(chat->shards);
    free(chat->doors);
    free(chat);
}

void chat_net_events(struct chat *chat, struct net_events *out_events)
{
    *out_events = (struct net_events){
        .context = chat,
        .upgrade = door_upgrade,
        .opened = door_opened,
        .message = door_message,
        .lapped = door_lapped,
        .ended = door_ended,
        .farewell = door_farewell,
        .pack = door_pack,
        .unpack = door_unpack,
        .turned = door_turned,
    };
}

void chat_store_events(struct chat *chat, struct store_events *out_events)
{
    *out_events = (struct store_events){
        .context = chat,
        .visit = hub_visit,
        .committed = hub_committed,
        .refused = hub_refused,
        .turned = hub_turned,
    };
}

void chat_set_farewell(struct chat *chat, uint32_t spread_ms, bool is_restart)
{
    atomic_store_explicit(&chat->is_restart, is_restart, memory_order_relaxed);
    atomic_store_explicit(&chat->return_spread_ms, spread_ms, memory_order_relaxed);
}

enum result chat_post_call(struct chat *chat, struct hub_call *call)
{
    const struct letter letter = {.kind = HUB_CALL, .object = call};

    return store_post(chat->store, &letter);
}

const struct hub_counters *chat_hub_counters(const struct chat *chat)
{
    return &chat->hub.counters;
}

const struct door_counters *chat_door_counters(const struct chat *chat, size_t shard_index)
{
    return &chat->doors[shard_index].counters;
}

size_t chat_shard_count(const struct chat *chat)
{
    return chat->shard_count;
}
