/* SPDX-License-Identifier: Apache-2.0 */
/* TCP sockets, non-blocking, close-on-exec. A descriptor is a plain int that its connection owns. */
#pragma once

#include <stdbool.h>
#include <sys/uio.h>

#include "base/result.h"
#include "base/view.h"

/* An address in one form: IPv4 is kept as an IPv4-mapped IPv6 address. */
struct os_address {
    uint8_t bytes[16];
    uint16_t port; /* host order */
};

/* "127.0.0.1:8080", "[::1]:8080", ":8080" (all addresses), "*:8080", "localhost:8080" (loopback, no name service).
 * RESULT_INVALID: not of that form. */
enum result os_address_parse(struct view text, struct os_address *out_address) MUST_USE;
/* The text of it, with or without the port; `out` has room for 64 bytes. Returns out. */
char *os_address_format(const struct os_address *address, bool with_port, char out[64]);
bool os_address_is_loopback(const struct os_address *address);

/* A listening socket. All addresses means IPv6 and IPv4 in one, or IPv4 alone where there is no IPv6. `is_shared`:
 * SO_REUSEPORT, so that every shard has its own; other processes of the same user may then share the port as well, so
 * a port in use is found only by a listener that is not shared. `*out_bound` is what it is bound to (the port drawn,
 * where 0 was asked for). RESULT_EXISTS: in use; RESULT_REFUSED: no right; RESULT_FAILED. */
enum result os_listen(const struct os_address *address, int backlog, bool is_shared, int *out_descriptor,
                      struct os_address *out_bound) MUST_USE;
/* RESULT_OK, RESULT_AGAIN (nobody waits), RESULT_FULL (no descriptor or memory left: pause), RESULT_FAILED (that one is
 * gone; go on). */
enum result os_accept(int listener, int *out_descriptor, struct os_address *out_peer) MUST_USE;
/* A listening unix socket, which its owner and its group may connect to. A socket file that nobody listens on any
 * longer is replaced. RESULT_OK, RESULT_EXISTS (somebody listens there, or it is another kind of file), RESULT_REFUSED,
 * RESULT_NOT_FOUND (no such folder), RESULT_INVALID (the path is too long), RESULT_FAILED. */
enum result os_listen_unix(const char *path, int backlog, int *out_descriptor) MUST_USE;
/* Another descriptor of the same listening socket. RESULT_OK or RESULT_FULL. */
enum result os_listener_share(int listener, int *out_descriptor) MUST_USE;
/* Begins a connection; it is complete when writable, and os_socket_error then says whether it came about. For clients
 * and tests. RESULT_OK, RESULT_REFUSED (nobody listens there), RESULT_FULL (no descriptor or memory left),
 * RESULT_FAILED. */
enum result os_connect(const struct os_address *address, int *out_descriptor) MUST_USE;

/* The same for a unix socket; it is complete at once. RESULT_OK, RESULT_INVALID (the path is too long), RESULT_REFUSED
 * (nobody listens there, or this user may not), RESULT_FULL. */
enum result os_connect_unix(const char *path, int *out_descriptor) MUST_USE;
/* Waits until it can be written to, or read from, or the time is over (then false). For programs without a poller. */
bool os_descriptor_wait(int descriptor, bool is_writing, int timeout_ms);
/* For a connection, or for a listener, whose connections inherit it. TCP_NODELAY; SO_SNDBUF where `send_buffer_bytes` >
 * 0; TCP_NOTSENT_LOWAT where `unsent_bytes_max` > 0. */
void os_socket_tune(int descriptor, int send_buffer_bytes, int unsent_bytes_max);

/* `size` is at least 1. RESULT_OK with at least one byte, RESULT_AGAIN, RESULT_CLOSED (orderly end: FIN),
 * RESULT_FAILED (reset or error). Peeking leaves the bytes where they are. */
enum result os_peek(int descriptor, void *out, size_t size, size_t *out_size) MUST_USE;
enum result os_read(int descriptor, void *out, size_t size, size_t *out_size) MUST_USE;
/* RESULT_OK with at least one byte taken (perhaps fewer than given), RESULT_AGAIN, RESULT_CLOSED (peer gone),
 * RESULT_FAILED. There is at least one byte to write. */
enum result os_writev(int descriptor, const struct iovec *parts, int count, size_t *out_size) MUST_USE;
enum result os_write(int descriptor, const void *at, size_t size, size_t *out_size) MUST_USE;
/* Sends FIN, reading goes on. */
void os_socket_finish_writing(int descriptor);
void os_socket_close(int descriptor);
/* What the socket is bound to. RESULT_OK or RESULT_FAILED. */
enum result os_socket_name(int descriptor, struct os_address *out_name) MUST_USE;
/* The peer's address; left as it is where there is none. */
void os_socket_peer(int descriptor, struct os_address *out_peer);
/* The last error of a connecting socket: 0 or an errno value. */
int os_socket_error(int descriptor);
/* What the kernel knows of a TCP connection; it is only asked when somebody wants to see it. */
struct os_link {
    uint64_t received_bytes, acknowledged_bytes; /* of the stream, TLS included */
    uint32_t rtt_us;                             /* smoothed, to the nearest end of TCP: a proxy, where there is one */
    uint32_t resends;                            /* segments that were sent again, in all */
};
/* False: it is no TCP socket, or none any longer. */
bool os_socket_link(int descriptor, struct os_link *out_link);
/* The error of the system call of this thread that failed last: an errno value, and its name ("ECONNRESET"). */
int os_error_last(void);
const char *os_error_name(int error);
/* Bytes that the kernel holds unsent or unacknowledged; 0 where it cannot tell. */
size_t os_socket_unsent_bytes(int descriptor);
/* Memory that the kernel holds for the socket, in both directions, with its own overhead; 0 where it cannot tell. */
size_t os_socket_memory_bytes(int descriptor);
