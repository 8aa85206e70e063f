/* SPDX-License-Identifier: Apache-2.0 */
/* Packets between two processes of this machine, and descriptors with them: an unnamed pair of unix sockets. Packets
 * keep their bounds and their order. One thread at each end; every wait has a deadline. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/builder.h"
#include "base/result.h"
#include "base/view.h"

enum {
    CHANNEL_PACKET_BYTES_MAX = 32 * 1024,
    CHANNEL_DESCRIPTORS_MAX = 128, /* of one packet: the kernel takes 253 */
};

/* Both ends, close-on-exec. RESULT_OK, RESULT_FULL (no descriptor is free), RESULT_FAILED. */
enum result os_channel_open(int out_ends[2]) MUST_USE;

/* `bytes`: 1 to CHANNEL_PACKET_BYTES_MAX. The descriptors are copied into the packet and stay the sender's. RESULT_OK;
 * RESULT_CLOSED: nobody is at the other end; RESULT_AGAIN: it took nothing until the deadline (monotonic, ms);
 * RESULT_FAILED. */
enum result os_channel_send(int end, struct view bytes, const int *descriptors, size_t count,
                            uint64_t deadline_ms) MUST_USE;

/* What came with a packet. The descriptors, close-on-exec, are the receiver's. */
struct channel_packet {
    uint8_t bytes[CHANNEL_PACKET_BYTES_MAX];
    size_t size;
    int descriptors[CHANNEL_DESCRIPTORS_MAX];
    size_t descriptor_count;
};
/* RESULT_OK; RESULT_CLOSED: the other end is closed and all packets were taken; RESULT_AGAIN: none came until the
 * deadline (0: looks only); RESULT_INVALID: cut, by too many bytes or descriptors; RESULT_FAILED. */
enum result os_channel_receive(int end, struct channel_packet *out_packet, uint64_t deadline_ms) MUST_USE;
void os_channel_close(int end);
