/* SPDX-License-Identifier: Apache-2.0 */
/* This process gives everything to a new one of the same program, as it is installed by now: sockets, connections,
 * rooms, the log. Until the new one says that it has taken all of it, the old one only rests, and goes on as if nothing
 * had been whenever anything is wrong. Main thread. */
#pragma once

#include "serve/server_inside.h"

enum handover {
    HANDOVER_DONE,     /* what is left here is to be drained, and ended */
    HANDOVER_FAILED,   /* this process serves as before; why is told in the log */
    HANDOVER_STOPPED,  /* a signal to end came meanwhile; this process serves as before */
    HANDOVER_STRANDED, /* and it cannot go on: a thread could not be made */
};
enum handover handover_run(struct server *server);
