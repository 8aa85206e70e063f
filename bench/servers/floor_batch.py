# SPDX-License-Identifier: Apache-2.0
"""The yardstick of throughput: a bare loop that sends what came in one turn with one call per subscriber."""
import os

IS_RAW = True
ORDER = 1


def command(place):
    # The send buffer is what natter asks for unless it is told otherwise.
    return [os.path.join(place.build, 'bench', 'floor_batch'), '--sndbuf', '65536']


def address(output):
    return f'ws://127.0.0.1:{output.strip()}/' if output.endswith('\n') else None
