# SPDX-License-Identifier: Apache-2.0
"""natter with two shards."""
from servers import natter

IS_RAW = False
ORDER = 0.2
version = natter.version
address = natter.address
metrics = natter.metrics


def command(place):
    return natter.command(place, shards=2)
