/* SPDX-License-Identifier: Apache-2.0 */
/* Finds the verb, nothing else. */
#include <stdio.h>
#include <string.h>

#include "cmd/verb.h"

int main(int count, char **arguments)
{
    const char *name = count > 1 ? arguments[1] : "help";

    if (strcmp(name, "--version") == 0)
        name = "version";
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
        name = "help";
    for (size_t i = 0; i < verb_count; i++) {
        if (strcmp(name, verbs[i].name) == 0)
            return verbs[i].run(count > 2 ? count - 2 : 0, arguments + 2);
    }
    (void)fprintf(stderr, "natter: there is no verb \"%s\". There are:", name);
    for (size_t i = 0; i < verb_count; i++)
        (void)fprintf(stderr, " %s", verbs[i].name);
    (void)fputs(".\n", stderr);
    return STATUS_USAGE;
}
