/* SPDX-License-Identifier: Apache-2.0 */
/* Looks at a deployment from outside and writes down what it sees. One thread; waits for the network. */
#pragma once

#include "doctor/observations.h"

struct observe_options {
    const char *ca_file; /* trusted besides the system's, or NULL */
    bool is_insecure;
    bool is_quick;       /* no waiting for idle connections to be cut */
    int64_t idle_ms_max; /* 0: twice the heartbeat and some seconds */
    uint16_t plain_port; /* where the same answers without TLS; 0: port 80, if the page is on 443 */
    /* What is going on, for people; may be NULL. `of_s` > 0: so many seconds of so many. */
    void (*progress)(const char *what, int done_s, int of_s);
};

/* As far as it comes: what was not looked at stays zero. False: `out_problem` says why it could not even begin. */
bool observe(const struct url *url, const struct observe_options *options, struct observations *out_seen,
             struct builder *out_problem);
