# SPDX-License-Identifier: Apache-2.0
"""libwebsockets written to straight from the broadcast loop wherever the socket takes it. Its manual advises against
that, but it is faster."""
from servers import libwebsockets

IS_RAW = True
ORDER = 5
prepare = libwebsockets.prepare
version = libwebsockets.version
address = libwebsockets.address


def command(place):
    return [place.program('libwebsockets'), '--direct']
