/* SPDX-License-Identifier: Apache-2.0 */
/* SQLite's view of the simulated disk, with the faults of real ones. Outside of fibers nothing fails and nothing
 * waits. */
#include <sqlite3.h>
#include <string.h>

#include "base/check.h"
#include "chance.h"
#include "disk.h"
#include "fiber.h"
#include "memory.h"
#include "world.h"

struct vfs_file {
    sqlite3_file base; /* first */
    struct disk_file *file;
    int lock;
    bool has_shared; /* uses file->shared */
    bool is_temporary;
    uint16_t shared_locks, exclusive_locks; /* of file->shared, as bits */
};

enum { SLOW_MS_MAX = 2000, FULL_MS_MAX = 8000, CALL_NS_MAX = 60000, SYNC_NS_MAX = 3000000 };

static uint64_t full_until_ns;

static struct vfs_file *of(sqlite3_file *file)
{
    return (struct vfs_file *)(void *)file;
}

/* Every call takes time, and others go on meanwhile. */
static void take_time(uint64_t ns_max)
{
    if (!fiber_current())
        return;
    if (fault(FAULT_DISK_SLOW))
        fiber_sleep(chance_skewed((uint64_t)SLOW_MS_MAX * 1000000));
    else if (chance_one_in(4))
        fiber_sleep(chance_below(ns_max));
    else
        fiber_point();
}

static bool strikes(enum fault which)
{
    if (!fiber_current() || !fault(which))
        return false;
    trace(fiber_name(), "the disk fails: %s", fault_label(which));
    return true;
}

static bool is_full(void)
{
    if (!fiber_current() || !world.has_faults || world.is_dead)
        return false;
    if (world.now_ns < full_until_ns)
        return true;
    if (!strikes(FAULT_DISK_FULL))
        return false;
    full_until_ns = world.now_ns + chance_skewed((uint64_t)FULL_MS_MAX * 1000000);
    return true;
}

/* ---- files ---- */

static int vfs_read(sqlite3_file *base, void *out, int size, sqlite3_int64 offset)
{
    take_time(CALL_NS_MAX);
    if (strikes(FAULT_DISK_READ))
        return SQLITE_IOERR_READ;
    const struct disk_bytes *now = &of(base)->file->now;
    size_t there = (size_t)offset < now->size ? now->size - (size_t)offset : 0;
    size_t taken = there < (size_t)size ? there : (size_t)size;
    if (taken > 0)
        memcpy(out, now->at + offset, taken);
    memset((uint8_t *)out + taken, 0, (size_t)size - taken);
    return taken == (size_t)size ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
}

static int vfs_write(sqlite3_file *base, const void *at, int size, sqlite3_int64 offset)
{
    struct disk_file *file = of(base)->file;

    take_time(CALL_NS_MAX);
    if ((size_t)offset + (size_t)size > file->now.size && is_full())
        return SQLITE_FULL;
    if (strikes(FAULT_DISK_WRITE)) {
        if (chance_one_in(2)) /* a part of it was written */
            disk_write(file, at, (size_t)chance_below((uint64_t)size), (size_t)offset);
        return SQLITE_IOERR_WRITE;
    }
    disk_write(file, at, (size_t)size, (size_t)offset);
    return SQLITE_OK;
}

static int vfs_truncate(sqlite3_file *base, sqlite3_int64 size)
{
    take_time(CALL_NS_MAX);
    if (strikes(FAULT_DISK_WRITE))
        return SQLITE_IOERR_TRUNCATE;
    disk_truncate(of(base)->file, (size_t)size);
    return SQLITE_OK;
}

static int vfs_sync(sqlite3_file *base, int flags)
{
    (void)flags;
    take_time(SYNC_NS_MAX);
    if (strikes(FAULT_DISK_SYNC)) {
        disk_sync_fails(of(base)->file);
        return SQLITE_IOERR_FSYNC;
    }
    disk_sync(of(base)->file);
    return SQLITE_OK;
}

static int vfs_size(sqlite3_file *base, sqlite3_int64 *out_size)
{
    if (strikes(FAULT_DISK_READ))
        return SQLITE_IOERR_FSTAT;
    *out_size = (sqlite3_int64)of(base)->file->now.size;
    return SQLITE_OK;
}

/* ---- locks on the file ---- */

