/* SPDX-License-Identifier: Apache-2.0 */
/* /livez: the process runs. /readyz: it can serve: the store takes writes, and it is not about to leave. /healthz: the
 * same as /readyz. */
#pragma once

#include "http/routes.h"

void health_live(struct http_site *site, const struct http_request *request, struct http_reply *reply);
void health_ready(struct http_site *site, const struct http_request *request, struct http_reply *reply);
