/* SPDX-License-Identifier: Apache-2.0 */
/* The server under test: all of it from server_run() down, started, killed and started again. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct os_poller;
struct os_wakeup;

/* Draws the configuration of this seed: small queues and buffers mostly. */
void server_draw(size_t clients, size_t rooms);
void server_done(void);
const struct config *server_config(void);

void server_start(void);
bool server_is_running(void);
/* It was started, and has been at rest once: clients may come. */
bool server_is_serving(void);
/* SIGTERM. */
void server_leave(void);
/* The process dies here and now; or its machine does. What is left of it is taken apart unseen. */
void server_crash(bool is_power_cut);
/* Once it has ended: false while it has not. Nothing of it may be left. */
bool server_reap(void);

/* Nobody can go on: then no letter may lie unread, for its receiver would sleep on it. */
void server_check_awake(void);

/* All clients are gone: so must be everything that they needed. False: not yet. */
bool server_is_empty(void);
void server_check_empty(void);
uint64_t server_lapped(void);
/* Somebody may be told 1008. */
bool server_has_limits(void);

/* ---- called from the server's threads ---- */

int server_signal_wait(int timeout_ms);
/* A shard is about to wait, the store's thread likewise: what must hold between two turns is proved. */
void server_at_rest(const struct os_poller *poller);
void server_store_at_rest(const struct os_wakeup *wakeup);
