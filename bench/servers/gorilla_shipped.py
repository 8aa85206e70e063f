# SPDX-License-Identifier: Apache-2.0
"""gorilla/websocket as its chat example is shipped: what has queued up for a client is glued into one frame, with line
ends between, so that a frame is no longer a message."""
from servers import gorilla

IS_RAW = True
HAS_ROOMS = True
ORDER = 4
prepare = gorilla.prepare
version = gorilla.version
address = gorilla.address


def command(place):
    return [place.program('gorilla'), '-glue']
