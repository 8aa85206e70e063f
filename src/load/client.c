/* SPDX-License-Identifier: Apache-2.0 */
#include "load/client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "load/client_frame.h"
#include "load/client_handshake.h"
#include "load/delivery.h"
#include "load/storm.h"
#include "os/clock.h"

enum {
    MESSAGE_BYTES_MAX = WORKER_REST_BYTES_MAX, /* of one from the server */
    OUT_BYTES_MAX = 64 << 20,                  /* a publisher at a fixed rate against a server that reads nothing */
};

static void wish_of(const struct worker *worker, const struct client *client, struct handshake *out)
{
    const struct load_options *options = worker->shared->options;
    *out = (struct handshake){
        .host = options->host,
        .path = options->path,
        .protocol = options->is_raw ? NULL : "natter.v1",
        .offers_compression = client->offers_compression,
    };
    out->token = client->token;
    handshake_key(client->key_seed, out->key);
}

/* A connection could not even be begun, or was not accepted. */
static void fail_to_connect(struct worker *worker, int error)
{
    const struct load_options *options = worker->shared->options;
    char address[64];
    (void)os_address_format(&options->address, true, address);
    if (error == ECONNREFUSED)
        worker_fail(worker, "nothing listens at %s: start the server (natter serve --listen %s), or name where it runs",
                    address, address);
    else
        worker_fail(worker, "no connection to %s: %s", address, strerror(error));
}

void client_open(struct worker *worker, struct client *client)
{
    enum result result = os_connect(&worker->shared->options->address, &client->descriptor);
    if (result == RESULT_FULL) {
        worker_fail(worker, "no descriptor or memory is left for connection %llu: ask for fewer connections",
                    (unsigned long long)worker->opened);
        return;
    }
    if (result != RESULT_OK) {
        fail_to_connect(worker, result == RESULT_REFUSED ? ECONNREFUSED : errno);
        return;
    }
    client->state = CLIENT_CONNECTING;
    client->key_seed = worker_random(worker);
    os_socket_tune(client->descriptor, 0, 0);
    if (os_poller_add(&worker->poller, client->descriptor, OS_READ | OS_WRITE, client) != RESULT_OK)
        worker_fail(worker, "the system lets this process watch no more connections: ask for fewer");
}

static void let_go(struct worker *worker, struct client *client)
{
    os_poller_remove(&worker->poller, client->descriptor);
    SSL_free(client->ssl);
    client->ssl = NULL;
    os_socket_close(client->descriptor);
    client->descriptor = -1;
    client->state = CLIENT_ENDED;
}

void client_end(struct worker *worker, struct client *client, const char *why)
{
    if (client->state == CLIENT_ENDED)
        return;
    enum client_state state = client->state;
    let_go(worker, client);
    if (client->is_returning && state < CLIENT_READY)
        worker->opening--;
    if (worker->phase == LOAD_OPEN) {
        static const char *const stages[] = {"at its start",
                                             "while connecting",
                                             "during the TLS handshake",
                                             "during the upgrade",
                                             "while joining",
                                             "after joining",
                                             ""};
        worker_fail(worker, "connection %u ended %s: %s", client->number, stages[state], why);
        return;
    }
    if (worker->ended_live++ == 0)
        (void)snprintf(worker->end_text, sizeof(worker->end_text), "connection %u: %s", client->number, why);
    counter_add(&worker->ended, 1);
    worker_forgive_receipts(worker);
    if (worker->ended_live == worker->client_count)
        worker_fail(worker, "all connections of this thread were ended; the first: %s", worker->end_text);
}

void client_drop(struct worker *worker, struct client *client)
{
    check(client->state == CLIENT_READY && client->publisher == NULL);
    let_go(worker, client);
    builder_done(&client->out);
    client->out_done = 0;
    client->rest_size = 0;
    if (client->message != NULL)
        builder_clear(client->message);
    client->is_compression_agreed = false;
    client->is_returning = true;
    client->state = CLIENT_IDLE;
}

void client_done(struct client *client)
{
    SSL_free(client->ssl);
    client->ssl = NULL;
    if (client->descriptor >= 0)
        os_socket_close(client->descriptor);
    client->descriptor = -1;
    if (client->publisher != NULL)
        publisher_done(client->publisher);
    free(client->publisher);
    client->publisher = NULL;
    if (client->message != NULL)
        builder_done(client->message);
    free(client->message);
    client->message = NULL;
    free(client->token);
    client->token = NULL;
    builder_done(&client->out);
    free(client->rest);
    client->rest = NULL;
}

