/* SPDX-License-Identifier: Apache-2.0 */
#include "net/trust.h"

static bool has_bits_behind(const uint8_t address[IP_BYTES], unsigned bits)
{
    for (unsigned i = bits; i < IP_BITS; i++) {
        if (address[i / 8] & (0x80 >> i % 8))
            return true;
    }
    return false;
}

enum result trust_add(struct trust *trust, struct view text)
{
    const uint8_t *slash = text.size > 0 ? memchr(text.at, '/', text.size) : NULL;
    struct view host = slash ? view_first(text, (size_t)(slash - text.at)) : text;
    struct trust_prefix prefix;
    uint64_t bits = 0;

    if (view_equal(text, VIEW("unix:"))) {
        trust->has_unix = true;
        return RESULT_OK;
    }
    if (!ip_parse(host, prefix.address))
        return RESULT_INVALID;
    uint64_t before = ip_is_4(prefix.address) && !memchr(host.at, ':', host.size) ? IP4_BITS_BEFORE : 0;
    if (!slash)
        bits = IP_BITS - before;
    else if (!view_to_number(view_skip(text, host.size + 1), IP_BITS - before, &bits))
        return RESULT_INVALID;
    prefix.bits = (uint8_t)(bits + before);
    if (has_bits_behind(prefix.address, prefix.bits))
        return RESULT_INVALID;
    if (trust->count == TRUST_PREFIXES_MAX)
        return RESULT_FULL;
    trust->prefixes[trust->count++] = prefix;
    return RESULT_OK;
}

static bool matches(const struct trust_prefix *prefix, const uint8_t address[IP_BYTES])
{
    size_t whole = prefix->bits / 8;
    unsigned rest = prefix->bits % 8;

    if (memcmp(prefix->address, address, whole) != 0)
        return false;
    return rest == 0 || (uint8_t)(address[whole] & (0xff00 >> rest)) == prefix->address[whole];
}

bool trust_has(const struct trust *trust, const uint8_t address[IP_BYTES])
{
    for (size_t i = 0; i < trust->count; i++) {
        if (matches(&trust->prefixes[i], address))
            return true;
    }
    return false;
}

void trust_write(const struct trust *trust, struct builder *out)
{
    for (size_t i = 0; i < trust->count; i++) {
        const struct trust_prefix *prefix = &trust->prefixes[i];
        struct os_address address = {.port = 0};
        char text[64];

        memcpy(address.bytes, prefix->address, IP_BYTES);
        bool is_4 = ip_is_4(prefix->address) && prefix->bits >= IP4_BITS_BEFORE;
        unsigned bits = prefix->bits - (is_4 ? IP4_BITS_BEFORE : 0u);
        builder_format(out, "%s%s", i > 0 ? ", " : "", os_address_format(&address, false, text));
        if (prefix->bits < IP_BITS)
            builder_format(out, "/%u", bits);
    }
    if (trust->has_unix)
        builder_add_string(out, trust->count > 0 ? ", unix:" : "unix:");
}

const struct forwarded_hop *trust_find_client(const struct trust *trust, const struct forwarded_hop *hops, size_t count)
{
    const struct forwarded_hop *found = NULL;

    for (size_t i = 0; i < count && hops[i].has_address; i++) {
        found = &hops[i];
        if (!trust_has(trust, hops[i].address))
            break;
    }
    return found;
}
