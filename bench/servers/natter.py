# SPDX-License-Identifier: Apache-2.0
"""natter itself, with one shard, and its limits off: they would stop one address with thousands of connections."""
import json
import os

IS_RAW = False
ORDER = 0


def command(place):
    return [os.path.join(place.build, 'natter'), 'serve', '--listen', '127.0.0.1:0', '--metrics-listen', '127.0.0.1:0',
            '--data', place.folder, '--shards', '1', '--limits', 'off', '--log-form', 'json']


def address(output):
    for line in output.splitlines():
        if '"server.listening"' in line and line.endswith('}'):
            return f'ws://{json.loads(line)["address"]}/ws'
    return None
