/* SPDX-License-Identifier: Apache-2.0 */
/* The page and what belongs to it, built into the program, in the encoding that the client prefers, with validators and
 * a strict policy. */
#pragma once

#include "http/routes.h"

/* False: there is no asset of that path. */
bool assets_answer(const struct http_request *request, struct http_reply *reply);
