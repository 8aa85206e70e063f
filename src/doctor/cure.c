/* SPDX-License-Identifier: Apache-2.0 */
/* What to change: a table of faults and proxies. A column that is empty says what its UNKNOWN says. */
#include "doctor/judge.h"

static const char *const cures[FAULT_COUNT][PROXY_COUNT] = {
    [FAULT_NOT_CONNECTED] = {"Start the proxy, or open the port in the firewall."},
    [FAULT_TLS_CHAIN] = {"Serve the whole chain: the certificate, then those between it and the root.\n"
                         "In natter itself: `tls.certificates` names the file with all of them.\n"
                         "For a certificate of your own: natter doctor --ca FILE, or --insecure.",
                         [PROXY_NGINX] = "ssl_certificate /path/to/fullchain.pem;   # not cert.pem",
                         [PROXY_APACHE] = "SSLCertificateFile /path/to/fullchain.pem   # not cert.pem"},
    [FAULT_TLS_NAME] = {"Get a certificate for this name."},
    [FAULT_TLS_TIME] = {"Renew the certificate, and look why that did not happen by itself; then reload the proxy,\n"
                        "or natter, where it serves TLS itself:   systemctl kill --signal=HUP natter"},
    [FAULT_TLS_EXPIRES_SOON] = {"Renew the certificate, and look why that did not happen by itself."},
    [FAULT_HSTS_WRONG] = {"Let one of them send it, the proxy or natter (tls.hsts), and so:\n"
                          "Strict-Transport-Security: max-age=31536000",
                          [PROXY_NGINX] = "add_header Strict-Transport-Security \"max-age=31536000\";",
                          [PROXY_CADDY] = "header Strict-Transport-Security \"max-age=31536000\"",
                          [PROXY_HAPROXY] = "http-response set-header Strict-Transport-Security \"max-age=31536000\"",
                          [PROXY_APACHE] = "Header always set Strict-Transport-Security \"max-age=31536000\""},
    [FAULT_NOT_REDIRECTED] = {"In natter.conf, where it serves TLS itself:\n"
                              "listen = \":443 tls, :80 redirect\"",
                              [PROXY_NGINX] = "server { listen 80; return 308 https://$host$request_uri; }",
                              [PROXY_CADDY] = "# remove: auto_https disable_redirects",
                              [PROXY_HAPROXY] = "http-request redirect scheme https code 308 unless { ssl_fc }",
                              [PROXY_APACHE] = "Redirect permanent / https://chat.example.org/   # in the host on 80"},
    [FAULT_REDIRECTED_ELSEWHERE] = {"Let plain HTTP be sent to the page's own address; in natter.conf:\n"
                                    "public_url = \"https://chat.example.org/\""},
    [FAULT_NATTER_UNREACHED] = {"Is natter running?   systemctl status natter\n"
                                "Does it listen where the proxy looks?   ss -ltn, and `listen` in natter.conf",
                                [PROXY_NGINX] = "upstream natter { server 127.0.0.1:8080; }   # natter's `listen`\n"
                                                "systemctl status natter",
                                [PROXY_CADDY] = "reverse_proxy 127.0.0.1:8080   # natter's `listen`\n"
                                                "systemctl status natter",
                                [PROXY_HAPROXY] = "server natter 127.0.0.1:8080   # natter's `listen`\n"
                                                  "systemctl status natter",
                                [PROXY_APACHE] = "ProxyPass / http://127.0.0.1:8080/ upgrade=websocket   # natter's "
                                                 "`listen`\nsystemctl status natter"},
    [FAULT_NOT_NATTER] = {"Let the proxy pass this path on to natter.",
                          [PROXY_NGINX] = "location /chat/ { proxy_pass http://natter/; … }   # the path of the page",
                          [PROXY_CADDY] =
                              "handle_path /chat/* { reverse_proxy 127.0.0.1:8080 }   # the path of the page",
                          [PROXY_HAPROXY] = "use_backend natter if { path_beg /chat/ }   # the path of the page",
                          [PROXY_APACHE] = "ProxyPass /chat/ http://127.0.0.1:8080/ upgrade=websocket   # the path of "
                                           "the page"},
    [FAULT_PREFIX_KEPT] = {"Let the proxy take the folder's name off the path, or tell natter of it, in natter.conf:\n"
                           "public_url = \"https://chat.example.org/chat\"",
                           [PROXY_NGINX] = "location /chat/ {\n    proxy_pass http://natter/;   # with the slash at "
                                           "the end",
                           [PROXY_CADDY] = "handle_path /chat/* {   # not: handle",
                           [PROXY_HAPROXY] = "backend natter\n    http-request replace-path /chat(/.*) \\1",
                           [PROXY_APACHE] = "ProxyPass /chat/ http://127.0.0.1:8080/ upgrade=websocket   # without "
                                            "/chat/ behind 8080"},
    [FAULT_NATTER_OLD] = {"Update natter: this version does not tell what it sees."},
    [FAULT_LIMITED] = {"Wait a moment and ask again, or raise doctor.rate and doctor.talks_per_address_max."},
    [FAULT_HTTP_1_0] = {"Let the proxy speak HTTP/1.1 to natter.", [PROXY_NGINX] = "proxy_http_version 1.1;",
                        [PROXY_APACHE] = "# remove: SetEnv force-proxy-request-1.0 1\n"
                                         "# remove: SetEnv downgrade-1.0 1"},
    [FAULT_ORIGIN_REFUSED] =
        {"Let the proxy keep Host, or allow the page's origin in natter.conf:\n"
         "chat { origins = \"https://chat.example.org\" }",
         [PROXY_NGINX] = "proxy_set_header Host $http_host;", [PROXY_CADDY] = "# remove: header_up Host …",
         [PROXY_HAPROXY] = "# remove: http-request set-header Host …", [PROXY_APACHE] = "ProxyPreserveHost On"},
    [FAULT_FORWARDED_MISSING] =
        {"Let the proxy say whom it speaks for, in X-Forwarded-For.",
         [PROXY_NGINX] = "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;",
         [PROXY_CADDY] = "# remove: header_up -X-Forwarded-For", [PROXY_HAPROXY] = "option forwardfor",
         [PROXY_APACHE] = "ProxyAddHeaders On\n# remove: RequestHeader unset X-Forwarded-For"},
    [FAULT_FORWARDED_NOT_BELIEVED] = {"In natter.conf, with the address that the proxy connects from:\n"
                                      "trusted_proxies = \"127.0.0.1\""},
    [FAULT_SCHEME_MISSING] = {"Let the proxy say that the client came over TLS, in X-Forwarded-Proto.",
                              [PROXY_NGINX] = "proxy_set_header X-Forwarded-Proto $scheme;",
                              [PROXY_CADDY] = "# remove: header_up -X-Forwarded-Proto",
                              [PROXY_HAPROXY] = "http-request set-header X-Forwarded-Proto https",
                              [PROXY_APACHE] = "RequestHeader set X-Forwarded-Proto https"},
    [FAULT_UPGRADE_DROPPED] = {"Let the proxy pass Upgrade and Connection on.",
                               [PROXY_NGINX] = "proxy_http_version 1.1;\n"
                                               "proxy_set_header Upgrade $http_upgrade;\n"
                                               "proxy_set_header Connection $natter_connection;   # the map in "
                                               "deploy/nginx/natter.conf",
                               [PROXY_CADDY] = "# remove: header_up -Upgrade, header_up -Connection",
                               [PROXY_HAPROXY] = "# remove: http-request del-header Upgrade",
                               [PROXY_APACHE] = "ProxyPass / http://127.0.0.1:8080/ upgrade=websocket"},
    [FAULT_CONNECTION_DROPPED] = {"Let the proxy pass Connection: Upgrade on.",
                                  [PROXY_NGINX] = "proxy_set_header Connection $natter_connection;   # the map in "
                                                  "deploy/nginx/natter.conf",
                                  [PROXY_CADDY] = "# remove: header_up -Connection",
                                  [PROXY_HAPROXY] = "# remove: option httpclose, http-request del-header Connection",
                                  [PROXY_APACHE] = "ProxyPass / http://127.0.0.1:8080/ upgrade=websocket"},
    [FAULT_UPGRADE_FAULTY] = {"Let the proxy pass the headers of the upgrade on as they came."},
    [FAULT_PROTOCOL_EATEN] = {"Let the proxy pass Sec-WebSocket-Protocol on, in both directions.",
                              [PROXY_NGINX] = "# remove: proxy_set_header Sec-WebSocket-Protocol …\n"
                                              "# remove: proxy_hide_header Sec-WebSocket-Protocol",
                              [PROXY_CADDY] = "# remove: header_up -Sec-WebSocket-Protocol, header_down …",
                              [PROXY_HAPROXY] = "# remove: http-request del-header Sec-WebSocket-Protocol, "
                                                "http-response …",
                              [PROXY_APACHE] = "# remove: RequestHeader unset Sec-WebSocket-Protocol, Header unset …"},
    [FAULT_EXTENSIONS_EATEN] = {"Let the proxy pass Sec-WebSocket-Extensions on, in both directions.",
                                [PROXY_NGINX] = "# remove: proxy_set_header Sec-WebSocket-Extensions …\n"
                                                "# remove: proxy_hide_header Sec-WebSocket-Extensions",
                                [PROXY_CADDY] = "# remove: header_up -Sec-WebSocket-Extensions, header_down …",
                                [PROXY_HAPROXY] = "# remove: http-request del-header Sec-WebSocket-Extensions, "
                                                  "http-response …",
                                [PROXY_APACHE] = "# remove: RequestHeader unset Sec-WebSocket-Extensions, Header unset "
                                                 "…"},
    [FAULT_COMPRESSION_BROKEN] =
        {"Something changes compressed messages on the way. Until it is found, in natter.conf:\n"
         "connection { compression = \"off\" }"},
    [FAULT_COMPRESSED_AGAIN] = {"Let the proxy pass Accept-Encoding on, and leave the compression to natter.",
                                [PROXY_NGINX] = "gzip off;\n# remove: proxy_set_header Accept-Encoding …",
                                [PROXY_CADDY] = "# remove: encode gzip, header_up -Accept-Encoding",
                                [PROXY_HAPROXY] = "# remove: compression algo …, compression offload",
                                [PROXY_APACHE] = "SetEnv no-gzip 1\n# remove: RequestHeader unset Accept-Encoding"},
    [FAULT_COMPRESSED_TWICE] = {"Turn compression off in the proxy: natter's files are compressed when it is built.",
                                [PROXY_NGINX] = "gzip off;", [PROXY_CADDY] = "# remove: encode gzip",
                                [PROXY_HAPROXY] = "# remove: compression algo …", [PROXY_APACHE] = "SetEnv no-gzip 1"},
    [FAULT_SIZE_LIMITED] = {"Something on the way limits messages: look for a setting of the proxy, or of a filter in "
                            "front of it, that names frames, messages or bodies. Or lower natter's own limit, so that "
                            "clients are told:\nconnection { message_max = \"…\" }"},
    [FAULT_BUFFERED] = {"Turn buffering off on the way.", [PROXY_NGINX] = "proxy_buffering off;",
                        [PROXY_CADDY] = "flush_interval -1", [PROXY_HAPROXY] = "option http-no-delay",
                        [PROXY_APACHE] = "ProxyPass / http://127.0.0.1:8080/ upgrade=websocket flushpackets=on"},
    [FAULT_IDLE_CUT] = {"Let the proxy wait longer than natter's heartbeat, or lower that in natter.conf:\n"
                        "connection { heartbeat = \"…\" }",
                        [PROXY_NGINX] = "proxy_read_timeout 75s;\nproxy_send_timeout 75s;",
                        [PROXY_CADDY] = "# raise: read_timeout, write_timeout of the transport",
                        [PROXY_HAPROXY] = "timeout tunnel 75s", [PROXY_APACHE] = "ProxyTimeout 75\nTimeout 75"},
    [FAULT_IDLE_CUT_ONE_WAY] = {"Let the proxy wait longer than natter's heartbeat in each direction.",
                                [PROXY_NGINX] = "proxy_read_timeout 75s;\nproxy_send_timeout 75s;",
                                [PROXY_HAPROXY] = "timeout tunnel 75s", [PROXY_APACHE] = "ProxyTimeout 75\nTimeout 75"},
    [FAULT_HERE_NOT_PRIVATE] = {"chmod -R go= /var/lib/natter   # the folder that is named"},
    [FAULT_HERE_UNREADABLE] = {"Run it as the user that natter runs as:   sudo -u natter natter doctor …"},
    [FAULT_HERE_DATABASE] = {"Stop natter, keep a copy of the folder, and restore a backup: docs/howto/backup.md"},
    [FAULT_HERE_DISK] = {"Make room, or move `data` to a larger disk."},
    [FAULT_HERE_SLOW_DISK] = {"A faster disk; or in natter.conf, if a power cut may cost the last messages:\n"
                              "store { durability = \"process\" }"},
    [FAULT_HERE_DESCRIPTORS] = {"In the service's unit: LimitNOFILE=65536; in a shell: ulimit -n 65536"},
    [FAULT_HERE_BACKLOG] = {"sysctl -w net.core.somaxconn=4096   # and in /etc/sysctl.d/"},
    [FAULT_HERE_NOTICED] = {"natter doctor https://YOUR.HOST/   # names the lines to change"},
    [FAULT_CLOCK_WRONG] = {"Let both machines get their time from the network:   timedatectl set-ntp true"},
};

const char *cure_for(enum fault fault, enum proxy proxy)
{
    return cures[fault][proxy] ? cures[fault][proxy] : cures[fault][PROXY_UNKNOWN];
}

const char *fault_word(enum fault fault)
{
    static const char *const words[FAULT_COUNT] = {
#define X(symbol, word) word,
        FAULTS(X)
#undef X
    };

    return words[fault];
}
