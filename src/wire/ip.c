/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/ip.h"

#include <arpa/inet.h>

enum { PORT_MAX = 65535, PORT_DIGITS_MAX = 5 };

static const uint8_t mapped_start[IP4_BITS_BEFORE / 8] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

bool ip_is_4(const uint8_t address[IP_BYTES])
{
    return memcmp(address, mapped_start, sizeof mapped_start) == 0;
}

bool ip_parse(struct view text, uint8_t out[IP_BYTES])
{
    char copy[INET6_ADDRSTRLEN];
    struct in6_addr six;
    struct in_addr four;

    if (text.size == 0 || text.size >= sizeof copy || memchr(text.at, 0, text.size))
        return false;
    memcpy(copy, text.at, text.size);
    copy[text.size] = 0;
    if (inet_pton(AF_INET, copy, &four) == 1) {
        memcpy(out, mapped_start, sizeof mapped_start);
        memcpy(out + sizeof mapped_start, &four, sizeof four);
        return true;
    }
    if (inet_pton(AF_INET6, copy, &six) != 1)
        return false;
    memcpy(out, &six, IP_BYTES);
    return true;
}

static bool is_port(struct view text)
{
    uint64_t port;

    return text.size <= PORT_DIGITS_MAX && view_to_number(text, PORT_MAX, &port);
}

bool ip_parse_node(struct view text, uint8_t out[IP_BYTES])
{
    const uint8_t *end;

    if (text.size > 0 && text.at[0] == '[') {
        end = memchr(text.at, ']', text.size);
        if (!end)
            return false;
        size_t size = (size_t)(end - text.at);
        struct view rest = view_skip(text, size + 1);
        if (rest.size > 0 && (rest.at[0] != ':' || !is_port(view_skip(rest, 1))))
            return false;
        return ip_parse(view_skip(view_first(text, size), 1), out) && !ip_is_4(out);
    }
    if (ip_parse(text, out))
        return true;
    end = text.size > 0 ? memchr(text.at, ':', text.size) : NULL;
    if (!end || !is_port(view_skip(text, (size_t)(end - text.at) + 1)))
        return false;
    return ip_parse(view_first(text, (size_t)(end - text.at)), out);
}

static enum ip_reach reach_of_4(const uint8_t address[4])
{
    uint8_t first = address[0], second = address[1];

    if (first == 127)
        return IP_LOOPBACK;
    if (first == 10 || (first == 172 && (second & 0xf0) == 16) || (first == 192 && second == 168)
        || (first == 169 && second == 254) || (first == 100 && (second & 0xc0) == 64))
        return IP_PRIVATE;
    return IP_PUBLIC;
}

enum ip_reach ip_reach_of(const uint8_t address[IP_BYTES])
{
    static const uint8_t loopback[IP_BYTES] = {[IP_BYTES - 1] = 1};

    if (ip_is_4(address))
        return reach_of_4(address + IP_BYTES - 4);
    if (memcmp(address, loopback, IP_BYTES) == 0)
        return IP_LOOPBACK;
    return (address[0] & 0xfe) == 0xfc || (address[0] == 0xfe && (address[1] & 0xc0) == 0x80) ? IP_PRIVATE : IP_PUBLIC;
}

const char *ip_reach_text(enum ip_reach reach)
{
    static const char *const texts[] = {[IP_LOOPBACK] = "loopback", [IP_PRIVATE] = "private", [IP_PUBLIC] = "public"};

    return texts[reach];
}
