/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/takeover.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/diag.h"
#include "os/clock.h"
#include "os/program.h"
#include "serve/parcel.h"
#include "store/inspect.h"

enum { HELLO_MS = 10000, WORD_MS = 1000, STATE_BYTES_MAX = INT32_MAX, NS_PER_MS = 1000 * 1000, STATUS_REFUSED = 1 };

struct takeover {
    int channel;
    struct channel_packet hello; /* what the facts point into */
    struct parcel_facts facts;
    struct parcel parcel;
    struct unpack in;      /* of parcel.state */
    size_t descriptors_at; /* the next one that is nobody's yet */
    struct store_taken store;
    uint64_t begun_ns;
    uint64_t received_ns; /* all of it was here */
};

/* If nobody is there any more to hear it, nothing is changed by that. */
static void say(struct takeover *takeover, enum parcel_kind kind, struct view words)
{
    enum result result = parcel_send(takeover->channel, kind, words, os_clock_monotonic_ms() + WORD_MS);

    if (result != RESULT_OK)
        diag(DIAG_WARNING, "takeover.alone", "reason", result_text(result), NULL);
}

void takeover_refuse(struct takeover *takeover, const char *why)
{
    diag(DIAG_ERROR, "takeover.refused", "reason", why, "advice",
         "the process before this one serves as before; start anew with a restart, or when this is cured", NULL);
    say(takeover, PARCEL_REFUSED, view_of_string(why));
    os_program_leave(STATUS_REFUSED);
}

static void read_hello(struct takeover *takeover, const struct config *config)
{
    struct channel_packet *hello = &takeover->hello;
    enum result result = os_channel_receive(takeover->channel, hello, os_clock_monotonic_ms() + HELLO_MS);

    if (result != RESULT_OK || hello->bytes[0] != PARCEL_HELLO)
        takeover_refuse(takeover, "the process before this one did not say hello");
    struct unpack in = unpack_of(view_of(hello->bytes + 1, hello->size - 1));
    if (!parcel_unpack_facts(&in, &takeover->facts))
        takeover_refuse(takeover, "the two programs write down their state in different ways: that takes a restart");
    const char *mismatch = parcel_mismatch(&takeover->facts, config);
    if (mismatch)
        takeover_refuse(takeover, mismatch);
}

/* A database that has to be brought up to date first would be of no use to the old program any more. */
static void look_at_database(struct takeover *takeover, const struct config *config)
{
    struct inspection *inspection = NULL;

    if (inspect_open(config->data, &inspection) != RESULT_OK)
        takeover_refuse(takeover, "the database is not one that this program can take over as it is: see its log");
    inspect_close(inspection);
}

struct takeover *takeover_begin(const struct config *config)
{
    int channel = os_program_channel(PARCEL_VARIABLE);

    if (channel < 0)
        return NULL;
    struct takeover *takeover = calloc(1, sizeof *takeover);
    if (!takeover) {
        diag(DIAG_ERROR, "server.no_memory", NULL);
        os_program_leave(STATUS_REFUSED);
    }
    takeover->channel = channel;
    builder_init(&takeover->parcel.state, STATE_BYTES_MAX);
    read_hello(takeover, config);
    look_at_database(takeover, config);
    diag(DIAG_INFO, "takeover.begins", "from_version",
         diag_format("%.*s", (int)takeover->facts.version.size, (const char *)takeover->facts.version.at), NULL);
    return takeover;
}

static int take_descriptor(struct takeover *takeover)
{
    const struct packed_descriptors *descriptors = &takeover->parcel.descriptors;

    if (takeover->descriptors_at == descriptors->count)
        takeover_refuse(takeover, "descriptors are missing");
    return descriptors->at[takeover->descriptors_at++];
}

void takeover_receive(struct takeover *takeover)
{
    uint64_t begun_ms = os_clock_monotonic_ms();
    enum result result = parcel_send(takeover->channel, PARCEL_READY, VIEW(NATTER_VERSION), begun_ms + WORD_MS);

    /* However long it takes the other one: its end shows in the channel, and it ends us when it has lost patience. */
    if (result == RESULT_OK)
        result = parcel_receive_state(takeover->channel, &takeover->parcel, UINT64_MAX);
    if (result != RESULT_OK)
        takeover_refuse(takeover, result == RESULT_CLOSED ? "the process before this one gave up, or ended"
                                                          : "the state of the process before this one did not arrive");
    takeover->received_ns = os_clock_monotonic_ns();
    takeover->in = unpack_of(builder_view(&takeover->parcel.state));
    takeover->begun_ns = unpack_number(&takeover->in, 8);
    takeover->store.lock_descriptor = take_descriptor(takeover);
}

const struct store_taken *takeover_store(const struct takeover *takeover)
{
    return &takeover->store;
}

size_t takeover_shard_count(const struct takeover *takeover)
{
    return takeover->facts.shard_count;
}

