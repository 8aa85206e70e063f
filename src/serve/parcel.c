/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/parcel.h"

#include <stdlib.h>

enum {
    TEXT_BYTES_MAX = 8 * 1024,
    PIECE_BYTES_MAX = CHANNEL_PACKET_BYTES_MAX - 1,
    LISTEN_TLS = 1,
    LISTEN_REDIRECT = 2,
    LISTEN_PROXY = 4,
    LISTEN_PASSED = 8,
};

static unsigned flags_of(const struct net_listen *listen)
{
    return (listen->is_tls ? LISTEN_TLS : 0u) | (listen->is_redirect ? LISTEN_REDIRECT : 0u)
           | (listen->has_proxy_header ? LISTEN_PROXY : 0u);
}

static void pack_address(const struct os_address *address, struct builder *out)
{
    builder_add(out, address->bytes, sizeof address->bytes);
    pack_number(out, address->port, 2);
}

static void unpack_address(struct unpack *in, struct os_address *out_address)
{
    (void)unpack_bytes(in, out_address->bytes, sizeof out_address->bytes); /* the reader keeps its failure */
    out_address->port = (uint16_t)unpack_number(in, 2);
}

static void pack_place(const struct parcel_place *place, struct builder *out)
{
    const char *path = place->how.path ? place->how.path : "";

    pack_view(out, view_of(path, strlen(path) + 1));
    pack_address(&place->how.address, out);
    pack_number(out, flags_of(&place->how) | (place->is_passed ? LISTEN_PASSED : 0u), 1);
}

void parcel_pack_facts(const struct parcel_facts *facts, struct builder *out)
{
    pack_number(out, PARCEL_FORMAT, 4);
    pack_view(out, facts->version);
    pack_view(out, facts->data);
    pack_number(out, facts->listen_count, 1);
    for (size_t i = 0; i < facts->listen_count; i++)
        pack_place(&facts->listen[i], out);
    pack_number(out, facts->shard_count, 1);
    pack_number(out, facts->has_ops, 1);
    pack_place(&facts->ops, out);
}

static void unpack_place(struct unpack *in, struct parcel_place *out_place)
{
    struct view path = unpack_view(in, TEXT_BYTES_MAX);
    struct net_listen *how = &out_place->how;

    *out_place = (struct parcel_place){.is_passed = false};
    if (path.size == 0 || path.at[path.size - 1] != 0) {
        (void)unpack_fail(in);
        return;
    }
    if (path.size > 1)
        how->path = (const char *)path.at;
    unpack_address(in, &how->address);
    unsigned flags = (unsigned)unpack_up_to(in, 1, LISTEN_TLS | LISTEN_REDIRECT | LISTEN_PROXY | LISTEN_PASSED);
    how->is_tls = flags & LISTEN_TLS;
    how->is_redirect = flags & LISTEN_REDIRECT;
    how->has_proxy_header = flags & LISTEN_PROXY;
    out_place->is_passed = flags & LISTEN_PASSED;
}

bool parcel_unpack_facts(struct unpack *in, struct parcel_facts *out_facts)
{
    if (unpack_number(in, 4) != PARCEL_FORMAT)
        return unpack_fail(in);
    out_facts->version = unpack_view(in, TEXT_BYTES_MAX);
    out_facts->data = unpack_view(in, TEXT_BYTES_MAX);
    out_facts->listen_count = unpack_up_to(in, 1, NET_LISTEN_MAX);
    for (size_t i = 0; i < out_facts->listen_count; i++)
        unpack_place(in, &out_facts->listen[i]);
    out_facts->shard_count = unpack_up_to(in, 1, PARCEL_SHARDS_MAX);
    out_facts->has_ops = unpack_up_to(in, 1, 1) == 1;
    unpack_place(in, &out_facts->ops);
    return unpack_is_done(in) && out_facts->shard_count > 0;
}

/* A port of 0 was drawn, and stays what it is. */
static bool is_same_address(const struct os_address *wanted, const struct os_address *there)
{
    return memcmp(wanted->bytes, there->bytes, sizeof there->bytes) == 0
           && (wanted->port == 0 || wanted->port == there->port);
}

/* A socket that was passed listens where its unit says. */
static bool is_same_place(const struct net_listen *wanted, const struct parcel_place *place)
{
    const struct net_listen *there = &place->how;

    if (flags_of(wanted) != flags_of(there))
        return false;
    if (place->is_passed)
        return true;
    if (!wanted->path != !there->path)
        return false;
    return wanted->path ? strcmp(wanted->path, there->path) == 0 : is_same_address(&wanted->address, &there->address);
}

