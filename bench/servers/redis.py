# SPDX-License-Identifier: Apache-2.0
"""Redis Streams: XADD, and an answer only when it is on disk. Four readers follow with XREAD BLOCK, as four subscribers
do."""
import os
import socket

from lib.log import run_log_load
from lib.place import free_port, need_program, package_version

ORDER = 10


def prepare(_):
    need_program('redis-server', 'redis-server')


def version(_):
    return f'Redis {package_version("redis-server")}'


def command(place):
    os.makedirs(place.folder)
    port = free_port()
    return ['sh', '-c', f'echo {port}; exec redis-server --bind 127.0.0.1 --port {port} --dir "$1" --save "" '
            '--appendonly yes --appendfsync always --loglevel warning', 'redis', place.folder]


def address(output):
    line, end, _ = output.partition('\n')
    return f'127.0.0.1:{line}' if end else None


def ready(url):
    host, _, port = url.partition(':')
    try:
        with socket.create_connection((host, int(port)), 1) as connection:
            connection.sendall(b'PING\r\n')
            return connection.recv(16).startswith(b'+PONG')
    except OSError:
        return False


def load(server, pin, arguments):
    return run_log_load(server, pin, arguments, 'redis', ('--readers', '4'))
