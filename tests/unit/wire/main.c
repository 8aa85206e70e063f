/* SPDX-License-Identifier: Apache-2.0 */
/* All tests of the floor wire/. */
#include "wire/json.h"

int test_command(void) __attribute__((weak)); /* weak: run as soon as the build lists their files */
int test_deflate(void);
int test_deflate_offer(void);
int test_event(void) __attribute__((weak));
int test_export_line(void);
int test_forwarded(void);
int test_http1(void);
int test_http1_body(void);
int test_http1_text(void);
int test_json(void) __attribute__((weak));
int test_ip(void);
int test_last(void);
int test_proxy_header(void);
int test_utf8(void);
int test_ws_frame(void);
int test_ws_handshake(void);
int test_ws_message(void);

int main(void)
{
    int failures = 0;

    json_init();
    failures += test_utf8();
    failures += test_http1();
    failures += test_http1_body();
    failures += test_http1_text();
    failures += test_ip();
    failures += test_last();
    failures += test_forwarded();
    failures += test_proxy_header();
    failures += test_ws_handshake();
    failures += test_ws_frame();
    failures += test_deflate_offer();
    failures += test_deflate();
    failures += test_ws_message();
    if (test_json)
        failures += test_json();
    if (test_command)
        failures += test_command();
    if (test_event)
        failures += test_event();
    failures += test_export_line();
    return failures > 0;
}
