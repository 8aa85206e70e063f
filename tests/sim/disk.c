/* SPDX-License-Identifier: Apache-2.0 */
#include "disk.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "chance.h"
#include "memory.h"
#include "world.h"

struct disk {
    struct disk_file files[DISK_FILES_MAX];
};

static struct disk disk;     /* what the process that runs sees */
static struct disk survivor; /* what the next one will find */
static bool has_survivor;

static void bytes_resize(struct disk_bytes *bytes, size_t size)
{
    if (size > bytes->capacity) {
        while (bytes->capacity < size)
            bytes->capacity = bytes->capacity > 0 ? bytes->capacity * 2 : DISK_PAGE_BYTES;
        bytes->at = own_realloc(bytes->at, bytes->capacity);
    }
    if (size > bytes->size)
        memset(bytes->at + bytes->size, 0, size - bytes->size);
    bytes->size = size;
}

static void bytes_free(struct disk_bytes *bytes)
{
    own_free(bytes->at);
    *bytes = (struct disk_bytes){0};
}

static size_t sectors_of(size_t size)
{
    return (size + DISK_SECTOR_BYTES - 1) / DISK_SECTOR_BYTES;
}

static void file_free(struct disk_file *file)
{
    bytes_free(&file->now);
    bytes_free(&file->kept);
    bytes_free(&file->dirty);
    for (int i = 0; i < SHM_REGIONS_MAX; i++)
        own_free(file->shared.regions[i]);
    *file = (struct disk_file){0};
}

static void free_all(struct disk *gone)
{
    for (int i = 0; i < DISK_FILES_MAX; i++)
        file_free(&gone->files[i]);
}

void disk_init(void)
{
    disk_done();
    vfs_reset();
}

void disk_done(void)
{
    free_all(&disk);
    free_all(&survivor);
    has_survivor = false;
}

/* Folders do not matter: names are. */
static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

struct disk_file *disk_find(const char *path)
{
    for (int i = 0; i < DISK_FILES_MAX; i++) {
        if (disk.files[i].is_there && strcmp(disk.files[i].name, base_name(path)) == 0)
            return &disk.files[i];
    }
    return NULL;
}

static struct disk_file *find_nameless(const char *path)
{
    struct disk_file *unused = NULL;

    for (int i = 0; i < DISK_FILES_MAX; i++) {
        struct disk_file *file = &disk.files[i];
        if (!file->is_there && strcmp(file->name, base_name(path)) == 0)
            return file;
        if (file->name[0] == 0 && !unused)
            unused = file;
    }
    return unused;
}

struct disk_file *disk_make(const char *path)
{
    struct disk_file *file = find_nameless(path);

    check(file);
    (void)snprintf(file->name, sizeof file->name, "%s", base_name(path)); /* ours are short */
    file->is_there = true;
    file->is_lasting = false;
    file->kept.size = 0;
    bytes_resize(&file->now, 0);
    return file;
}

void disk_remove(struct disk_file *file, bool is_lasting)
{
    file->is_there = false;
    if (is_lasting)
        file->is_lasting = false;
    bytes_resize(&file->now, 0);
    file->dirty.size = 0;
}

static void mark_dirty(struct disk_file *file, size_t from, size_t to)
{
    if (sectors_of(to) > file->dirty.size)
        bytes_resize(&file->dirty, sectors_of(to));
    for (size_t sector = from / DISK_SECTOR_BYTES; sector < sectors_of(to); sector++)
        file->dirty.at[sector] = 1;
}

void disk_write(struct disk_file *file, const void *at, size_t size, size_t offset)
{
    if (offset + size > file->now.size)
        bytes_resize(&file->now, offset + size);
    memcpy(file->now.at + offset, at, size);
    mark_dirty(file, offset, offset + size);
}

void disk_truncate(struct disk_file *file, size_t size)
{
    bytes_resize(&file->now, size);
    if (file->dirty.size > sectors_of(size))
        file->dirty.size = sectors_of(size);
}

static void keep_sector(struct disk_file *file, size_t sector)
{
    size_t offset = sector * DISK_SECTOR_BYTES;
    size_t size = file->now.size - offset < DISK_SECTOR_BYTES ? file->now.size - offset : DISK_SECTOR_BYTES;

    if (file->kept.size < offset + size)
        bytes_resize(&file->kept, offset + size);
    memcpy(file->kept.at + offset, file->now.at + offset, size);
}

