# SPDX-License-Identifier: Apache-2.0
"""The yardstick of delay: a bare loop that sends each message when it comes, with one call per subscriber."""
from lib.place import port_address as address  # noqa: F401 (a server's part)

IS_RAW = True
HAS_ROOMS = True
ORDER = 2


def version(_):
    return 'bench/floor.c'


def command(place):
    # The send buffer is what natter asks for unless it is told otherwise.
    return [place.program('floor_send'), '--sndbuf', '65536', '--rooms', str(place.rooms)]
