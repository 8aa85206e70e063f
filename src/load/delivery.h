/* SPDX-License-Identifier: Apache-2.0 */
/* What a message from the server means: for the ledger, the delays, the publisher and the connection's life. */
#pragma once

#include "load/client.h"

/* A whole text or binary message, compressed if so said. It may end the client. */
void delivery_take(struct worker *worker, struct client *client, struct view payload, bool is_compressed);
