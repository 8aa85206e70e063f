/* SPDX-License-Identifier: Apache-2.0 */
/* The opening handshake from the client's side (RFC 6455 section 4.1): the request, and the check of the answer. */
#pragma once

#include "base/builder.h"
#include "wire/decode.h"

enum { HANDSHAKE_KEY_SIZE = 24, HANDSHAKE_ANSWER_BYTES_MAX = 16384 };

struct handshake {
    struct view host;
    struct view path;
    const char *protocol; /* asked for, or NULL */
    const char *token;    /* who it is, or NULL: nobody yet */
    bool offers_compression;
    char key[HANDSHAKE_KEY_SIZE + 1];
};

struct handshake_answer {
    size_t size; /* of the head; what follows is the first frame */
    bool is_compression_agreed;
};

/* A key from 16 bytes' worth of `random`: the standard wants it different for each connection, not secret. */
void handshake_key(uint64_t random, char out[HANDSHAKE_KEY_SIZE + 1]);
void handshake_request(const struct handshake *handshake, struct builder *out);
/* BAD: refused, or not what was asked for; then `out_problem` says what the server answered. */
enum decode handshake_read(const struct handshake *handshake, struct view bytes, struct handshake_answer *out_answer,
                           struct builder *out_problem);
