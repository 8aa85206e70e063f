# SPDX-License-Identifier: Apache-2.0
"""Nchan, the module for Nginx: a channel that is published to and subscribed by WebSocket, without a backlog."""
import os

from lib.place import free_port, need_file, need_program, package_version

IS_RAW = True
HAS_ROOMS = True
ORDER = 7
MODULE = '/usr/lib/nginx/modules/ngx_nchan_module.so'

CONFIG = """
load_module {module};
daemon off;
master_process off;
pid {folder}/pid;
error_log stderr crit;
worker_rlimit_nofile 20000;
events {{ worker_connections 19000; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    nchan_shared_memory_size 256M;
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        location / {{
            nchan_pubsub websocket;
            nchan_channel_id room$uri;
            nchan_message_buffer_length {buffer};
            nchan_message_timeout 10s;
        }}
    }}
}}
"""


def prepare(_):
    need_program('nginx', 'nginx')
    need_file(MODULE, 'libnginx-mod-nchan')


def version(_):
    return f'Nchan {package_version("libnginx-mod-nchan")} on Nginx {package_version("nginx")}'


def command(place):
    os.makedirs(place.folder)
    path = os.path.join(place.folder, 'nginx.conf')
    port = free_port()
    with open(path, 'w', encoding='utf-8') as file:
        file.write(CONFIG.format(module=MODULE, folder=place.folder, port=port, buffer=16))
    return ['sh', '-c', f'echo {port}; exec nginx -p "$1" -c "$2"', 'nchan', place.folder, path]


def address(output):
    line, end, _ = output.partition('\n')
    return f'ws://127.0.0.1:{line}/' if end else None
