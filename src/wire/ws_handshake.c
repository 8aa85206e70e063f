/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/ws_handshake.h"

#include <openssl/evp.h>
#include <threads.h>

#include "base/base64.h"
#include "base/check.h"
#include "wire/octet.h"

enum { KEY_CHARACTERS = 24, KEY_BYTES = 16, ACCEPT_CHARACTERS = 28, SHA1_BYTES = 20 };

static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

static const char not_asked_text[] = "This address speaks WebSocket. Send GET with Upgrade: websocket, "
                                     "Connection: Upgrade, Sec-WebSocket-Version: 13 and a Sec-WebSocket-Key.";

static enum ws_handshake refuse(struct http_fault *out_fault, int status, const char *text)
{
    *out_fault = (struct http_fault){status, text};
    return WS_HANDSHAKE_BAD;
}

/* 16 bytes in base64 and nothing else: padding there, no bits behind the last byte. */
static bool is_key(struct view key)
{
    uint8_t bytes[KEY_BYTES];

    return base64_decode(BASE64_PADDED, key, bytes, sizeof(bytes));
}

/* Takes the next element of a comma-separated list; it may be empty (RFC 9110 section 5.6.1.2). False: nothing is
 * left. */
static bool take_element(struct view *rest, struct view *out_element)
{
    if (rest->size == 0)
        return false;
    const uint8_t *end = memchr(rest->at, ',', rest->size);
    size_t size = end ? (size_t)(end - rest->at) : rest->size;

    *out_element = view_trim(view_first(*rest, size));
    *rest = view_skip(*rest, end ? size + 1 : size);
    return true;
}

static bool is_list_of_tokens(struct view list)
{
    struct view element;

    while (take_element(&list, &element))
        for (size_t index = 0; index < element.size; index++)
            if (!octet_is_token(element.at[index]))
                return false;
    return true;
}

static bool field_is(const struct http_field *field, const char *name)
{
    return view_equal_ignoring_case(field->name, view_of_string(name));
}

/* Takes the first acceptable offer of all the fields' lists. False: a list is not well-formed. */
static bool read_extensions(struct view list, struct ws_offer *offer)
{
    struct deflate_terms terms;

    switch (deflate_offer_read(list, &terms)) {
    case DEFLATE_TAKEN:
        if (!offer->has_deflate)
            offer->deflate = terms;
        offer->has_deflate = true;
        return true;
    case DEFLATE_DECLINED: return true;
    case DEFLATE_MALFORMED: break;
    }
    return false;
}

/* Reads what the client offers beside the upgrade itself. NULL, or what is wrong with it. */
static const char *read_offer(const struct http_request *request, struct ws_offer *out_offer)
{
    for (size_t index = 0; index < request->field_count; index++) {
        const struct http_field *field = &request->fields[index];

        if (field_is(field, "Sec-WebSocket-Protocol")) {
            if (!is_list_of_tokens(field->value))
                return "Sec-WebSocket-Protocol is malformed. Send names with commas between them.";
            if (out_offer->protocols.size == 0)
                out_offer->protocols = field->value;
        } else if (field_is(field, "Sec-WebSocket-Extensions") && !read_extensions(field->value, out_offer)) {
            return "Sec-WebSocket-Extensions is malformed. Send a list as RFC 6455 section 9.1 has it.";
        }
    }
    return NULL;
}

enum ws_handshake ws_handshake_read(const struct http_request *request, struct ws_offer *out_offer,
                                    struct http_fault *out_fault)
{
    const struct http_field *version = http_field_find(request, "Sec-WebSocket-Version");
    const struct http_field *key = http_field_find(request, "Sec-WebSocket-Key");
    struct ws_offer offer = {.has_deflate = false};

