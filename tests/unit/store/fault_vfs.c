/* SPDX-License-Identifier: Apache-2.0 */
#include "fault_vfs.h"

#include <assert.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct fault_file {
    sqlite3_file base;  /* first: what SQLite sees */
    sqlite3_file *real; /* behind this struct, in the same block */
    bool is_log;
};

static sqlite3_vfs *real_vfs;
static sqlite3_vfs fault_vfs;

static _Atomic int armed_kind;
static _Atomic int calls_left; /* 0: the next one fails if it lasts; negative: not armed */
static _Atomic bool does_last;
static _Atomic bool has_struck;
static _Atomic bool is_armed;
static _Atomic int slow_ms;
static _Atomic int64_t log_bytes_written;
static _Atomic int64_t log_bytes_synced;

void fault_vfs_arm(enum fault_kind kind, int number, bool lasts)
{
    atomic_store(&armed_kind, (int)kind);
    atomic_store(&calls_left, number);
    atomic_store(&does_last, lasts);
    atomic_store(&has_struck, false);
    atomic_store(&is_armed, true);
}

bool fault_vfs_disarm(void)
{
    atomic_store(&is_armed, false);
    return atomic_load(&has_struck);
}

void fault_vfs_slow(int sync_ms)
{
    atomic_store(&slow_ms, sync_ms);
}

void fault_vfs_watch_log(void)
{
    atomic_store(&log_bytes_written, 0);
    atomic_store(&log_bytes_synced, -1);
}

int64_t fault_vfs_log_bytes_synced(void)
{
    return atomic_load(&log_bytes_synced);
}

static bool strikes(enum fault_kind kind)
{
    if (!atomic_load(&is_armed) || atomic_load(&armed_kind) != (int)kind)
        return false;
    int left = atomic_fetch_sub(&calls_left, 1);
    bool does = left == 1 || (left < 1 && atomic_load(&does_last));
    if (does)
        atomic_store(&has_struck, true);
    return does;
}

static sqlite3_file *real_of(sqlite3_file *file)
{
    return ((struct fault_file *)(void *)file)->real;
}

static bool is_log(sqlite3_file *file)
{
    return ((struct fault_file *)(void *)file)->is_log;
}

static int file_close(sqlite3_file *file)
{
    return real_of(file)->pMethods->xClose(real_of(file));
}

static int file_read(sqlite3_file *file, void *out, int size, sqlite3_int64 offset)
{
    if (strikes(FAULT_READ))
        return SQLITE_IOERR_READ;
    return real_of(file)->pMethods->xRead(real_of(file), out, size, offset);
}

static int file_write(sqlite3_file *file, const void *at, int size, sqlite3_int64 offset)
{
    if (strikes(FAULT_DISK_FULL))
        return SQLITE_FULL;
    if (strikes(FAULT_WRITE))
        return SQLITE_IOERR_WRITE;
    if (strikes(FAULT_READ_ONLY))
        return SQLITE_READONLY;
    if (strikes(FAULT_TORN_WRITE)) {
        (void)real_of(file)->pMethods->xWrite(real_of(file), at, size / 2, offset); /* fails in any case */
        return SQLITE_IOERR_WRITE;
    }
    if (is_log(file))
        atomic_fetch_add(&log_bytes_written, size);
    return real_of(file)->pMethods->xWrite(real_of(file), at, size, offset);
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    if (strikes(FAULT_WRITE))
        return SQLITE_IOERR_TRUNCATE;
    return real_of(file)->pMethods->xTruncate(real_of(file), size);
}

static int file_sync(sqlite3_file *file, int flags)
{
    int ms = atomic_load(&slow_ms);
    if (ms > 0)
        sqlite3_sleep(ms);
    if (strikes(FAULT_SYNC))
        return SQLITE_IOERR_FSYNC;
    if (is_log(file) && atomic_load(&log_bytes_synced) < 0)
        atomic_store(&log_bytes_synced, atomic_load(&log_bytes_written));
    return real_of(file)->pMethods->xSync(real_of(file), flags);
}

static int file_size(sqlite3_file *file, sqlite3_int64 *out_size)
{
    return real_of(file)->pMethods->xFileSize(real_of(file), out_size);
}

static int file_lock(sqlite3_file *file, int level)
{
    return real_of(file)->pMethods->xLock(real_of(file), level);
}

static int file_unlock(sqlite3_file *file, int level)
{
    return real_of(file)->pMethods->xUnlock(real_of(file), level);
}

static int file_check_lock(sqlite3_file *file, int *out_is_locked)
{
    return real_of(file)->pMethods->xCheckReservedLock(real_of(file), out_is_locked);
}

static int file_control(sqlite3_file *file, int operation, void *argument)
{
    return real_of(file)->pMethods->xFileControl(real_of(file), operation, argument);
}

static int file_sector(sqlite3_file *file)
{
    return real_of(file)->pMethods->xSectorSize(real_of(file));
}

static int file_traits(sqlite3_file *file)
{
    return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}

static int file_map(sqlite3_file *file, int region, int size, int may_extend, void volatile **out_at)
{
    return real_of(file)->pMethods->xShmMap(real_of(file), region, size, may_extend, out_at);
}

static int file_map_lock(sqlite3_file *file, int offset, int count, int flags)
{
    return real_of(file)->pMethods->xShmLock(real_of(file), offset, count, flags);
}

static void file_map_barrier(sqlite3_file *file)
{
    real_of(file)->pMethods->xShmBarrier(real_of(file));
}

static int file_unmap(sqlite3_file *file, int removes)
{
    return real_of(file)->pMethods->xShmUnmap(real_of(file), removes);
}

static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = file_close,
    .xRead = file_read,
    .xWrite = file_write,
    .xTruncate = file_truncate,
    .xSync = file_sync,
    .xFileSize = file_size,
    .xLock = file_lock,
    .xUnlock = file_unlock,
    .xCheckReservedLock = file_check_lock,
    .xFileControl = file_control,
    .xSectorSize = file_sector,
    .xDeviceCharacteristics = file_traits,
    .xShmMap = file_map,
    .xShmLock = file_map_lock,
    .xShmBarrier = file_map_barrier,
    .xShmUnmap = file_unmap,
};

static int vfs_open(sqlite3_vfs *vfs, sqlite3_filename name, sqlite3_file *file, int flags, int *out_flags)
{
    (void)vfs; /* there is one */
    struct fault_file *fault = (struct fault_file *)(void *)file;
    fault->base.pMethods = NULL;
    if (strikes(FAULT_OPEN))
        return SQLITE_CANTOPEN;
    fault->is_log = (flags & SQLITE_OPEN_WAL) != 0;
    fault->real = (sqlite3_file *)(void *)(fault + 1);
    int code = real_vfs->xOpen(real_vfs, name, fault->real, flags, out_flags);
    if (fault->real->pMethods != NULL)
        fault->base.pMethods = &methods;
    return code;
}

void fault_vfs_install(void)
{
    if (real_vfs != NULL)
        return;
    real_vfs = sqlite3_vfs_find(NULL);
    assert(real_vfs != NULL);
    fault_vfs = *real_vfs;
    fault_vfs.zName = "fault";
    fault_vfs.szOsFile = (int)sizeof(struct fault_file) + real_vfs->szOsFile;
    fault_vfs.xOpen = vfs_open;
    int code = sqlite3_vfs_register(&fault_vfs, 1);
    assert(code == SQLITE_OK);
    (void)code;
}
