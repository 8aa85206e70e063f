/* SPDX-License-Identifier: Apache-2.0 */
/* What the store's tests share: a folder of their own, a store in it that is driven turn by turn, and a record of what
 * it told. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/builder.h"
#include "store/core.h"
#include "store/store.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { TOLD_MAX = 8192, TICKET_MAX = 1 << 20 };

/* One entry of a notice. */
struct told {
    char room[32];
    char key[72];
    char text[128];
    char json[512];
    uint64_t seq;
    int64_t at_ms;
    enum event_kind kind;
    bool is_duplicate;
    bool is_refused;
    enum result why;
    uintptr_t ticket;
};

struct fixture {
    char folder[64]; /* empty: in memory */
    struct store_options options;
    struct store_events events;
    struct store *store;
    struct told *told; /* TOLD_MAX */
    size_t told_count;
    size_t turned_count;
    void (*visit)(struct fixture *fixture, const struct letter *letter);
    void (*committed)(struct fixture *fixture, struct store_room *room);
    int turned_answer;
    char last_line[1024]; /* of diag */
    size_t line_count;
};

/* In a new folder, or in memory; opens the store. */
void fixture_init(struct fixture *fixture, bool is_in_memory);
void fixture_open(struct fixture *fixture);
/* Stops and ends the store; the folder stays. */
void fixture_close(struct fixture *fixture);
/* Also removes the folder. */
void fixture_done(struct fixture *fixture);
/* A path in the folder, in one of four rotating buffers. */
const char *fixture_path(const struct fixture *fixture, const char *name);
/* True if the bytes are anywhere in a file of that name. */
bool fixture_file_holds(const struct fixture *fixture, const char *name, const char *bytes);
/* Runs SQL on the database file, from outside of the store. */
void fixture_sql(const struct fixture *fixture, const char *sql);
int64_t fixture_sql_number(const struct fixture *fixture, const char *sql);

struct store_room *must_open(struct fixture *fixture, const char *name);
enum result try_open(struct fixture *fixture, const char *name, bool may_make, struct store_room **out_room);

/* Events by ada. */
struct event message_of(const char *key, const char *text);
struct event edit_of(const char *key, uint64_t target, const char *text);
struct event delete_of(const char *key, uint64_t target);
enum result append(struct fixture *fixture, struct store_room *room, const struct event *event, uintptr_t ticket);
/* Appends and turns; gives what was told of it. */
const struct told *say(struct fixture *fixture, struct store_room *room, const char *key, const char *text);
/* Turns until there is nothing to do. */
void turn_all(struct fixture *fixture);

/* All events of a room by a job, as "1:text 2:text …". */
const char *read_all(struct fixture *fixture, const struct store_room *room);
const char *read_up_to(struct fixture *fixture, const struct store_room *room, uint64_t to);

/* One for each file of the floor; they return the number of failed tests. */
int test_append(void);
int test_attention(void);
int test_backup(void);
int test_checkpoint(void);
int test_inspect(void);
int test_key_window(void);
int test_memory(void);
int test_pack_room(void);
int test_reader(void);
int test_recent(void);
int test_record(void);
int test_recover(void);
int test_retain(void);
int test_rooms(void);
int test_sqlite(void);
int test_sqlite_keys(void);
int test_sqlite_read(void);
int test_sqlite_schema(void);
int test_sqlite_wal(void);
int test_verify(void);
int test_writer(void);
