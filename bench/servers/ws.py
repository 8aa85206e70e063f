# SPDX-License-Identifier: Apache-2.0
"""The npm package ws on Node, as its documentation shows broadcasting."""
import json
import os

from lib.place import BENCH, PEERS, Missing, need_program, output_of
from lib.place import port_address as address  # noqa: F401 (a server's part)

IS_RAW = True
HAS_ROOMS = True
HAS_COMPRESSION = True
ORDER = 9
PACKAGE = os.path.join(os.path.dirname(BENCH), 'node_modules', 'ws', 'package.json')


def prepare(_):
    need_program('node', 'nodejs')
    if not os.path.exists(PACKAGE):
        raise Missing('the npm package ws is not installed: npm ci')


def version(_):
    with open(PACKAGE, encoding='utf-8') as file:
        return f'ws {json.load(file)["version"]} on Node {output_of("node", "--version")}'


def command(place):
    return ['node', os.path.join(PEERS, 'ws.mjs')] + (['--compress'] if place.is_compressed else [])
