/* SPDX-License-Identifier: Apache-2.0 */
/* Two stages stand for two processes: users, rooms, members and leases of the first are those of the second, and what
 * hangs on connections comes with them. */
#include "stage.h"

#include "net/conn_inside.h"
#include "net/shard_inside.h"
#include "os/clock.h"

static const struct chat_rate_option rate = {5, 10};

/* A connection that is only what the chat asks of one: its shard, its slot, its owner. */
static struct conn *conn_for(struct stage *stage, struct session *session)
{
    struct conn *conn = pool_take(&stage->shard->conns);

    assert_non_null(conn);
    assert_int_equal(shard_register(stage->shard, conn), RESULT_OK);
    conn->owner = session;
    return conn;
}

static void conn_done(struct stage *stage, struct conn *conn)
{
    shard_unregister(stage->shard, conn);
    pool_give(&stage->shard->conns, conn);
}

struct scene {
    struct stage here, there;
    struct room *lobby, *whisper;
    struct user *ada, *bea, *cleo;
    struct session *session; /* Ada's, in both rooms */
    struct session *stays;   /* Cleo's */
    struct conn *conn;
    struct builder hub, own;
};

/* Ada talks in two rooms, Bea has just left one, and Cleo is in one with a connection that will not come along. */
static void scene_start(struct scene *scene)
{
    struct stage *here = &scene->here;

    stage_start(here, rate);
    stage_start(&scene->there, rate);
    here->chat->options.presence_lease_ms = scene->there.chat->options.presence_lease_ms = 5000;
    here->chat->hub.now_ms = os_clock_monotonic_ms();
    scene->lobby = stage_room(here, "lobby");
    scene->whisper = stage_room(here, "~whisper");
    scene->ada = stage_user(here, 1, "Ada");
    scene->bea = stage_user(here, 2, "a name that is longer than those that fit inside");
    scene->cleo = stage_user(here, 3, "Cleo");
    scene->session = stage_session(here, scene->ada);
    scene->session->is_announced = scene->session->is_welcomed = true;
    scene->session->refusals = 3;
    assert_non_null(member_enter(here->chat, scene->session, scene->lobby));
    assert_non_null(member_enter(here->chat, scene->session, scene->whisper));
    scene->session->walk_in_number = scene->whisper->number + 1;
    spender_buckets(here->door, scene->session)[RATE_JOIN].used_micro = 7000000;
    struct session *left = stage_session(here, scene->bea);
    assert_non_null(member_enter(here->chat, left, scene->lobby));
    session_depart(here->chat, left);
    scene->stays = stage_session(here, scene->cleo);
    assert_non_null(member_enter(here->chat, scene->stays, scene->lobby));
    scene->conn = conn_for(here, scene->session);
    builder_init(&scene->hub, 1 << 20);
    builder_init(&scene->own, 1 << 20);
    chat_pack(here->chat, &scene->hub);
    assert_true(door_pack(here->chat, scene->conn, &scene->own));
}

static void scene_done(struct scene *scene)
{
    spender_free(scene->session);
    conn_done(&scene->here, scene->conn);
    session_depart(scene->here.chat, scene->session);
    session_depart(scene->here.chat, scene->stays);
    stage_done(&scene->here);
    stage_done(&scene->there);
    builder_done(&scene->hub);
    builder_done(&scene->own);
}

static struct user *there_is(struct scene *scene, const struct user *user)
{
    return table_get(&scene->there.chat->hub.users, view_of(user->id, sizeof user->id));
}

