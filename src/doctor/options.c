/* SPDX-License-Identifier: Apache-2.0 */
#include "doctor/options.h"

enum { IDLE_S_MAX = 900 };

void doctor_options_help(struct builder *out)
{
    builder_add_string(
        out,
        "Looks at a deployment from outside, as a client, and names what is wrong and what to change.\n\n"
        "    natter doctor URL [--quick] [--json] [--idle-max SECONDS] [--ca FILE] [--insecure]\n"
        "                      [--plain-port PORT]\n"
        "    natter doctor [--json] [--config FILE] [--SETTING VALUE] ...\n\n"
        "  URL                 the page's address, such as https://chat.example.org/; without one, this machine is\n"
        "                      looked at: settings, files, limits, disk, database\n"
        "  --quick             do not wait for idle connections to be cut\n"
        "  --idle-max SECONDS  how long to wait for that (twice natter's heartbeat and ten seconds), at most 900\n"
        "  --ca FILE           trust the certificates in this file as well\n"
        "  --insecure          go on whatever the certificate is\n"
        "  --plain-port PORT   where plain HTTP is answered, and should be sent to https (80, if the page is on 443)\n"
        "  --json              for programs\n\n"
        "Leaves with 0 where all is well, 1 where there are warnings only, 2 where something fails.\n\n"
        "Example: natter doctor https://chat.example.org/\n");
}

static bool read_idle(const char *text, struct observe_options *options, struct builder *out_problem)
{
    uint64_t seconds;

    if (!text || !view_to_number(view_of_string(text), IDLE_S_MAX, &seconds) || seconds == 0) {
        builder_format(out_problem, "--idle-max takes a number of seconds from 1 to %d", IDLE_S_MAX);
        return false;
    }
    options->idle_ms_max = (int64_t)seconds * 1000;
    return true;
}

static bool read_port(const char *text, struct observe_options *options, struct builder *out_problem)
{
    uint64_t port;

    if (!text || !view_to_number(view_of_string(text), UINT16_MAX, &port) || port == 0) {
        builder_add_string(out_problem, "--plain-port takes a number from 1 to 65535");
        return false;
    }
    options->plain_port = (uint16_t)port;
    return true;
}

static bool is_flag(const char *text, const char *flag)
{
    return strcmp(text, flag) == 0;
}

enum doctor_options_read doctor_options_read(int count, char **arguments, struct doctor_options *out_options,
                                             char **out_rest, int *out_rest_count, struct builder *out_problem)
{
    struct doctor_options options = {0};

    *out_rest_count = 0;
    for (int i = 0; i < count; i++) {
        char *argument = arguments[i];
        char *value = i + 1 < count ? arguments[i + 1] : NULL;
        if (is_flag(argument, "--help") || is_flag(argument, "-h"))
            return DOCTOR_OPTIONS_HELP;
        if (is_flag(argument, "--quick")) {
            options.observe.is_quick = true;
        } else if (is_flag(argument, "--json")) {
            options.is_json = true;
        } else if (is_flag(argument, "--insecure")) {
            options.observe.is_insecure = true;
        } else if (is_flag(argument, "--idle-max")) {
            if (!read_idle(value, &options.observe, out_problem))
                return DOCTOR_OPTIONS_WRONG;
            i++;
        } else if (is_flag(argument, "--plain-port")) {
            if (!read_port(value, &options.observe, out_problem))
                return DOCTOR_OPTIONS_WRONG;
            i++;
        } else if (is_flag(argument, "--ca")) {
            if (!value) {
                builder_add_string(out_problem, "--ca takes a file");
                return DOCTOR_OPTIONS_WRONG;
            }
            options.observe.ca_file = value;
            i++;
        } else if (argument[0] != '-' && !options.url && *out_rest_count == 0) {
            options.url = argument;
        } else {
            out_rest[(*out_rest_count)++] = argument;
        }
    }
    if (options.url && *out_rest_count > 0) {
        builder_format(out_problem, "%.100s means nothing together with an address; see natter doctor --help",
                       out_rest[0]);
        return DOCTOR_OPTIONS_WRONG;
    }
    *out_options = options;
    return DOCTOR_OPTIONS_READ;
}
