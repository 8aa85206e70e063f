/* SPDX-License-Identifier: Apache-2.0 */
/* A file system for SQLite that fails where a test wants it to: it stands before the real one and counts the calls that
 * change something. Any thread. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum fault_kind {
    FAULT_DISK_FULL,  /* a write finds no room */
    FAULT_WRITE,      /* a write fails */
    FAULT_TORN_WRITE, /* half of the bytes are written, then it fails */
    FAULT_SYNC,       /* fsync fails */
    FAULT_OPEN,       /* opening a file fails */
    FAULT_READ,       /* a read fails */
    FAULT_READ_ONLY,  /* a write finds that the file system is read-only now */
};

/* Makes it SQLite's default; once. */
void fault_vfs_install(void);
/* Calls of that kind from now on: the one with this number (from 1) fails, and all after it if `lasts`. */
void fault_vfs_arm(enum fault_kind kind, int number, bool lasts);
/* No more faults. True if one happened since it was armed. */
bool fault_vfs_disarm(void);
/* Every fsync takes so much longer, beside any other fault; 0: no more. */
void fault_vfs_slow(int sync_ms);
/* From now on: how many bytes were written to the log of changes before it was first synced; -1: it was not synced. */
void fault_vfs_watch_log(void);
int64_t fault_vfs_log_bytes_synced(void);