static void flush(struct worker *worker, struct client *client)
{
    while (client->out_done < client->out.size) {
        size_t size;
        enum result result = way_write(client->ssl, client->descriptor, client->out.at + client->out_done,
                                       client->out.size - client->out_done, &size);
        if (result == RESULT_AGAIN)
            return;
        if (result != RESULT_OK) {
            client_end(worker, client, "the connection broke while sending");
            return;
        }
        client->out_done += size;
    }
    builder_clear(&client->out);
    client->out_done = 0;
    if (client->publisher == NULL)
        builder_done(&client->out); /* who only reads sends so rarely that the memory is better spent on others */
}

/* Without what has gone already, so that a slow server cannot make the buffer grow by its history. */
static void drop_sent(struct client *client)
{
    if (client->out_done == 0)
        return;
    memmove(client->out.at, client->out.at + client->out_done, client->out.size - client->out_done);
    client->out.size -= client->out_done;
    client->out_done = 0;
}

static void add_frame(struct worker *worker, struct client *client, enum ws_opcode opcode, struct view payload)
{
    if (client->out.capacity == 0)
        builder_init(&client->out, OUT_BYTES_MAX);
    if (client->out_done > OUT_BYTES_MAX / 4)
        drop_sent(client);
    client_frame_add(&client->out, opcode, payload, (uint32_t)worker_random(worker));
    if (!builder_ok(&client->out))
        worker_fail(worker, "64 MiB of a publisher's messages wait: the server reads nothing, or memory is out");
}

void client_send(struct worker *worker, struct client *client, enum ws_opcode opcode, struct view payload)
{
    add_frame(worker, client, opcode, payload);
    flush(worker, client);
}

static void add_message(struct worker *worker, struct client *client, const struct marker *marker)
{
    const struct load_shared *shared = worker->shared;
    struct builder *text = &worker->scratch;
    uint8_t bytes[MARKER_SIZE];
    builder_clear(text);
    if (!shared->options->is_raw) {
        builder_format(text, "{\"type\":\"send\",\"room\":\"%s-%u\",\"key\":\"", shared->options->room_prefix,
                       client->room);
        marker_key_write(marker, bytes);
        builder_add(text, bytes, MARKER_KEY_SIZE);
        builder_add_string(text, "\",\"text\":\"");
    }
    marker_write(marker, bytes);
    builder_add(text, bytes, MARKER_SIZE);
    builder_add_view(text, shared->filler);
    if (!shared->options->is_raw)
        builder_add_string(text, "\"}");
    add_frame(worker, client, WS_TEXT, builder_view(text));
}

void client_publish(struct worker *worker, struct client *client)
{
    struct marker marker = {.run = worker->shared->run_id, .publisher = client->number};
    uint64_t count = 0;
    if (client->publisher == NULL || client->state != CLIENT_READY)
        return;
    while (publisher_next(client->publisher, worker->now_ns, &marker.number, &marker.at_ns)) {
        add_message(worker, client, &marker);
        count++;
    }
    if (count == 0)
        return;
    counter_add(&worker->sent, count);
    flush(worker, client);
}

void client_publish_later(struct worker *worker, struct client *client)
{
    if (client->is_due)
        return;
    client->is_due = true;
    worker->due[worker->due_count++] = client;
}

void client_ready(struct worker *worker, struct client *client)
{
    client->state = CLIENT_READY;
    worker->opening--;
    if (client->is_returning)
        storm_returned(worker);
    counter_add(&worker->ready, 1);
    if (client->is_stalled)
        os_poller_remove(&worker->poller, client->descriptor);
}

/* A plain broadcaster's rooms are told apart by path. */
static void add_room_to_path(struct worker *worker, const struct client *client, struct view *path)
{
    bool has_slash = path->at[path->size - 1] == '/';
    builder_clear(&worker->scratch);
    builder_add_view(&worker->scratch, *path);
    builder_format(&worker->scratch, "%s%u", has_slash ? "" : "/", client->room);
    *path = builder_view(&worker->scratch);
}

static void begin_upgrade(struct worker *worker, struct client *client)
{
    struct handshake handshake;
    wish_of(worker, client, &handshake);
    if (worker->shared->options->is_raw && worker->shared->options->rooms > 1)
        add_room_to_path(worker, client, &handshake.path);
    client->state = CLIENT_UPGRADING;
    builder_init(&client->out, OUT_BYTES_MAX);
    handshake_request(&handshake, &client->out);
    flush(worker, client);
}

