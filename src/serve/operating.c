/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/operating.h"

#include <stdio.h>

#include "base/diag.h"
#include "os/file.h"

enum { BACKLOG = 64 };

static void load_token(struct operating *operating, const char *path)
{
    if (strcmp(path, "off") == 0)
        return;
    enum result result = operator_token_load(path, operating->token);
    if (result != RESULT_OK)
        diag(DIAG_ERROR, "ops.no_token", "file", path, "reason",
             result == RESULT_REFUSED ? "others than its owner may read it" : result_text(result), "advice",
             "16 to 512 characters without blanks, in a file with mode 0600; until then only this machine may ask "
             "/api/v1",
             NULL);
}

/* A path that is too long for a socket has failed before. */
static void keep_path(struct operating *operating, const char *path)
{
    (void)snprintf(operating->path, sizeof operating->path, "%s", path);
    operating->listener.how.path = operating->path;
}

static enum result listen_on(struct operating *operating, const struct ops_options *options, const char **out_place)
{
    static char text[64];
    struct os_address bound = options->listen;
    enum result result;

    if (options->path) {
        *out_place = diag_format("unix:%s", options->path);
        result = os_listen_unix(options->path, BACKLOG, &operating->listener.descriptor);
        if (result == RESULT_OK) /* otherwise the file is another's */
            keep_path(operating, options->path);
        return result;
    }
    result = os_listen(&options->listen, BACKLOG, false, &operating->listener.descriptor, &bound);
    operating->listener.how.address = bound;
    *out_place = os_address_format(&bound, true, text);
    return result;
}

static enum result take_passed(struct operating *operating, const struct os_passed *passed, const char **out_place)
{
    static char text[64];
    bool is_unix = passed->kind == OS_PASSED_UNIX;

    operating->is_passed = true;
    operating->listener.how.address = passed->address;
    if (is_unix)
        keep_path(operating, passed->path);
    *out_place = is_unix ? diag_format("unix:%s", passed->path) : os_address_format(&passed->address, true, text);
    return os_listener_share(passed->descriptor, &operating->listener.descriptor);
}

bool operating_open(struct operating *operating, const struct ops_options *options, const struct os_passed *passed)
{
    const char *place = "";

    *operating = (struct operating){.listener = {.descriptor = -1}};
    if (!options->is_on)
        return false;
    load_token(operating, options->token_file);
    enum result result = passed ? take_passed(operating, passed, &place) : listen_on(operating, options, &place);
    if (result == RESULT_OK) {
        diag(DIAG_INFO, "ops.listening", "address", place, NULL);
        return true;
    }
    diag(DIAG_WARNING, "ops.cannot_listen", "address", place, "reason", result_text(result), "advice",
         "there will be no /metrics; choose another place with --metrics-listen", NULL);
    return false;
}

void operating_take(struct operating *operating, const struct ops_options *options,
                    const struct shard_listener *listener, bool is_passed)
{
    const struct net_listen *how = &listener->how;
    char text[64];

    *operating = (struct operating){.listener = *listener, .is_passed = is_passed};
    if (how->path)
        keep_path(operating, how->path);
    load_token(operating, options->token_file);
    diag(DIAG_INFO, "ops.listening", "address",
         how->path ? diag_format("unix:%s", how->path) : os_address_format(&how->address, true, text), NULL);
}

void operating_give(struct operating *operating)
{
    operating->listener.how.path = NULL;
}

void operating_done(struct operating *operating)
{
    if (operating->listener.how.path && !operating->is_passed)
        os_file_remove(operating->listener.how.path);
    operating->listener.how.path = NULL;
}