static int vfs_lock(sqlite3_file *base, int level)
{
    struct vfs_file *own = of(base);
    struct disk_file *file = own->file;

    if (own->lock >= level)
        return SQLITE_OK;
    if (level == SQLITE_LOCK_SHARED) {
        if ((file->exclusive && file->exclusive != own) || (file->pending && file->pending != own))
            return SQLITE_BUSY;
        file->readers++;
    } else if (level == SQLITE_LOCK_RESERVED) {
        if (file->reserved && file->reserved != own)
            return SQLITE_BUSY;
        file->reserved = own;
    } else {
        if ((file->exclusive && file->exclusive != own) || (file->pending && file->pending != own)
            || (file->reserved && file->reserved != own))
            return SQLITE_BUSY;
        file->pending = own;
        if (file->readers > 1) {
            own->lock = SQLITE_LOCK_PENDING;
            return SQLITE_BUSY;
        }
        file->exclusive = own;
    }
    own->lock = level;
    return SQLITE_OK;
}

static int vfs_unlock(sqlite3_file *base, int level)
{
    struct vfs_file *own = of(base);
    struct disk_file *file = own->file;

    if (own->lock <= level)
        return SQLITE_OK;
    if (file->exclusive == own)
        file->exclusive = NULL;
    if (file->pending == own)
        file->pending = NULL;
    if (file->reserved == own)
        file->reserved = NULL;
    if (level == SQLITE_LOCK_NONE)
        file->readers--;
    own->lock = level;
    return SQLITE_OK;
}

static int vfs_check_reserved(sqlite3_file *base, int *out_is_reserved)
{
    const struct disk_file *file = of(base)->file;

    *out_is_reserved = file->reserved || file->pending || file->exclusive;
    return SQLITE_OK;
}

static int vfs_control(sqlite3_file *base, int operation, void *argument)
{
    (void)base;
    (void)operation;
    (void)argument;
    return SQLITE_NOTFOUND;
}

static int vfs_sector_size(sqlite3_file *base)
{
    (void)base;
    return DISK_PAGE_BYTES;
}

static int vfs_characteristics(sqlite3_file *base)
{
    (void)base;
    return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

/* ---- shared memory ---- */

static int vfs_shm_map(sqlite3_file *base, int index, int size, int may_extend, void volatile **out_region)
{
    struct vfs_file *own = of(base);
    struct disk_shared *shared = &own->file->shared;

    fiber_point();
    check(index < SHM_REGIONS_MAX);
    if (!own->has_shared) {
        own->has_shared = true;
        shared->users++;
    }
    if (!shared->regions[index] && may_extend) {
        if (strikes(FAULT_DISK_WRITE))
            return SQLITE_IOERR_SHMSIZE;
        shared->regions[index] = own_realloc(NULL, (size_t)size);
        memset(shared->regions[index], 0, (size_t)size);
    }
    *out_region = shared->regions[index];
    return SQLITE_OK;
}

static int shm_unlock(struct vfs_file *own, int first, int count)
{
    struct disk_shared *shared = &own->file->shared;

    for (int i = first; i < first + count; i++) {
        if (own->exclusive_locks & 1u << i)
            shared->exclusive[i] = false;
        if (own->shared_locks & 1u << i)
            shared->shared[i]--;
        own->exclusive_locks &= (uint16_t) ~(1u << i);
        own->shared_locks &= (uint16_t) ~(1u << i);
    }
    return SQLITE_OK;
}

static int vfs_shm_lock(sqlite3_file *base, int first, int count, int flags)
{
    struct vfs_file *own = of(base);
    struct disk_shared *shared = &own->file->shared;

    fiber_point();
    if (flags & SQLITE_SHM_UNLOCK)
        return shm_unlock(own, first, count);
    bool is_shared = flags & SQLITE_SHM_SHARED;
    for (int i = first; i < first + count; i++) {
        bool is_mine = own->shared_locks & 1u << i;
        if (shared->exclusive[i] && !(own->exclusive_locks & 1u << i))
            return SQLITE_BUSY;
        if (!is_shared && shared->shared[i] > is_mine)
            return SQLITE_BUSY;
    }
    for (int i = first; i < first + count; i++) {
        if (is_shared && !(own->shared_locks & 1u << i)) {
            shared->shared[i]++;
            own->shared_locks |= (uint16_t)(1u << i);
        } else if (!is_shared) {
            shared->exclusive[i] = true;
            own->exclusive_locks |= (uint16_t)(1u << i);
        }
    }
    return SQLITE_OK;
}

static void vfs_shm_barrier(sqlite3_file *base)
{
    (void)base;
    fiber_point();
}

static int vfs_shm_unmap(sqlite3_file *base, int is_delete)
{
    struct vfs_file *own = of(base);
    struct disk_shared *shared = &own->file->shared;

    (void)is_delete;
    if (!own->has_shared)
        return SQLITE_OK;
    (void)shm_unlock(own, 0, 8);
    own->has_shared = false;
    if (--shared->users > 0)
        return SQLITE_OK;
    for (int i = 0; i < SHM_REGIONS_MAX; i++) {
        own_free(shared->regions[i]);
        shared->regions[i] = NULL;
    }
    return SQLITE_OK;
}

static int vfs_close(sqlite3_file *base)
{
    struct vfs_file *own = of(base);

    (void)vfs_shm_unmap(base, 0);
    (void)vfs_unlock(base, SQLITE_LOCK_NONE);
    if (own->is_temporary)
        disk_remove(own->file, true);
    return SQLITE_OK;
}

/* ---- the file system ---- */

static const sqlite3_io_methods file_methods = {
    .iVersion = 2,
    .xClose = vfs_close,
    .xRead = vfs_read,
    .xWrite = vfs_write,
    .xTruncate = vfs_truncate,
    .xSync = vfs_sync,
    .xFileSize = vfs_size,
    .xLock = vfs_lock,
    .xUnlock = vfs_unlock,
    .xCheckReservedLock = vfs_check_reserved,
    .xFileControl = vfs_control,
    .xSectorSize = vfs_sector_size,
    .xDeviceCharacteristics = vfs_characteristics,
    .xShmMap = vfs_shm_map,
    .xShmLock = vfs_shm_lock,
    .xShmBarrier = vfs_shm_barrier,
    .xShmUnmap = vfs_shm_unmap,
};

static int vfs_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *base, int flags, int *out_flags)
{
    struct vfs_file *own = of(base);
    struct disk_file *file = name ? disk_find(name) : NULL;

    (void)vfs;
    *own = (struct vfs_file){0};
    take_time(CALL_NS_MAX);
    if (strikes(FAULT_DISK_READ))
        return SQLITE_CANTOPEN;
    if (!file && !(flags & SQLITE_OPEN_CREATE))
        return SQLITE_CANTOPEN;
    if (!file && is_full())
        return SQLITE_CANTOPEN;
    trace(fiber_name(), "opens %s%s", name ? name : "a temporary file", file ? "" : ", which is new");
    own->file = file ? file : disk_make(name ? name : "temporary");
    own->is_temporary = !name;
    own->base.pMethods = &file_methods;
    if (out_flags)
        *out_flags = flags;
    return SQLITE_OK;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *name, int is_lasting)
{
    struct disk_file *file = disk_find(name);

    (void)vfs;
    take_time(CALL_NS_MAX);
    if (strikes(FAULT_DISK_WRITE))
        return SQLITE_IOERR_DELETE;
    if (!file)
        return SQLITE_IOERR_DELETE_NOENT;
    trace(fiber_name(), "removes %s", name);
    disk_remove(file, is_lasting);
    return SQLITE_OK;
}

