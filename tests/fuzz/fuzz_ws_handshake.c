/* SPDX-License-Identifier: Apache-2.0 */
/* The upgrade: what is right has what the standard asks for, and its answer is itself a well-formed head; the terms
 * that an offer comes to are ones that we can keep, and reading our own answer gives the same terms. The input is a
 * head, or else a list of extensions. */
#include "wire/ws_handshake.h"

#include "fuzz.h"

static void check_terms(const struct deflate_terms *terms)
{
    struct deflate_terms again;
    struct builder answer;

    check(terms->server_window_bits >= 9 && terms->server_window_bits <= 15);
    check(terms->client_window_bits >= 8 && terms->client_window_bits <= 15);
    check(terms->client_no_context);
    check(terms->server_window_bits_asked || terms->server_window_bits == 15);
    check(terms->has_client_window_bits || terms->client_window_bits == 15);
    builder_init(&answer, 256);
    deflate_answer(terms, &answer);
    check(builder_ok(&answer));
    check(deflate_offer_read(builder_view(&answer), &again) == DEFLATE_TAKEN);
    check(again.server_window_bits == terms->server_window_bits);
    check(again.server_window_bits_asked == terms->server_window_bits_asked);
    builder_done(&answer);
}

static void check_answer(const struct ws_offer *offer)
{
    const struct ws_answer answer = {
        .key = offer->key,
        .protocol = "natter.v1",
        .deflate = offer->has_deflate ? &offer->deflate : NULL,
    };
    struct builder out;
    size_t lines = 0;

    builder_init(&out, 1024);
    ws_handshake_answer(&answer, &out);
    check(builder_ok(&out));
    for (size_t index = 0; index < out.size; index++) {
        check(out.at[index] < 0x7F);
        if (out.at[index] == '\n')
            lines++;
    }
    check(lines == (offer->has_deflate ? 7 : 6));
    check(memcmp(out.at + out.size - 4, "\r\n\r\n", 4) == 0);
    builder_done(&out);
}

static void check_upgrade(const struct http_request *request)
{
    struct http_fault fault = {0};
    struct ws_offer offer;

    (void)ws_protocol_is_offered(request, "natter.v1");
    switch (ws_handshake_read(request, &offer, &fault)) {
    case WS_HANDSHAKE_NOT_ASKED:
        check(fault.status == 426 && fault.text);
        check(!http_field_has_token(request, "Upgrade", "websocket"));
        break;
    case WS_HANDSHAKE_BAD: check((fault.status == 400 || fault.status == 426) && fault.text); break;
    case WS_HANDSHAKE_RIGHT:
        check(view_equal(request->method, VIEW("GET")) && request->minor_version == 1);
        check(!request->is_chunked && request->content_length == 0);
        check(offer.key.size == 24);
        if (offer.has_deflate)
            check_terms(&offer.deflate);
        check_answer(&offer);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t size)
{
    const struct http_limits limits = {.head_bytes_max = 4096, .target_bytes_max = 1024, .field_count_max = 32};
    struct view bytes = view_of(at, size);
    struct http_request request;
    struct http_fault fault;
    struct deflate_terms terms;

    if (http_request_decode(bytes, &limits, &request, &fault) == DECODE_DONE)
        check_upgrade(&request);
    if (deflate_offer_read(bytes, &terms) == DEFLATE_TAKEN)
        check_terms(&terms);
    return 0;
}