static void secure(struct worker *worker, struct client *client)
{
    const char *problem = NULL;
    switch (way_shake(client->ssl, &problem)) {
    case DECODE_NEED_MORE: return;
    case DECODE_DONE: begin_upgrade(worker, client); return;
    case DECODE_BAD: break;
    }
    worker_fail(worker, "no TLS with the server: %s (--insecure takes any certificate)", problem);
}

static void on_connected(struct worker *worker, struct client *client)
{
    int error = os_socket_error(client->descriptor);
    if (error != 0) {
        fail_to_connect(worker, error);
        return;
    }
    if (worker->shared->context == NULL) {
        begin_upgrade(worker, client);
        return;
    }
    client->ssl = way_new(worker->shared->context, client->descriptor, worker->shared->options->host);
    if (client->ssl == NULL) {
        worker_fail(worker, "memory is out: ask for fewer connections");
        return;
    }
    client->state = CLIENT_SECURING;
    secure(worker, client);
}

/* Without waiting for the welcome: a server may hold that back for a moment in case a login comes first. */
static void send_join(struct worker *worker, struct client *client)
{
    struct builder *join = &worker->scratch;
    builder_clear(join);
    builder_format(join, "{\"type\":\"join\",\"room\":\"%s-%u\",", worker->shared->options->room_prefix, client->room);
    if (client->is_returning)
        storm_add_place(worker, client, join);
    else
        builder_add_string(join, "\"history\":0");
    builder_add_byte(join, '}');
    client_send(worker, client, WS_TEXT, builder_view(join));
}

/* How many of the bytes belong to the answer; 0: it has not come whole, or it is none. */
static size_t take_answer(struct worker *worker, struct client *client, struct view bytes)
{
    struct handshake handshake;
    struct handshake_answer answer;
    wish_of(worker, client, &handshake);
    builder_clear(&worker->scratch);
    enum decode decoded = handshake_read(&handshake, bytes, &answer, &worker->scratch);
    if (decoded == DECODE_BAD)
        worker_fail(worker, "connection %u was not upgraded: %.*s", client->number, (int)worker->scratch.size,
                    (const char *)worker->scratch.at);
    if (decoded != DECODE_DONE)
        return 0;
    client->is_compression_agreed = answer.is_compression_agreed;
    worker->compressed += answer.is_compression_agreed;
    client->state = CLIENT_JOINING;
    if (worker->shared->options->is_raw || worker->shared->options->is_upgrade_only)
        client_ready(worker, client);
    else
        send_join(worker, client);
    return answer.size;
}

static void on_close(struct worker *worker, struct client *client, struct view payload)
{
    char why[192];
    if (payload.size < 2)
        (void)snprintf(why, sizeof(why), "the server closed it without a code");
    else
        (void)snprintf(why, sizeof(why), "the server closed it with %d %.*s", payload.at[0] << 8 | payload.at[1],
                       (int)payload.size - 2, (const char *)payload.at + 2);
    client_send(worker, client, WS_CLOSE, payload.size < 2 ? payload : view_first(payload, 2));
    client_end(worker, client, why);
}

/* A piece of a message in several frames. */
static void take_piece(struct worker *worker, struct client *client, const struct client_frame *frame,
                       struct view payload)
{
    if (client->message == NULL) {
        client->message = malloc(sizeof(*client->message));
        if (client->message == NULL) {
            worker_fail(worker, "memory is out: ask for fewer connections");
            return;
        }
        builder_init(client->message, MESSAGE_BYTES_MAX);
    }
    if (frame->opcode != WS_CONTINUATION) {
        builder_clear(client->message);
        client->is_message_compressed = frame->is_compressed;
    }
    builder_add_view(client->message, payload);
    if (!builder_ok(client->message)) {
        client_end(worker, client, "the server sent a message of over 1 MiB");
        return;
    }
    if (frame->is_final)
        delivery_take(worker, client, builder_view(client->message), client->is_message_compressed);
}

static void take_frame(struct worker *worker, struct client *client, const struct client_frame *frame,
                       struct view payload)
{
    switch (frame->opcode) {
    case WS_TEXT:
    case WS_BINARY:
        if (frame->is_final)
            delivery_take(worker, client, payload, frame->is_compressed);
        else
            take_piece(worker, client, frame, payload);
        break;
    case WS_CONTINUATION: take_piece(worker, client, frame, payload); break;
    case WS_PING: client_send(worker, client, WS_PONG, payload); break;
    case WS_PONG: break;
    case WS_CLOSE: on_close(worker, client, payload); break;
    }
}

