/* SPDX-License-Identifier: Apache-2.0 */
/* The disk: files in memory, each with what programs see (the page cache) and what is on the medium. A power cut keeps
 * of what was written and not synced any part, sector by sector. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    DISK_SECTOR_BYTES = 512,
    DISK_PAGE_BYTES = 4096,
    DISK_FILES_MAX = 16,
    DISK_NAME_BYTES = 64,
    SHM_REGIONS_MAX = 16
};

struct disk_bytes {
    uint8_t *at;
    size_t size, capacity;
};

/* SQLite's index of the log of changes, and its locks: memory of one process. */
struct disk_shared {
    void *regions[SHM_REGIONS_MAX];
    int users;
    int shared[8]; /* holders of each lock */
    bool exclusive[8];
};

struct disk_file {
    char name[DISK_NAME_BYTES];
    bool is_there;   /* has a name */
    bool is_lasting; /* and would have it after a power cut */
    struct disk_bytes now;
    struct disk_bytes kept;  /* on the medium */
    struct disk_bytes dirty; /* a byte for each sector: 1 where the next sync has something to write */
    int readers;             /* SQLite's locks on the file */
    void *reserved, *exclusive, *pending;
    struct disk_shared shared;
};

void disk_init(void);
void disk_done(void);
struct disk_file *disk_find(const char *path);
struct disk_file *disk_make(const char *path);
void disk_remove(struct disk_file *file, bool is_lasting);
void disk_write(struct disk_file *file, const void *at, size_t size, size_t offset);
void disk_truncate(struct disk_file *file, size_t size);
void disk_sync(struct disk_file *file);
/* As kernels do it: what could not be written counts as written. */
void disk_sync_fails(struct disk_file *file);
size_t disk_bytes_used(void);

/* The process dies. What it still holds of the disk it writes to a copy that nobody sees; what survives becomes the
 * disk of the next one with disk_revive(). `is_power_cut`: without what was not synced. */
void disk_crash(bool is_power_cut);
/* The dead process has let go of everything. */
void disk_revive(void);

/* vfs.c: makes this disk SQLite's, once. */
void vfs_register(void);
void vfs_reset(void);
