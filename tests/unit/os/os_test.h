/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of os/ share: cmocka with what it needs before it, and waiting for conditions with a deadline. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/view.h"
#include "os/socket.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* How long a condition that must come may take, on the slowest machine under the slowest sanitizer. */
enum { PATIENCE_MS = 30 * 1000 };

int test_channel(void);
int test_clock(void);
int test_file(void);
int test_mailbox(void);
int test_poller(void);
int test_program(void);
int test_random(void);
int test_resolve(void);
int test_service(void);
int test_socket(void);
int test_thread(void);
int test_tree(void);

/* This process was started by a test of test_program.c, and has done what that one wanted. */
bool program_is_second(void);

/* A connection over loopback, both ends non-blocking. */
struct test_pair {
    int client;
    int server;
    struct os_address peer; /* of the server's end */
};

/* Waits until the descriptor is readable or writable; fails the test if it never is. */
void wait_readable(int descriptor);
void wait_writable(int descriptor);
void listen_on_loopback(int *out_listener, struct os_address *out_bound);
struct test_pair connect_pair(void);
void close_pair(struct test_pair *pair);
