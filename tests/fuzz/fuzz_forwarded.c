/* SPDX-License-Identifier: Apache-2.0 */
/* What proxies say: whatever the fields hold, hosts are valid ones that lie within the request, and there are never
 * more statements than the limit. The input is a head. */
#include "wire/forwarded.h"

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t size)
{
    const struct http_limits limits = {.head_bytes_max = 4096, .target_bytes_max = 1024, .field_count_max = 32};
    struct forwarded_hop hops[FORWARDED_HOPS_MAX];
    struct http_request request;
    struct http_fault fault;

    if (http_request_decode(view_of(at, size), &limits, &request, &fault) != DECODE_DONE)
        return 0;
    for (enum forwarded_kind kind = FORWARDED_X; kind <= FORWARDED_7239; kind++) {
        size_t count = forwarded_read(&request, kind, hops);
        check(count <= FORWARDED_HOPS_MAX);
        for (size_t i = 0; i < count; i++) {
            check(hops[i].scheme <= SCHEME_HTTPS);
            check(hops[i].host.size == 0 || http_host_is_valid(hops[i].host));
            check(hops[i].host.size == 0
                  || (hops[i].host.at >= at && hops[i].host.at + hops[i].host.size <= at + size));
        }
    }
    return 0;
}
