/* SPDX-License-Identifier: Apache-2.0 */
#include "base/table.h"

int test_admission(void);
int test_agents(void);
int test_census(void);
int test_chunk(void);
int test_conn(void);
int test_conn_client(void);
int test_conn_http(void);
int test_conn_tls(void);
int test_conn_ws(void);
int test_cursor(void);
int test_ended(void);
int test_feed(void);
int test_outbox(void);
int test_pack_shard(void);
int test_shard(void);
int test_silence(void);
int test_tls(void);
int test_tls_link(void);
int test_trust(void);

int main(void)
{
    static const uint8_t secret[16] = "a secret of test";

    table_seed(secret);
    return test_admission() + test_agents() + test_census() + test_ended() + test_chunk() + test_feed() + test_outbox()
           + test_conn() + test_conn_http() + test_conn_ws() + test_conn_client() + test_cursor() + test_shard()
           + test_pack_shard() + test_silence() + test_trust() + test_tls() + test_tls_link() + test_conn_tls();
}