static bool is_dirty(const struct disk_file *file, size_t sector)
{
    return sector < file->dirty.size && file->dirty.at[sector] && sector * DISK_SECTOR_BYTES < file->now.size;
}

void disk_sync(struct disk_file *file)
{
    for (size_t sector = 0; sector < file->dirty.size; sector++) {
        if (is_dirty(file, sector))
            keep_sector(file, sector);
    }
    file->dirty.size = 0;
    bytes_resize(&file->kept, file->now.size);
    file->is_lasting = true;
    /* A file system with a journal keeps the order of what happens to names: removals before this are lasting now. */
    for (int i = 0; i < DISK_FILES_MAX; i++)
        disk.files[i].is_lasting &= disk.files[i].is_there;
}

/* How much of what was not synced is kept. */
enum rest { REST_NOTHING, REST_ALL, REST_PAGES, REST_SECTORS, REST_COUNT };

static void keep_some(struct disk_file *file, enum rest rest)
{
    size_t sectors_a_page = DISK_PAGE_BYTES / DISK_SECTOR_BYTES;
    bool is_kept = false;

    for (size_t sector = 0; sector < file->dirty.size; sector++) {
        if (sector % sectors_a_page == 0 || rest == REST_SECTORS)
            is_kept = chance_one_in(2);
        bool wanted = rest == REST_ALL || (rest != REST_NOTHING && is_kept);
        if (wanted && is_dirty(file, sector))
            keep_sector(file, sector);
    }
}

void disk_sync_fails(struct disk_file *file)
{
    keep_some(file, (enum rest)chance_below(REST_COUNT));
    file->dirty.size = 0;
}

size_t disk_bytes_used(void)
{
    size_t bytes = 0;

    for (int i = 0; i < DISK_FILES_MAX; i++)
        bytes += disk.files[i].now.size;
    return bytes;
}

static void copy_bytes(struct disk_bytes *to, const struct disk_bytes *from)
{
    bytes_resize(to, from->size);
    if (from->size > 0)
        memcpy(to->at, from->at, from->size);
}

/* Of a file whose name was not synced, or whose removal was not, either may come back. */
static void survive_power_cut(struct disk_file *from, struct disk_file *to)
{
    bool is_there = from->is_there == from->is_lasting ? from->is_there : chance_one_in(2);

    if (!is_there)
        return;
    keep_some(from, (enum rest)chance_below(REST_COUNT));
    if (from->is_there && from->kept.size > from->now.size && chance_one_in(2))
        bytes_resize(&from->kept, from->now.size);
    memcpy(to->name, from->name, sizeof to->name);
    to->is_there = to->is_lasting = true;
    copy_bytes(&to->now, &from->kept);
    copy_bytes(&to->kept, &from->kept);
}

static void survive_kill(const struct disk_file *from, struct disk_file *to)
{
    memcpy(to->name, from->name, sizeof to->name);
    to->is_there = from->is_there;
    to->is_lasting = from->is_lasting;
    copy_bytes(&to->now, &from->now);
    copy_bytes(&to->kept, &from->kept);
    copy_bytes(&to->dirty, &from->dirty);
}

void disk_crash(bool is_power_cut)
{
    check(!has_survivor);
    has_survivor = true;
    for (int i = 0; i < DISK_FILES_MAX; i++) {
        struct disk_file *file = &disk.files[i];
        if (file->name[0] == 0)
            continue;
        if (is_power_cut)
            survive_power_cut(file, &survivor.files[i]);
        else
            survive_kill(file, &survivor.files[i]);
        if (is_power_cut)
            trace("disk", "of %s, %s, %zu bytes, there survive %zu%s", file->name, file->is_there ? "there" : "removed",
                  file->now.size, survivor.files[i].now.size, survivor.files[i].is_there ? "" : ", and no name");
    }
}

void disk_revive(void)
{
    if (!has_survivor)
        return;
    free_all(&disk);
    disk = survivor;
    survivor = (struct disk){0};
    has_survivor = false;
}
