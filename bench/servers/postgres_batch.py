# SPDX-License-Identifier: Apache-2.0
"""PostgreSQL with eight INSERTs of a connection in one transaction."""
from lib.log import run_log_load
from servers import postgres

ORDER = 12
END_SIGNAL = postgres.END_SIGNAL
prepare = postgres.prepare
version = postgres.version
command = postgres.command
address = postgres.address
ready = postgres.ready


def load(server, pin, arguments):
    return run_log_load(server, pin, arguments, 'postgres', ('--batch', '8'))
