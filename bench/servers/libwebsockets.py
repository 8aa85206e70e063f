# SPDX-License-Identifier: Apache-2.0
"""libwebsockets in the way that its manual asks for: a ring, and one write for each writable callback."""
import os

from lib.place import PEERS, build, need_file, need_program, package_version
from lib.place import port_address as address  # noqa: F401 (a server's part)

IS_RAW = True
ORDER = 6
SOURCE = os.path.join(PEERS, 'libwebsockets.c')


def prepare(place):
    need_file('/usr/include/libwebsockets.h', 'libwebsockets-dev')
    build(place.program('libwebsockets'), [SOURCE],
          [need_program('gcc', 'gcc'), '-O2', '-o', place.program('libwebsockets'), SOURCE, '-lwebsockets'])


def version(_):
    return f'libwebsockets {package_version("libwebsockets-dev")}'


def command(place):
    return [place.program('libwebsockets')]