static int vfs_access(sqlite3_vfs *vfs, const char *name, int flags, int *out_is_there)
{
    const struct disk_file *file = disk_find(name);

    (void)vfs;
    *out_is_there = file && (flags != SQLITE_ACCESS_EXISTS || file->now.size > 0);
    return SQLITE_OK;
}

static int vfs_full_path(sqlite3_vfs *vfs, const char *name, int size, char *out)
{
    (void)vfs;
    sqlite3_snprintf(size, out, "%s", name);
    return SQLITE_OK;
}

static int vfs_randomness(sqlite3_vfs *vfs, int size, char *out)
{
    (void)vfs;
    chance_bytes(out, (size_t)size);
    return size;
}

static int vfs_sleep(sqlite3_vfs *vfs, int us)
{
    (void)vfs;
    fiber_sleep((uint64_t)us * 1000);
    return us;
}

static int vfs_time(sqlite3_vfs *vfs, double *out_days)
{
    (void)vfs;
    *out_days = 2440587.5 + (double)world_wall_ms() / 86400000.0;
    return SQLITE_OK;
}

static int vfs_error(sqlite3_vfs *vfs, int size, char *out)
{
    (void)vfs;
    if (size > 0)
        *out = 0;
    return 0;
}

void vfs_reset(void)
{
    full_until_ns = 0;
}

void vfs_register(void)
{
    static sqlite3_vfs vfs = {
        .iVersion = 1,
        .szOsFile = sizeof(struct vfs_file),
        .mxPathname = DISK_NAME_BYTES,
        .zName = "simulated",
        .xOpen = vfs_open,
        .xDelete = vfs_delete,
        .xAccess = vfs_access,
        .xFullPathname = vfs_full_path,
        .xRandomness = vfs_randomness,
        .xSleep = vfs_sleep,
        .xCurrentTime = vfs_time,
        .xGetLastError = vfs_error,
    };

    check(sqlite3_vfs_register(&vfs, 1) == SQLITE_OK);
}