const char *parcel_mismatch(const struct parcel_facts *facts, const struct config *config)
{
    const struct net_listen ops = {.address = config->ops.listen, .path = config->ops.path};
    bool is_same = facts->listen_count == config->listen_count;

    for (size_t i = 0; is_same && i < facts->listen_count; i++)
        is_same = is_same_place(&config->listen[i], &facts->listen[i]);
    if (!is_same)
        return "the places to listen on have changed: that takes a restart";
    if (!view_equal(facts->data, view_of_string(config->data)))
        return "the data folder has changed: that takes a restart";
    if (facts->has_ops && (!config->ops.is_on || !is_same_place(&ops, &facts->ops)))
        return "the address of the metrics has changed: that takes a restart";
    return NULL;
}

enum result parcel_send(int channel, enum parcel_kind kind, struct view bytes, uint64_t deadline_ms)
{
    uint8_t packet[CHANNEL_PACKET_BYTES_MAX];

    check(bytes.size <= PIECE_BYTES_MAX);
    packet[0] = (uint8_t)kind;
    if (bytes.size > 0)
        memcpy(packet + 1, bytes.at, bytes.size);
    return os_channel_send(channel, view_of(packet, bytes.size + 1), NULL, 0, deadline_ms);
}

enum result parcel_send_state(int channel, struct view state, const struct packed_descriptors *descriptors,
                              uint64_t deadline_ms)
{
    static const uint8_t kind = PARCEL_DESCRIPTORS;
    enum result result = RESULT_OK;
    struct builder end;

    for (size_t i = 0; i < descriptors->count && result == RESULT_OK; i += CHANNEL_DESCRIPTORS_MAX) {
        size_t left = descriptors->count - i;
        result = os_channel_send(channel, view_of(&kind, 1), descriptors->at + i,
                                 left < CHANNEL_DESCRIPTORS_MAX ? left : CHANNEL_DESCRIPTORS_MAX, deadline_ms);
    }
    builder_init(&end, TEXT_BYTES_MAX);
    pack_number(&end, state.size, 8);
    pack_number(&end, pack_sum(state), 8);
    pack_number(&end, descriptors->count, 4);
    while (state.size > 0 && result == RESULT_OK) {
        size_t size = state.size < PIECE_BYTES_MAX ? state.size : PIECE_BYTES_MAX;
        result = parcel_send(channel, PARCEL_STATE, view_first(state, size), deadline_ms);
        state = view_skip(state, size);
    }
    if (result == RESULT_OK)
        result = builder_ok(&end) ? parcel_send(channel, PARCEL_END, builder_view(&end), deadline_ms)
                                  : RESULT_NO_MEMORY;
    builder_done(&end);
    return result;
}

/* All descriptors of a packet are kept, or those left are closed: nobody else knows them. */
static enum result keep_descriptors(struct parcel *parcel, const struct channel_packet *packet)
{
    enum result result = RESULT_OK;

    for (size_t i = 0; i < packet->descriptor_count; i++) {
        if (result == RESULT_OK)
            result = packed_descriptor_add(&parcel->descriptors, packet->descriptors[i]);
        if (result != RESULT_OK)
            os_channel_close(packet->descriptors[i]);
    }
    return result;
}

static enum result check_end(const struct parcel *parcel, struct view bytes)
{
    struct unpack in = unpack_of(bytes);
    uint64_t size = unpack_number(&in, 8), sum = unpack_number(&in, 8), count = unpack_number(&in, 4);
    bool is_right = unpack_is_done(&in) && size == parcel->state.size && count == parcel->descriptors.count
                    && sum == pack_sum(builder_view(&parcel->state));

    return is_right ? RESULT_OK : RESULT_INVALID;
}

enum result parcel_receive_state(int channel, struct parcel *parcel, uint64_t deadline_ms)
{
    struct channel_packet *packet = malloc(sizeof *packet);
    enum result result = packet ? RESULT_OK : RESULT_NO_MEMORY;

    while (result == RESULT_OK) {
        result = os_channel_receive(channel, packet, deadline_ms);
        if (result != RESULT_OK)
            break;
        struct view rest = view_of(packet->bytes + 1, packet->size - 1);
        result = keep_descriptors(parcel, packet);
        if (packet->bytes[0] == PARCEL_STATE)
            builder_add_view(&parcel->state, rest);
        if (!builder_ok(&parcel->state))
            result = RESULT_NO_MEMORY;
        if (packet->bytes[0] == PARCEL_END && result == RESULT_OK) {
            result = check_end(parcel, rest);
            break;
        }
        bool is_known = packet->bytes[0] == PARCEL_STATE || packet->bytes[0] == PARCEL_DESCRIPTORS;
        if (!is_known && result == RESULT_OK)
            result = RESULT_INVALID;
    }
    free(packet);
    return result;
}
