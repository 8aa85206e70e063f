/* SPDX-License-Identifier: Apache-2.0 */
#include "stage.h"

static const struct net_options net_options = {
    .shard_count = 1,
    .connections_max = 100,
    .head_bytes_max = 4096,
    .body_bytes_max = 4096,
    .message_bytes_max = 4096,
    .outbox_bytes_max = 65536,
    .feed_bytes_max = 65536,
    .compression_level = 4,
    .mailbox_letters = 64,
    .flush_slice = 32,
};

static const struct store_options store_options = {
    .queue_letters = 64,
    .batch_letters_max = 64,
    .recent_events_max = 16,
    .recent_bytes_max = 65536,
    .recent_total_max = 1048576,
    .reader_threads = 1,
    .reader_jobs_max = 8,
    .wal_bytes_max = 1048576,
};

void stage_start(struct stage *stage, struct chat_rate_option rate)
{
    static const struct token_key key = {"a key that is no secret"};
    struct chat_options options = {
        .default_room = "lobby",
        .may_make_rooms = true,
        .has_guests = true,
        .rooms_live_max = 16,
        .rooms_per_connection_max = 8,
        .rooms_per_user_max = 8,
        .text_bytes_max = 4096,
        .mentions_max = 20,
        .direct_users_max = 8,
        .presence_names_max = 10,
        .has_limits = true,
        .address_rate = {1000, 1000},
    };
    struct net_events net_events;
    struct store_events store_events;

    for (enum rate_class class = 0; class < RATE_CLASS_COUNT; class ++)
        options.rates[class] = rate;
    assert_int_equal(chat_new(&options, &key, &stage->chat), RESULT_OK);
    chat_net_events(stage->chat, &net_events);
    chat_store_events(stage->chat, &store_events);
    stage->admission = admission_new(net_options.connections_max, 0);
    assert_non_null(stage->admission);
    assert_int_equal(shard_new(&net_options, &net_events, stage->admission, 0, NULL, 0, &stage->shard), RESULT_OK);
    assert_int_equal(store_open(&store_options, &store_events, &stage->store), RESULT_OK);
    assert_int_equal(chat_bind(stage->chat, stage->store, &stage->shard, 1), RESULT_OK);
    stage->door = shard_owner(stage->shard);
}

void stage_done(struct stage *stage)
{
    chat_free(stage->chat);
    shard_free(stage->shard);
    store_free(stage->store);
    admission_free(stage->admission);
}

struct user *stage_user(struct stage *stage, uint8_t number, const char *name)
{
    struct token_claims claims = {.user = {[15] = number}, .joined_ms = 1};
    bool is_taken = true;
    struct user *user = user_find_or_make(stage->chat, &claims, name, &is_taken);

    assert_non_null(user);
    assert_false(is_taken);
    return user;
}

struct room *stage_room(struct stage *stage, const char *name)
{
    struct room *room = NULL;
    enum name_fault fault;

    assert_int_equal(room_find(stage->chat, view_of_string(name), true, &room, &fault), RESULT_OK);
    return room;
}

struct session *stage_session(struct stage *stage, struct user *user)
{
    struct session *session = session_new(stage->door);

    assert_non_null(session);
    session_attach(session, user);
    counter_add(&stage->chat->hub.counters.sessions, 1);
    return session;
}

void stage_end_lease(struct stage *stage, struct member *member)
{
    assert_ptr_equal(due_take(&stage->chat->hub.leases, UINT64_MAX - 1), member);
    member->lease_count--;
    member_lease_over(stage->chat, member);
}

const char *stage_presence(struct stage *stage, struct room *room)
{
    struct builder *text = &stage->chat->hub.text;

    presence_tell(stage->chat, room);
    builder_add_byte(text, 0);
    assert_true(builder_ok(text));
    return (const char *)text->at;
}
