# SPDX-License-Identifier: Apache-2.0
"""natter itself, with one shard, and its limits off: they would stop one address with thousands of connections."""
import json
import os

from lib.place import output_of

IS_RAW = False
ORDER = 0


def version(place):
    return output_of(os.path.join(place.build, 'natter'), 'version').splitlines()[0]


def command(place, shards=1):
    return [os.path.join(place.build, 'natter'), 'serve', '--listen', '127.0.0.1:0', '--metrics-listen', '127.0.0.1:0',
            '--data', place.folder, '--shards', str(shards), '--limits', 'off', '--log-form', 'json']


def address_in(output, event):
    for line in output.splitlines():
        if f'"{event}"' in line and line.endswith('}'):
            return json.loads(line)['address']
    return None


def address(output):
    found = address_in(output, 'server.listening')
    return f'ws://{found}/ws' if found and address_in(output, 'ops.listening') else None


def metrics(output):
    return f'http://{address_in(output, "ops.listening")}/metrics'