    if (!http_field_has_token(request, "Upgrade", "websocket")) {
        *out_fault = (struct http_fault){426, not_asked_text};
        return WS_HANDSHAKE_NOT_ASKED;
    }
    if (!view_equal(request->method, VIEW("GET")))
        return refuse(out_fault, 400, "The method of a WebSocket upgrade must be GET.");
    if (request->minor_version < 1)
        return refuse(out_fault, 400, "A WebSocket upgrade needs HTTP/1.1. Does a proxy on the way speak HTTP/1.0?");
    if (!http_field_has_token(request, "Connection", "upgrade"))
        return refuse(out_fault, 400, "The Connection field lacks Upgrade. A proxy on the way must pass it on.");
    if (!version || http_field_count(request, "Sec-WebSocket-Version") > 1)
        return refuse(out_fault, 400, "Send exactly one Sec-WebSocket-Version field, with 13.");
    if (!view_equal(version->value, VIEW("13")))
        return refuse(out_fault, 426, "This Sec-WebSocket-Version is not spoken here. Send 13.");
    if (!key || http_field_count(request, "Sec-WebSocket-Key") > 1)
        return refuse(out_fault, 400, "Send exactly one Sec-WebSocket-Key field.");
    if (!is_key(key->value))
        return refuse(out_fault, 400, "The Sec-WebSocket-Key is malformed. Send 16 bytes in base64, 24 characters.");
    if (request->is_chunked || request->content_length > 0)
        return refuse(out_fault, 400, "A WebSocket upgrade has no body. Send no Content-Length.");
    const char *fault = read_offer(request, &offer);

    if (fault)
        return refuse(out_fault, 400, fault);
    offer.key = key->value;
    *out_offer = offer;
    return WS_HANDSHAKE_RIGHT;
}

bool ws_protocol_is_offered(const struct http_request *request, const char *protocol)
{
    struct view wanted = view_of_string(protocol);
    struct view element;

    for (size_t index = 0; index < request->field_count; index++) {
        struct view rest = request->fields[index].value;

        if (!field_is(&request->fields[index], "Sec-WebSocket-Protocol"))
            continue;
        while (take_element(&rest, &element))
            if (view_equal(element, wanted))
                return true;
    }
    return false;
}

/* OpenSSL looks an algorithm up by its name at each use, with locks and some 15,000 instructions; once is enough. */
static EVP_MD *sha1;

static void fetch_sha1(void)
{
    sha1 = EVP_MD_fetch(NULL, "SHA1", NULL);
}

bool ws_accept_value(struct view key, char out[29])
{
    uint8_t text[KEY_CHARACTERS + sizeof(guid) - 1];
    uint8_t digest[SHA1_BYTES];
    static once_flag once = ONCE_FLAG_INIT;

    call_once(&once, fetch_sha1);
    check(key.size == KEY_CHARACTERS);
    memcpy(text, key.at, KEY_CHARACTERS);
    memcpy(text + KEY_CHARACTERS, guid, sizeof(guid) - 1);
    if (!sha1 || EVP_Digest(text, sizeof(text), digest, NULL, sha1, NULL) != 1)
        return false;
    base64_encode(BASE64_PADDED, view_of(digest, sizeof(digest)), out);
    return true;
}

void ws_handshake_answer(const struct ws_answer *answer, struct builder *out)
{
    char accept[ACCEPT_CHARACTERS + 1];

    if (!ws_accept_value(answer->key, accept)) {
        out->has_failed = true;
        return;
    }
    builder_add_string(out, "HTTP/1.1 101 Switching Protocols\r\n"
                            "Upgrade: websocket\r\n"
                            "Connection: Upgrade\r\n"
                            "Sec-WebSocket-Accept: ");
    builder_add_string(out, accept);
    builder_add_string(out, "\r\n");
    if (answer->protocol) {
        builder_add_string(out, "Sec-WebSocket-Protocol: ");
        builder_add_string(out, answer->protocol);
        builder_add_string(out, "\r\n");
    }
    if (answer->deflate) {
        builder_add_string(out, "Sec-WebSocket-Extensions: ");
        deflate_answer(answer->deflate, out);
        builder_add_string(out, "\r\n");
    }
    builder_add_view(out, answer->extra);
    builder_add_string(out, "\r\n");
}
