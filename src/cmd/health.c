/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/health.h"

#include <stdio.h>
#include <string.h>

#include "cmd/settings.h"
#include "cmd/verb.h"
#include "doctor/exchange.h"
#include "os/random.h"
#include "os/resolve.h"
#include "os/thread.h"

enum { PROBLEM_BYTES_MAX = 1024, URL_TEXT_BYTES = 96 };

static void help(struct builder *out)
{
    builder_add_string(
        out, "Asks a running natter whether it is ready to serve (/readyz): for health checks of containers and "
             "supervisors.\n\n"
             "    natter health [--config FILE] [--SETTING VALUE] ...\n"
             "    natter health URL\n\n"
             "  URL                 where it is, such as http://127.0.0.1:8080/; without one, the settings say it:\n"
             "                      metrics.listen, or the first address of listen that takes plain HTTP\n\n"
             "Leaves with 0 where it is ready, 1 where it is not, or does not answer.\n\n"
             "Example: natter health\n");
}

/* An address to listen on, as one to connect to. */
static void add_url(const struct os_address *address, char out[URL_TEXT_BYTES])
{
    static const uint8_t all_6[16] = {0};
    static const uint8_t all_4[16] = {[10] = 0xff, [11] = 0xff};
    struct os_address to = *address;
    char text[64];

    if (memcmp(to.bytes, all_6, sizeof all_6) == 0 || memcmp(to.bytes, all_4, sizeof all_4) == 0)
        memcpy(to.bytes, (const uint8_t[16]){[10] = 0xff, [11] = 0xff, [12] = 127, [15] = 1}, sizeof to.bytes);
    (void)snprintf(out, URL_TEXT_BYTES, "http://%s/", os_address_format(&to, true, text));
}

static bool find_url(const struct config *config, char out[URL_TEXT_BYTES])
{
    if (config->ops.is_on && !config->ops.path) {
        add_url(&config->ops.listen, out);
        return true;
    }
    for (size_t i = 0; i < config->listen_count; i++) {
        const struct net_listen *how = &config->listen[i];
        if (how->path || how->is_tls || how->is_redirect || how->has_proxy_header)
            continue;
        add_url(&how->address, out);
        return true;
    }
    return false;
}

static int fail(const char *url, const char *why)
{
    (void)fprintf(stderr, "natter health: %s: %s\n", url, why);
    return STATUS_FAILED;
}

static int tell(const char *url, const struct exchange *exchange)
{
    if (!exchange->is_answered)
        return fail(url, exchange->problem);
    if (exchange->answer.status != 200) {
        char why[64];
        (void)snprintf(why, sizeof why, "not ready: it answers with %d", exchange->answer.status);
        return fail(url, why);
    }
    (void)puts("ready");
    return 0;
}

static int ask(const char *url)
{
    struct target target = {.tls = NULL};
    struct tls_client tls;
    struct exchange exchange;
    struct builder problem;
    size_t count;
    const char *why = "";
    int status = STATUS_FAILED;

    builder_init(&problem, PROBLEM_BYTES_MAX);
    if (!url_read(url, &target.url, &problem)) {
        status = STATUS_USAGE;
        goto out_problem;
    }
    if (os_resolve(target.url.host, target.url.port, &target.address, 1, &count, &why) != RESULT_OK) {
        builder_add_string(&problem, why);
        goto out_problem;
    }
    if (target.url.is_secure) { /* whether it lives is asked here, and not who it is */
        if (!tls_client_init(&tls, NULL, true, &problem))
            goto out_problem;
        target.tls = &tls;
    }
    builder_format(&problem, "%.*sreadyz", URL_BYTES_MAX, target.url.folder);
    builder_add_byte(&problem, 0);
    exchange_run(&exchange, &target, (const char *)problem.at, "Connection: close\r\n");
    status = tell(url, &exchange);
    exchange_done(&exchange);
    if (target.tls)
        tls_client_done(&tls);
    builder_done(&problem);
    return status;

out_problem:
    builder_add_byte(&problem, 0);
    (void)fail(url, builder_ok(&problem) ? (const char *)problem.at : "out of memory");
    builder_done(&problem);
    return status;
}

int cmd_health(int count, char **arguments)
{
    char url[URL_TEXT_BYTES];
    struct config config;
    int status = 0;

    os_signals_init(); /* a write to a connection that is gone is an answer, not an end */
    os_random_init();
    if (count == 1 && arguments[0][0] != '-')
        return ask(arguments[0]);
    if (!settings_load(&config, count, arguments, help, &status))
        return status;
    if (find_url(&config, url)) {
        status = ask(url);
    } else {
        (void)fputs("natter health: metrics.listen is off, and no address of listen takes plain HTTP; name a URL\n",
                    stderr);
        status = STATUS_USAGE;
    }
    config_done(&config);
    return status;
}
