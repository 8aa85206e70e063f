/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a fuzz target over kept inputs, for builds without a fuzzer: each argument is a file or a folder of files.
 *
 *     replay_utf8 tests/fuzz/corpus/utf8 tests/fuzz/found/utf8
 */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

enum { INPUT_BYTES_MAX = 1 << 20 };

static bool run_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    uint8_t *bytes = malloc(INPUT_BYTES_MAX);

    if (!file || !bytes) {
        (void)fprintf(stderr, "%s: cannot be read: %s\n", path, strerror(errno));
        free(bytes);
        return false;
    }
    size_t size = fread(bytes, 1, INPUT_BYTES_MAX, file);
    uint8_t *exact = malloc(size > 0 ? size : 1);

    if (exact && size > 0)
        memcpy(exact, bytes, size);
    free(bytes);
    (void)fclose(file); /* only read */
    if (!exact)
        return false;
    (void)LLVMFuzzerTestOneInput(exact, size);
    free(exact);
    return true;
}

/* The number of inputs run, or -1. */
static int run_path(const char *path)
{
    DIR *folder = opendir(path);
    const struct dirent *entry;
    char name[4096];
    int count = 0;

    if (!folder && errno == ENOENT)
        return 0; /* a target of which nothing was found has no folder there */
    if (!folder)
        return run_file(path) ? 1 : -1;
    while (count >= 0 && (entry = readdir(folder))) {
        if (entry->d_name[0] == '.')
            continue;
        (void)snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
        count = run_file(name) ? count + 1 : -1;
    }
    (void)closedir(folder); /* only read */
    return count;
}

int main(int argc, char **argv)
{
    int total = 0;

    for (int index = 1; index < argc; index++) {
        int count = run_path(argv[index]);
        if (count < 0)
            return 1;
        total += count;
    }
    (void)printf("%d inputs run\n", total);
    return total > 0 ? 0 : 1;
}
