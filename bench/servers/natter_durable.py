# SPDX-License-Identifier: Apache-2.0
"""natter with every message committed to its database before anyone sees it."""
from servers import natter

IS_RAW = False
ORDER = 0.1
LOAD = ('--durable',)
version = natter.version
command = natter.command
address = natter.address
metrics = natter.metrics
