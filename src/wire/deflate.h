/* SPDX-License-Identifier: Apache-2.0 */
/* permessage-deflate (RFC 7692): negotiation, and raw deflate with zlib. Our side never keeps a context between
 * messages, so what we compress once can go to every subscriber. We ask clients for the same
 * (client_no_context_takeover), so that inflating needs no memory between messages. */
#pragma once

#include "base/builder.h"
#include "base/view.h"

/* What both sides agreed on. */
struct deflate_terms {
    uint8_t server_window_bits;    /* 9 to 15: the most that our compressor may use (zlib cannot do 8 raw: declined) */
    uint8_t client_window_bits;    /* 8 to 15: the client's own hint; our inflater copes with 15 in any case */
    bool has_client_window_bits;   /* the client's offer had client_max_window_bits, so our answer could carry it */
    bool server_window_bits_asked; /* the client asked for a limit, so our answer must carry it */
    bool client_no_context;        /* always answered true by us */
};

/* Reads one Sec-WebSocket-Extensions list (a field's value) and takes the first acceptable permessage-deflate offer.
 * DEFLATE_DECLINED: none is acceptable (unknown or repeated parameters, bad values, server_max_window_bits=8 are
 * declined, section 7.1). DEFLATE_MALFORMED: the list is not well-formed, for which the handshake must fail (RFC 6455
 * section 9.1). `*out_terms` is set only where an offer is taken. */
enum deflate_offer { DEFLATE_TAKEN, DEFLATE_DECLINED, DEFLATE_MALFORMED };
enum deflate_offer deflate_offer_read(struct view extensions, struct deflate_terms *out_terms);
/* Appends the answer's value: "permessage-deflate; server_no_context_takeover; client_no_context_takeover…". It
 * never limits the client's window: that would only cost bytes, and some clients cannot keep what they offered. */
void deflate_answer(const struct deflate_terms *terms, struct builder *out);

/* A compressor of one thread, reset for each message, always with a window of `window_bits` (9 to 15). */
struct deflater;
struct deflater *deflater_new(int window_bits, int level);
void deflater_free(struct deflater *deflater);
/* Appends the compressed message (without the trailing 00 00 FF FF, section 7.2.1) to `out`. False: the builder's
 * ceiling (which must have room for the trailing bytes and one more) or memory ended; what was there before stays. */
bool deflater_run(struct deflater *deflater, struct view message, struct builder *out);

/* An inflater, lent to a connection while a compressed message is coming in. */
struct inflater;
enum inflate { INFLATE_OK, INFLATE_TOO_BIG, INFLATE_BAD, INFLATE_NO_MEMORY };
struct inflater *inflater_new(void);
void inflater_free(struct inflater *inflater);
void inflater_reset(struct inflater *inflater);
/* Appends what `piece` inflates to; INFLATE_TOO_BIG as soon as `out` would pass its ceiling, before it is filled
 * beyond it. `is_last`: the message's last piece; the tail 00 00 FF FF is added (section 7.2.2). After anything but
 * INFLATE_OK, and after a message's last piece, only inflater_reset or inflater_free may follow. Before a fault,
 * `out` has all bytes that the stream gave until there. */
enum inflate inflater_run(struct inflater *inflater, struct view piece, bool is_last, struct builder *out);
