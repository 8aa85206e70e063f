/* SPDX-License-Identifier: Apache-2.0 */
/* The address of a natter as people write it: http, https, ws or wss, a host, perhaps a port and a path. */
#pragma once

#include <stdint.h>

#include "base/builder.h"

enum { URL_BYTES_MAX = 512 };

struct url {
    bool is_secure;
    uint16_t port;
    char host[256];                  /* without brackets */
    char authority[272];             /* as Host has it: with the port unless it is the standard one */
    char folder[URL_BYTES_MAX];      /* of the page: begins and ends with "/" */
    char socket[URL_BYTES_MAX + 16]; /* the path of the WebSocket, folder and "ws" */
    char origin[300];                /* of the page */
    char text[URL_BYTES_MAX + 300];  /* the page's whole address */
};

/* "chat.example.org" alone means https. A path that ends in /ws is the WebSocket's; another one without "/" at its end
 * gets one. False: `out_problem` says what is wrong. */
bool url_read(const char *text, struct url *out_url, struct builder *out_problem);
