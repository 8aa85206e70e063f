// SPDX-License-Identifier: Apache-2.0

// A broadcaster on uWebSockets' own publish and subscribe. A path is a topic.
#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>

#include "App.h"

struct Client {
    std::string topic;
};

int main(int count, char **arguments)
{
    const bool compresses = count > 1 && std::strcmp(arguments[1], "--compress") == 0;
    uWS::App app;
    uWS::App::WebSocketBehavior<Client> behavior;
    behavior.compression = compresses ? uWS::SHARED_COMPRESSOR : uWS::DISABLED;
    behavior.maxPayloadLength = 64 * 1024;
    behavior.maxBackpressure = 1024 * 1024;
    behavior.upgrade = [](auto *response, auto *request, auto *context) {
        response->template upgrade<Client>({std::string(request->getUrl())}, request->getHeader("sec-websocket-key"),
                                           request->getHeader("sec-websocket-protocol"),
                                           request->getHeader("sec-websocket-extensions"), context);
    };
    behavior.open = [](auto *socket) { socket->subscribe(socket->getUserData()->topic); };
    behavior.message = [&app, compresses](auto *socket, std::string_view text, uWS::OpCode code) {
        app.publish(socket->getUserData()->topic, text, code, compresses);
    };
    app.ws<Client>("/*", std::move(behavior));
    app.listen("127.0.0.1", 0, [](auto *listener) {
        if (!listener)
            return;
        std::printf("%d\n", us_socket_local_port(0, reinterpret_cast<us_socket_t *>(listener)));
        std::fflush(stdout);
    });
    app.run();
    return 1;
}
