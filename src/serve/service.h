/* SPDX-License-Identifier: Apache-2.0 */
/* What natter tells the service manager that started it (sd_notify(3)): that it serves, reloads or ends, that its loops
 * turn, and that it needs more time. All of it does nothing where nobody asked to be told. Main thread.
 *
 *     starting ── busy … ── READY=1 ── alive … ── RELOADING=1, READY=1 ── alive … ── STOPPING=1 ── busy … alive …
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SERVICE_STATUS_BYTES = 256 };

struct service {
    const char *address;  /* NOTIFY_SOCKET; NULL: nobody wants to know */
    uint64_t watchdog_ms; /* the manager restarts a server that is silent for so long; 0: it does not */
    uint64_t told_ms;     /* when it last heard that the loops turn */
    uint64_t extended_ms; /* when it was last asked for more time */
    bool has_failed;      /* it did not hear; told in the log once */
    bool is_heir;         /* it has not been told that this is the main process now */
    char status[SERVICE_STATUS_BYTES];
};

/* Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID, which stay for a program that takes this one's place. */
void service_init(struct service *service);

/* The listeners serve. `status` is a line for people (systemctl status). */
void service_ready(struct service *service, const char *status);
/* The certificates are being read again; service_ready() says when that is done. */
void service_reloading(struct service *service);
/* A process that is to take this one's place gets ready; service_ready() says that it came to nothing. */
void service_replacing(struct service *service);
/* It has taken it: it is the main process, and only it is listened to from now on. */
void service_replaced(struct service *service, int pid);
/* This process takes the place of one of which the manager wants to hear that often, whatever WATCHDOG_PID says. */
void service_inherit(struct service *service, uint64_t watchdog_ms);
/* No new connections from now on. */
void service_stopping(struct service *service);
/* Tells the line if it is another one than the last. */
void service_status(struct service *service, const char *status);

/* Starting or ending takes long and goes on: asks for more time, once a second at most. Call it from where the work is,
 * so that one who hangs does not ask. */
void service_busy(struct service *service);

/* How often the manager wants to hear that the loops turn: in ms; UINT64_MAX: never. */
uint64_t service_alive_interval_ms(const struct service *service);
/* How long a loop may be without a turn before service_alive() is not to be called any longer. */
uint64_t service_patience_ms(const struct service *service);
/* The loops turn; told at most once in that interval. */
void service_alive(struct service *service);
