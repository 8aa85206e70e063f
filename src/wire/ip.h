/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses in text. Every address has one form, 16 bytes: one of IPv4 is kept as an IPv4-mapped one of IPv6. */
#pragma once

#include "base/view.h"

enum { IP_BYTES = 16, IP_BITS = 128, IP4_BITS_BEFORE = 96 /* in front of an address of IPv4 */ };

/* "192.0.2.1" or "2001:db8::1", without brackets, port or zone. False: it is none. */
bool ip_parse(struct view text, uint8_t out[IP_BYTES]);
/* The same with what forwarding fields may add: "192.0.2.1:4711", "[2001:db8::1]", "[2001:db8::1]:4711" (RFC 7239
 * section 6). The port is dropped. */
bool ip_parse_node(struct view text, uint8_t out[IP_BYTES]);
bool ip_is_4(const uint8_t address[IP_BYTES]);

/* From how far away an address can be: this machine, a network of one's own (RFC 1918, RFC 4193, link-local, RFC 6598),
 * or anywhere. */
enum ip_reach { IP_LOOPBACK, IP_PRIVATE, IP_PUBLIC };
enum ip_reach ip_reach_of(const uint8_t address[IP_BYTES]);
const char *ip_reach_text(enum ip_reach reach);
