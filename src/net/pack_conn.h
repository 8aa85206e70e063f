/* SPDX-License-Identifier: Apache-2.0 */
/* One connection on its way to another process; see pack_shard.h. While no thread of the shard runs. */
#pragma once

#include "net/conn_inside.h"

/* Speaks plainly, and is the chat's or an HTTP client's. */
bool conn_goes_along(const struct conn *conn);
/* Appends it. False: it can only be closed there, with a word of farewell. */
bool conn_pack(struct conn *conn, struct builder *out);
/* Makes it again. RESULT_OK; RESULT_INVALID: these bytes make no sense (the reader has failed); RESULT_NO_MEMORY. The
 * descriptor is the connection's, or closed. */
enum result conn_unpack(struct shard *shard, struct unpack *in, int descriptor) MUST_USE;