static void those_who_are_here_are_there(void **state)
{
    struct scene scene;

    (void)state;
    scene_start(&scene);
    struct chat *there = scene.there.chat;
    struct unpack in = unpack_of(builder_view(&scene.hub));
    assert_int_equal(chat_unpack(there, &in), RESULT_OK);
    assert_true(unpack_is_done(&in));
    struct conn *conn = conn_for(&scene.there, NULL);
    struct unpack own = unpack_of(builder_view(&scene.own));
    assert_true(door_unpack(there, conn, &own));
    struct room *lobby = there->hub.by_number[scene.lobby->number];
    struct room *whisper = there->hub.by_number[scene.whisper->number];
    chat_unpacked(there);
    chat_check(there);
    const struct session *session = conn_owner(conn);
    assert_int_equal(session->handle, conn_handle(conn));
    assert_int_equal(session->member_count, 2);
    assert_int_equal(session->walk_in_number, whisper->number + 1);
    assert_int_equal(session->refusals, 3);
    assert_int_equal(session->spender->buckets[RATE_JOIN].used_micro, 7000000);
    assert_string_equal(whisper->log->epoch, scene.whisper->log->epoch);
    assert_int_equal(lobby->member_count, 3);
    assert_int_equal(lobby->session_count, 1);
    struct user *ada = there_is(&scene, scene.ada), *bea = there_is(&scene, scene.bea);
    assert_true(view_equal(user_name(bea), user_name(scene.bea)));
    assert_int_equal(member_of(ada, lobby)->session_count, 1);
    assert_int_equal(member_of(bea, lobby)->lease_count, 1);
    /* whose connection stayed behind is shown as long as one who has left */
    assert_int_equal(member_of(there_is(&scene, scene.cleo), lobby)->lease_count, 1);
    assert_int_equal(user_rename(there, bea, VIEW("Ada")), RESULT_EXISTS); /* names are guarded as before */
    spender_free(conn_owner(conn));
    session_depart(there, conn_owner(conn));
    conn_done(&scene.there, conn);
    scene_done(&scene);
}

static void what_is_cut_or_garbled_is_refused_or_fits_together(void **state)
{
    struct scene scene;
    struct builder *bytes = &scene.hub;

    (void)state;
    scene_start(&scene);
    for (size_t i = 0; i < bytes->size * 9; i++) {
        struct stage other;
        bool is_cut = i < bytes->size;
        size_t at = is_cut ? i : (i - bytes->size) / 8;
        uint8_t bit = is_cut ? 0 : (uint8_t)(1u << (i - bytes->size) % 8);
        stage_start(&other, rate);
        bytes->at[at] ^= bit;
        struct unpack in = unpack_of(is_cut ? view_of(bytes->at, i) : builder_view(bytes));
        enum result result = chat_unpack(other.chat, &in);
        bytes->at[at] ^= bit;
        assert_true(!is_cut || result != RESULT_OK);
        chat_unpacked(other.chat); /* also what is not whole can be taken apart */
        if (result == RESULT_OK)
            chat_check(other.chat);
        stage_done(&other);
    }
    scene_done(&scene);
}

static void a_garbled_connection_is_refused_and_leaves_nothing(void **state)
{
    struct scene scene;

    (void)state;
    scene_start(&scene);
    struct chat *there = scene.there.chat;
    struct unpack in = unpack_of(builder_view(&scene.hub));
    assert_int_equal(chat_unpack(there, &in), RESULT_OK);
    struct conn *conn = conn_for(&scene.there, NULL);
    for (size_t cut = 0; cut < scene.own.size; cut++) {
        struct unpack own = unpack_of(view_of(scene.own.at, cut));
        assert_false(door_unpack(there, conn, &own));
        assert_null(conn_owner(conn));
    }
    for (size_t bit = 0; bit < scene.own.size * 8; bit++) {
        scene.own.at[bit / 8] ^= (uint8_t)(1u << bit % 8);
        struct unpack own = unpack_of(builder_view(&scene.own));
        if (door_unpack(there, conn, &own)) {
            struct session *session = conn_owner(conn);
            spender_free(session);
            session_depart(there, session);
            conn_set_owner(conn, NULL);
        }
        scene.own.at[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    sessions_take_back(scene.there.door);
    chat_unpacked(there);
    chat_check(there);
    conn_done(&scene.there, conn);
    scene_done(&scene);
}

int test_pack_hub(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(those_who_are_here_are_there),
        cmocka_unit_test(what_is_cut_or_garbled_is_refused_or_fits_together),
        cmocka_unit_test(a_garbled_connection_is_refused_and_leaves_nothing),
    };

    return cmocka_run_group_tests_name("pack_hub", tests, NULL, NULL);
}