/* How many of the bytes were whole frames. */
static size_t take_frames(struct worker *worker, struct client *client, struct view bytes)
{
    size_t done = 0;
    while (client->state != CLIENT_ENDED) {
        struct client_frame frame;
        struct view rest = view_skip(bytes, done);
        enum decode decoded = client_frame_read(rest, client->is_compression_agreed, &frame);
        if (decoded == DECODE_BAD) {
            client_end(worker, client, "the server sent what is no right frame");
            return done;
        }
        if (decoded == DECODE_NEED_MORE || rest.size - frame.header_size < frame.payload_size)
            return done;
        take_frame(worker, client, &frame, view_of(rest.at + frame.header_size, (size_t)frame.payload_size));
        done += frame.header_size + (size_t)frame.payload_size;
    }
    return done;
}

static void keep_rest(struct worker *worker, struct client *client, struct view rest)
{
    client->rest_size = 0;
    if (rest.size == 0)
        return;
    if (rest.size > WORKER_REST_BYTES_MAX) {
        client_end(worker, client, "the server sent a frame of over 1 MiB");
        return;
    }
    if (client->rest_capacity < rest.size) {
        uint8_t *memory = realloc(client->rest, rest.size);
        if (memory == NULL) {
            worker_fail(worker, "memory is out: ask for fewer connections");
            return;
        }
        client->rest = memory;
        client->rest_capacity = (uint32_t)rest.size;
    }
    memcpy(client->rest, rest.at, rest.size);
    client->rest_size = (uint32_t)rest.size;
}

static void take_bytes(struct worker *worker, struct client *client, struct view bytes)
{
    size_t done = 0;
    if (client->state == CLIENT_UPGRADING)
        done = take_answer(worker, client, bytes);
    if (client->state >= CLIENT_JOINING)
        done += take_frames(worker, client, view_skip(bytes, done));
    if (client->state != CLIENT_ENDED)
        keep_rest(worker, client, view_skip(bytes, done));
}

/* Reads until the socket is empty. A read that did not fill the buffer has emptied it: what comes later is a new event.
 */
static void read_all(struct worker *worker, struct client *client, bool is_finished)
{
    size_t size = WORKER_READ_BYTES;
    while (client->state != CLIENT_ENDED && (size == WORKER_READ_BYTES || is_finished)) {
        uint8_t *at = worker->buffer + client->rest_size;
        enum result result = way_read(client->ssl, client->descriptor, at, WORKER_READ_BYTES, &size);
        if (result == RESULT_AGAIN)
            return;
        if (result != RESULT_OK) {
            client_end(worker, client,
                       result == RESULT_CLOSED ? "the server ended it without a close frame" : "it was reset");
            return;
        }
        worker->now_ns = os_clock_monotonic_ns();
        counter_add(&worker->reads, 1);
        counter_add(&worker->delivered_bytes, size);
        if (client->rest_size > 0)
            memcpy(worker->buffer, client->rest, client->rest_size);
        take_bytes(worker, client, view_of(worker->buffer, client->rest_size + size));
        if (client->is_stalled && client->state == CLIENT_READY)
            return;
    }
}

void client_event(struct worker *worker, struct client *client, const struct os_event *event)
{
    if (client->state == CLIENT_CONNECTING && event->is_writable)
        on_connected(worker, client);
    else if (client->state == CLIENT_SECURING)
        secure(worker, client);
    else if (event->is_writable && client->state != CLIENT_ENDED && client->out.size > 0)
        flush(worker, client);
    if (client->is_stalled && client->state == CLIENT_READY)
        return;
    if (event->is_readable && client->state > CLIENT_SECURING)
        read_all(worker, client, event->is_finished);
    if (worker->phase == LOAD_RUN || worker->phase == LOAD_DRAIN)
        client_publish(worker, client);
}

bool client_is_cut(struct worker *worker, struct client *client)
{
    enum { READS_MAX = 256 };
    for (int count = 0; count < READS_MAX && client->descriptor >= 0; count++) {
        size_t size;
        enum result result = os_read(client->descriptor, worker->buffer, WORKER_READ_BYTES, &size);
        if (result != RESULT_OK)
            return result != RESULT_AGAIN;
    }
    return false;
}