void takeover_listening(const struct takeover *takeover, struct listening *listening, const struct config *config)
{
    listening_take(listening, config, takeover->facts.listen);
}

void takeover_listeners(struct takeover *takeover, struct shard_listener out_listeners[NET_LISTEN_MAX])
{
    for (size_t i = 0; i < takeover->facts.listen_count; i++) {
        out_listeners[i].how = takeover->facts.listen[i].how;
        out_listeners[i].descriptor = take_descriptor(takeover);
    }
}

bool takeover_operating(struct takeover *takeover, struct operating *operating, const struct ops_options *options)
{
    const struct parcel_place *place = &takeover->facts.ops;

    if (!takeover->facts.has_ops)
        return false;
    operating_take(operating, options,
                   &(struct shard_listener){.descriptor = take_descriptor(takeover), .how = place->how},
                   place->is_passed);
    return true;
}

static void unpack_shard(struct takeover *takeover, struct shard *shard)
{
    const struct packed_descriptors *descriptors = &takeover->parcel.descriptors;
    size_t used = 0;
    enum result result = shard_unpack(shard, &takeover->in, descriptors->at + takeover->descriptors_at,
                                      descriptors->count - takeover->descriptors_at, &used);

    if (result != RESULT_OK)
        takeover_refuse(takeover, result == RESULT_NO_MEMORY ? "out of memory, for the connections"
                                                             : "the connections do not make sense");
    takeover->descriptors_at += used;
}

static void unpack_secure(struct takeover *takeover, struct secure *secure)
{
    struct view tickets = unpack_view(&takeover->in, sizeof secure->tickets);
    uint64_t rotated_ms = unpack_number(&takeover->in, 8);

    if (takeover->in.has_failed || tickets.size != sizeof secure->tickets)
        takeover_refuse(takeover, "the keys of tickets do not make sense");
    memcpy(&secure->tickets, tickets.at, sizeof secure->tickets);
    secure->rotated_ms = rotated_ms;
}

void takeover_unpack_secure(struct takeover *takeover, struct server *server)
{
    counter_set(&server->handovers.done, unpack_number(&takeover->in, 8) + 1);
    counter_set(&server->handovers.failed, unpack_number(&takeover->in, 8));
    service_inherit(&server->service, unpack_number(&takeover->in, 8));
    unpack_secure(takeover, &server->secure);
}

void takeover_unpack(struct takeover *takeover, struct server *server)
{
    enum result result = chat_unpack(server->chat, &takeover->in);

    if (result != RESULT_OK)
        takeover_refuse(takeover, result == RESULT_NO_MEMORY
                                      ? "out of memory, for the rooms"
                                      : "the rooms do not make sense, or chat.rooms_live_max is too low for them");
    for (size_t i = 0; i < server->shard_count; i++)
        unpack_shard(takeover, server->shards[i]);
    if (takeover->facts.has_ops && !server->ops)
        takeover_refuse(takeover, "out of memory, for the operator's listener");
    if (takeover->facts.has_ops)
        unpack_shard(takeover, server->ops);
    chat_unpacked(server->chat);
    counter_set(&server->handovers.passed, unpack_number(&takeover->in, 8));
    counter_set(&server->handovers.farewells, unpack_number(&takeover->in, 8));
    counter_set(&server->handovers.left_behind, unpack_number(&takeover->in, 8));
    if (!unpack_is_done(&takeover->in) || takeover->descriptors_at != takeover->parcel.descriptors.count)
        takeover_refuse(takeover, "something is left over");
}

void takeover_done(struct takeover *takeover, struct server *server)
{
    /* If the other one has ended meanwhile nobody else serves: then it is ours all the more. Had it given up, it would
     * have ended us before it went on itself. */
    say(takeover, PARCEL_TAKEN, (struct view){NULL, 0});
    store_sign_lock(server->store);
}

void takeover_served(struct takeover *takeover, struct server *server)
{
    const struct handover_counters *counters = &server->handovers;
    uint64_t now_ns = os_clock_monotonic_ns();

    counter_set(&server->handovers.pause_ns, now_ns - takeover->begun_ns);
    diag(DIAG_INFO, "takeover.done", "pause_us", diag_number((int64_t)((now_ns - takeover->begun_ns) / 1000)),
         "taking_us", diag_number((int64_t)((now_ns - takeover->received_ns) / 1000)), "connections",
         diag_number((int64_t)counter_get(&counters->passed)), "farewells",
         diag_number((int64_t)counter_get(&counters->farewells)), "left_behind",
         diag_number((int64_t)counter_get(&counters->left_behind)), NULL);
    os_channel_close(takeover->channel);
    OPENSSL_cleanse(takeover->parcel.state.at, takeover->parcel.state.size);
    builder_done(&takeover->parcel.state);
    packed_descriptors_done(&takeover->parcel.descriptors);
    free(takeover);
}
