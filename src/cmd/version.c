/* SPDX-License-Identifier: Apache-2.0 */
#include <jansson.h>
#include <openssl/crypto.h>
#include <sodium.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <utf8proc.h>
#include <zlib.h>

#include "cmd/verb.h"

static const struct {
    const char *name;
    const char *(*version)(void);
} libraries[] = {
    {"sqlite", sqlite3_libversion},    {"zlib", zlibVersion},
    {"sodium", sodium_version_string}, {"utf8proc", utf8proc_version},
    {"jansson", jansson_version_str},
};

#ifdef NATTER_HAS_TRACE
static const char trace_text[] = "yes";
#else
static const char trace_text[] = "no";
#endif

static void print_json(void)
{
    (void)printf("{\"natter\":\"%s\",\"commit\":\"%s\",\"compiler\":\"%s\",\"openssl\":\"%s\"", NATTER_VERSION,
                 NATTER_COMMIT, __VERSION__, OpenSSL_version(OPENSSL_VERSION_STRING));
    for (size_t i = 0; i < sizeof libraries / sizeof *libraries; i++)
        (void)printf(",\"%s\":\"%s\"", libraries[i].name, libraries[i].version());
    (void)printf(",\"trace\":\"%s\"}\n", trace_text);
}

int cmd_version(int count, char **arguments)
{
    if (count > 0 && strcmp(arguments[0], "--json") == 0) {
        print_json();
        return 0;
    }
    if (count > 0 && strcmp(arguments[0], "--help") != 0) {
        (void)fprintf(stderr, "natter version: there is no \"%s\"; it takes --json or nothing\n", arguments[0]);
        return STATUS_USAGE;
    }
    (void)printf("natter %s (%s)\n", NATTER_VERSION, NATTER_COMMIT);
    for (size_t i = 0; i < sizeof libraries / sizeof *libraries; i++)
        (void)printf("  %-10s %s\n", libraries[i].name, libraries[i].version());
    (void)printf("  %-10s %s\n", "trace", trace_text);
    (void)printf("  %-10s %s\n", "openssl", OpenSSL_version(OPENSSL_VERSION_STRING));
    return 0;
}
