# SPDX-License-Identifier: Apache-2.0
"""gorilla/websocket on net/http: one frame for each message, made once for all."""
import os

from lib.place import PEERS, build, need_file, need_program, output_of, package_version
from lib.place import port_address as address  # noqa: F401 (a server's part)

IS_RAW = True
HAS_ROOMS = True
HAS_COMPRESSION = True
ORDER = 8
SOURCE = os.path.join(PEERS, 'gorilla.go')
LIBRARY = '/usr/share/gocode/src/github.com/gorilla/websocket'


def prepare(place):
    go = need_program('go', 'golang-go')
    need_file(LIBRARY, 'golang-github-gorilla-websocket-dev')
    build(place.program('gorilla'), [SOURCE], [go, 'build', '-o', place.program('gorilla'), SOURCE],
          environment={'GO111MODULE': 'off', 'GOPATH': '/usr/share/gocode', 'GOFLAGS': '',
                       'GOCACHE': place.program('go-cache')})


def version(_):
    return f'gorilla/websocket {package_version("golang-github-gorilla-websocket-dev")}, ' + output_of('go', 'version')


def command(place):
    return [place.program('gorilla')] + (['-compress'] if place.is_compressed else [])
