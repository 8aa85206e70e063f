/* SPDX-License-Identifier: Apache-2.0 */
/* Settings: one table (config_table.h) from which flags, variables, the file, --help, the sample file and the reference
 * are made.
 *
 *     flags  over  NATTER_* variables  over  the file (--config, or /etc/natter/natter.conf if it is there)  over
 * defaults
 */
#pragma once

#include "base/builder.h"
#include "chat/chat_options.h"
#include "net/net_options.h"
#include "ops/ops_options.h"
#include "store/store.h"

enum { CONFIG_STRINGS_MAX = 256 };

struct config {
    struct net_listen listen[NET_LISTEN_MAX];
    size_t listen_count;
    const char *public_url;
    const char *base_path; /* of it, without a slash at the end */
    struct trust trust;
    struct tls_options tls;
    uint64_t tickets_ms; /* between two keys for tickets */
    const char *data;
    uint64_t drain_ms;
    struct chat_rate_option upgrade_rate; /* of all shards together */
    uint32_t returns_per_second;          /* as many as are asked to come back after a drain */
    uint32_t handover_prepare_ms, handover_take_ms;
    bool has_limits; /* --limits off: neither rates nor limits per address */
    struct net_options net;
    struct store_options store;
    struct chat_options chat;
    struct ops_options ops;
    const char *file;                  /* read, or NULL */
    char *strings[CONFIG_STRINGS_MAX]; /* owned: what the text settings point to */
    size_t string_count;
};

enum config_outcome {
    CONFIG_READY,
    CONFIG_HELP,  /* --help was given */
    CONFIG_USAGE, /* an unknown flag, or one without its value: exit status 2 */
    CONFIG_BAD,   /* a setting is wrong: exit status 78 */
};

/* All defaults. False: no memory. */
bool config_init(struct config *config);
void config_done(struct config *config);

/* Reads file, variables and flags. Whatever is wrong is put into `out_fault` as one line that names the place, the
 * setting, and what is allowed. `environment` is a NULL-ended array of NAME=VALUE. */
enum config_outcome config_read(struct config *config, int count, char **arguments, char **environment,
                                struct builder *out_fault);

/* Texts made from the table. */
void config_help(struct builder *out);
void config_sample(struct builder *out);
void config_reference(struct builder *out);
/* The settings in force, as a file that could be read again. */
void config_dump(const struct config *config, struct builder *out);
