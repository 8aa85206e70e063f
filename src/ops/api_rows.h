/* SPDX-License-Identifier: Apache-2.0 */
/* Connections as rows of an answer: gathered from all shards a slice at a time, filtered, the best of them kept in
 * order, written. Of however many connections only as many rows are kept as the page needs, and twice that for a
 * moment. */
#pragma once

#include "chat/survey.h"
#include "net/census.h"
#include "ops/api.h"

struct row {
    struct conn_sight sight;
    struct session_sight who;
    uint32_t shard;
    double key; /* that it is sorted by */
};

struct row_filter {
    char state[API_WORD_BYTES_MAX], user[API_WORD_BYTES_MAX], room[API_WORD_BYTES_MAX];
    char address[API_WORD_BYTES_MAX], agent[API_WORD_BYTES_MAX], any[API_WORD_BYTES_MAX];
    const char *user_id; /* exactly; NULL: any */
};

struct rows {
    struct row *items; /* best first, once rows_settle() was called */
    size_t count, max; /* of those that are kept */
    uint64_t found;    /* that the filter let through */
    uint64_t looked;
    double (*key)(const struct row *row);
    bool is_rising;
    bool is_whole; /* all loops answered in time */
};

/* NULL: there is no such order. */
double (*rows_key_of(const char *name))(const struct row *row);
/* RESULT_OK, RESULT_NO_MEMORY. */
enum result rows_init(struct rows *rows, size_t max, double (*key)(const struct row *row), bool is_rising) MUST_USE;
void rows_done(struct rows *rows);
void rows_add(struct rows *rows, const struct row *row);
/* Brings those that are kept in order. */
void rows_settle(struct rows *rows);
/* Asks all shards, and the chat for who is behind the connections. */
void rows_gather(struct rows *rows, struct api *api, const struct row_filter *filter);
/* One connection. RESULT_OK, RESULT_NOT_FOUND, RESULT_FAILED (no answer in time), RESULT_NO_MEMORY. */
enum result rows_find(struct api *api, uint32_t shard, uint64_t handle, struct row *out) MUST_USE;
/* Ends it. As above. `text` is for people, and may be empty. */
enum result rows_remove(struct api *api, uint32_t shard, uint64_t handle, const char *text) MUST_USE;
bool row_matches(const struct chat *chat, const struct row *row, const struct row_filter *filter);
/* "direct", or how the proxy in front told who the client is. */
const char *row_way_text(enum conn_behind behind);
/* As an element; with the stations of its life where `is_detailed`. */
void row_write(const struct api *api, const struct row *row, bool is_detailed);
/* "0-1c": the shard and the handle in hex, as the welcome has it. False: it is none. */
bool row_id_read(struct view text, uint32_t *out_shard, uint64_t *out_handle);
void row_id_write(uint32_t shard, uint64_t handle, char out[40]);
