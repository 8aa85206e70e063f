/* SPDX-License-Identifier: Apache-2.0 */
/* The test groups of this floor; each runs one file's tests and returns how many failed. */
#pragma once

int test_client(void);
int test_client_frame(void);
int test_client_handshake(void);
int test_delivery(void);
int test_ledger(void);
int test_load(void);
int test_marker(void);
int test_options(void);
int test_process(void);
int test_progress(void);
int test_publisher(void);
int test_recall(void);
int test_report(void);
int test_scan(void);
int test_storm(void);
int test_worker(void);
