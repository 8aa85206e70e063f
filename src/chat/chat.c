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

    table_init(&hub->users, USERS_MAX);
    table_init(&hub->names, USERS_MAX);
    table_init(&hub->rooms, rooms_max);
    list_init(&hub->idle);
    hub->now_ms = os_clock_monotonic_ms();
    wheel_init(&hub->wheel, hub->now_ms / HUB_TICK_MS);
    builder_init(&hub->text, FRAME_BYTES_MAX);
    builder_init(&hub->events, FRAME_BYTES_MAX);
    builder_init(&hub->fold, FOLD_BYTES_MAX);
    builder_init(&hub->frames, 16 * FRAME_BYTES_MAX);
    histogram_init(&hub->counters.chunk_events);
    hub->free_numbers = calloc(rooms_max, sizeof *hub->free_numbers);
    chat->labels = calloc(rooms_max, sizeof *chat->labels);
    if (!hub->free_numbers || !chat->labels)
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
        list_init(&door->departing);
        builder_init(&door->text, FRAME_BYTES_MAX);
        rate_table_init(&door->addresses, &rule, ADDRESSES_MAX);
        shard_set_owner(shards[i], door);
    }
    return RESULT_OK;
}

void chat_free(struct chat *chat)
{
    if (!chat)
        return;
    for (size_t i = 0; i < chat->shard_count; i++) {
        struct door *door = &chat->doors[i];
        list_each(&door->departing, link, following) {
            list_remove(link);
            session_depart(chat, list_entry(link, struct session, departing));
        }
        rate_table_done(&door->addresses);
        builder_done(&door->text);
    }
    if (chat->store)
        rooms_close_all(chat);
    table_done(&chat->hub.users);
    table_done(&chat->hub.names);
    table_done(&chat->hub.rooms);
    builder_done(&chat->hub.text);
    builder_done(&chat->hub.events);
    builder_done(&chat->hub.fold);
    builder_done(&chat->hub.frames);
    free(chat->hub.free_numbers);
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

void chat_set_return_spread(struct chat *chat, uint32_t spread_ms)
{
    atomic_store_explicit(&chat->return_spread_ms, spread_ms, memory_order_relaxed);
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
