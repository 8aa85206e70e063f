/* SPDX-License-Identifier: Apache-2.0 */
/* The table of settings. One row each: section, key, type, place in struct config, default, least, most, words allowed,
 * what it is for. Data only. */
#pragma once

#include <stddef.h>

#include "serve/config.h"

enum setting_type {
    SETTING_TEXT,       /* const char * */
    SETTING_LISTEN,     /* list of addresses, into config->listen */
    SETTING_PUBLIC_URL, /* const char *, and what follows from it */
    SETTING_PAIRS,      /* certificates with their keys, into config->tls */
    SETTING_TRUST,      /* struct trust */
    SETTING_ADDRESS,    /* struct os_address, or off */
    SETTING_ORIGINS,    /* list of text, into config->chat.origins */
    SETTING_SIZE,       /* size_t in bytes; KiB, MiB, GiB */
    SETTING_COUNT,      /* size_t */
    SETTING_COUNT_32,   /* uint32_t */
    SETTING_INT,        /* int */
    SETTING_TIME_32,    /* uint32_t in ms; ms, s, min, h, d */
    SETTING_TIME_64,    /* uint64_t in ms */
    SETTING_SWITCH,     /* bool: on, off */
    SETTING_WORD,       /* one of `words`: an enum from 0 on, stored as int */
    SETTING_RATE,       /* struct chat_rate_option: "PER_SECOND/BURST" */
};

struct setting {
    const char *section; /* "" for those at the top */
    const char *key;
    enum setting_type type;
    size_t offset;
    const char *standard; /* the default, as it would be written */
    double least, most;
    const char *words; /* of SETTING_WORD, separated by spaces */
    const char *text;  /* what it is for: one sentence, perhaps two */
};

extern const struct setting settings[];
extern const size_t setting_count;

/* Reads a value into the config. False: `out_fault` says what is allowed. */
bool setting_read(const struct setting *setting, struct config *config, const char *value, struct builder *out_fault);
/* Appends the value as it would be written. */
void setting_write(const struct setting *setting, const struct config *config, struct builder *out);
/* A number in the largest unit that divides it: "64KiB", "1min". */
void setting_write_amount(double amount, enum setting_type type, struct builder *out);
/* "listen", "chat.origins", … */
void setting_name(const struct setting *setting, char separator, struct builder *out);
/* The same, and a fault begins with the place the value came from: "FILE:LINE", a variable, a flag. */
bool setting_apply(const struct setting *setting, struct config *config, const char *value, const char *place,
                   struct builder *out_fault);
/* "--chat-text-max", "NATTER_CHAT_TEXT_MAX". */
void setting_add_flag(const struct setting *setting, struct builder *out);
void setting_add_variable(const struct setting *setting, struct builder *out);
/* Adds text of others to a line for people: cut at 200 bytes, and nothing in it that a terminal obeys. */
void setting_add_shown(struct builder *out, const char *text);
