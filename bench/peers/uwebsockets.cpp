// SPDX-License-Identifier: Apache-2.0

// A broadcaster on uWebSockets' own publish and subscribe.
#include <cstdio>
#include <cstring>
#include <string_view>

#include "App.h"

struct Nothing {};

int main(int count, char **arguments)
{
    const bool compresses = count > 1 && std::strcmp(arguments[1], "--compress") == 0;
    uWS::App app;
    uWS::App::WebSocketBehavior<Nothing> behavior;
    behavior.compression = compresses ? uWS::SHARED_COMPRESSOR : uWS::DISABLED;
    behavior.maxPayloadLength = 64 * 1024;
    behavior.maxBackpressure = 1024 * 1024;
    behavior.open = [](auto *socket) { socket->subscribe("room"); };
    behavior.message = [&app, compresses](auto *, std::string_view text, uWS::OpCode code) {
        app.publish("room", text, code, compresses);
    };
    app.ws<Nothing>("/*", std::move(behavior));
    app.listen("127.0.0.1", 0, [](auto *listener) {
        if (!listener)
            return;
        std::printf("%d\n", us_socket_local_port(0, reinterpret_cast<us_socket_t *>(listener)));
        std::fflush(stdout);
    });
    app.run();
    return 1;
}
