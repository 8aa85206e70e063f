/* SPDX-License-Identifier: Apache-2.0 */
/* The PROXY protocol: a verdict does not change when more bytes come, and a header never reaches beyond the limit. */
#include "wire/proxy_header.h"

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t size)
{
    struct proxy_header whole, part;
    enum decode decode = proxy_header_decode(view_of(at, size), &whole);

    if (decode == DECODE_DONE)
        check(whole.size > 0 && whole.size <= size && whole.size <= PROXY_HEADER_BYTES_MAX);
    if (decode == DECODE_NEED_MORE)
        check(size < PROXY_HEADER_BYTES_MAX);
    for (size_t cut = 0; cut < size && cut < 300; cut++) {
        enum decode early = proxy_header_decode(view_of(at, cut), &part);
        check(early == DECODE_NEED_MORE || early == decode);
        if (early == DECODE_DONE)
            check(part.size == whole.size && part.has_source == whole.has_source);
    }
    return 0;
}
