# SPDX-License-Identifier: Apache-2.0
"""What is measured. Each scenario is a load for `natter bench`; plain broadcasters get the same, but for what only
natter has."""
from dataclasses import dataclass

# Who takes part: every broadcaster, or only those that are near the floor.
BROADCASTERS = ('natter', 'floor_batch', 'floor_send', 'uwebsockets', 'gorilla_shipped', 'libwebsockets_direct',
                'libwebsockets', 'nchan', 'gorilla', 'ws')
NEAR_FLOOR = ('natter', 'floor_batch', 'uwebsockets')
COMPRESSORS = ('natter', 'uwebsockets', 'gorilla', 'ws')


@dataclass(frozen=True)
class Scenario:
    name: str
    text: str
    load: tuple
    servers: tuple = BROADCASTERS
    only_natter: tuple = ()      # more arguments where the server speaks natter's protocol
    only_raw: tuple = ()         # and where it does not; of two values for one option the later one counts
    rooms: int = 1
    is_compressed: bool = False
    is_pinned: bool = True       # one core for the server, another for the load
    first: tuple = ()            # a load that comes and goes before
    figure: str = 'cpu'          # what is set against the floors: one of the columns; empty: nothing
    floor: str = 'floor_batch'
    columns: tuple = ('deliveries', 'cpu', 'batch', 'bytes', 'p50', 'p99')


# A message of natter carries its room, number, sender, time and key: with a text of 128 bytes it is a frame of 307.
# Where the size shall be equal, a plain broadcaster is sent texts of that length.
EQUAL_FRAMES = ('--size', '303')

BURST = ('--subscribers', '1000', '--size', '128', '--window', '8')
LARGE = ('--subscribers', '10000', '--size', '128', '--window', '2')
STEADY = ('--subscribers', '1000', '--size', '128', '--rate', '20')
WIDE = ('--subscribers', '1000', '--size', '2000', '--window', '8', '--until', 'all')

SCENARIOS = [
    Scenario('burst', '1,000 subscribers, texts of 128 bytes, 8 messages in flight until their sender has them back',
             BURST, servers=BROADCASTERS + ('natter_durable',)),
    Scenario('burst-paced', '1,000 subscribers, equal frames, 8 in flight until every subscriber has them: equal '
             'batches for all servers', BURST + ('--until', 'all'), servers=NEAR_FLOOR, only_raw=EQUAL_FRAMES),
    Scenario('large', '10,000 subscribers, texts of 128 bytes, 2 in flight until their sender has them back', LARGE),
    Scenario('large-paced', '10,000 subscribers, equal frames, 2 in flight until every subscriber has them',
             LARGE + ('--until', 'all'), servers=NEAR_FLOOR, only_raw=EQUAL_FRAMES),
    Scenario('small-paced', '100 subscribers, equal frames, 8 in flight until every subscriber has them',
             ('--subscribers', '100', '--size', '128', '--window', '8', '--until', 'all'), servers=NEAR_FLOOR,
             only_raw=EQUAL_FRAMES),
    Scenario('rooms-paced', '7,000 rooms of 2, equal frames, 1 in flight in each until both have it',
             ('--rooms', '7000', '--subscribers', '1', '--size', '128', '--window', '1', '--until', 'all'),
             servers=NEAR_FLOOR, only_raw=EQUAL_FRAMES, rooms=7000),
    Scenario('steady', '1,000 subscribers, texts of 128 bytes, 20 messages/s', STEADY,
             servers=BROADCASTERS + ('natter_durable',), figure='p99', floor='floor_send'),
    Scenario('stalled', '1,000 subscribers, 500 of them never read; equal frames, 8 in flight until all who read have '
             'them', BURST + ('--stalled', '0.5', '--until', 'all'), only_raw=EQUAL_FRAMES,
             figure='deliveries',
             columns=('deliveries', 'cpu', 'batch', 'p99', 'cut', 'stalled-kernel', 'stalled-own')),
    Scenario('log', '64 publishers with 8 messages of 128 bytes in flight each until their ack; every message on disk',
             ('--publishers', '64', '--subscribers', '4', '--size', '128', '--window', '8', '--until', 'ack'),
             servers=('natter_durable', 'redis', 'postgres', 'postgres_batch'), figure='',
             columns=('acks', 'ack-p50', 'ack-p99', 'ack-cpu')),
    Scenario('wide', '1,000 subscribers, texts of 2,000 bytes, 8 in flight until every subscriber has them', WIDE,
             servers=('natter', 'floor_batch', 'uwebsockets', 'gorilla', 'ws')),
    Scenario('wide-compressed', 'the same, compressed for every connection', WIDE + ('--compressed', '1'),
             servers=COMPRESSORS, is_compressed=True, figure='',
             columns=('deliveries', 'cpu', 'batch', 'bytes', 'p50', 'p99', 'compressions')),
    Scenario('idle', '15,000 connections in one room, nothing said for 12 s, after 100 that came and went; '
             'memory of the process without its files',
             ('--subscribers', '15000', '--publishers', '0', '--warmup', '0', '--duration', '12'), figure='',
             first=('--subscribers', '100', '--publishers', '0', '--warmup', '0', '--duration', '0.5'),
             columns=('memory', 'opened')),
    Scenario('upgrades', '15,000 connections opened one after the other, 256 at a time; no room joined',
             ('--subscribers', '15000', '--publishers', '0', '--warmup', '0', '--duration', '0.1'),
             only_natter=('--upgrade-only',), figure='opened', columns=('opened', 'connect-cpu')),
    Scenario('storm', '15,000 subscribers of a stored room lose their connections at once, come back and resume',
             ('--subscribers', '15000', '--rate', '20', '--storm', '1', '--handshakes', '4096', '--duration', '6'),
             servers=('natter_durable',), figure='',
             columns=('back-p50', 'back-all', 'replayed', 'truncated', 'disk-reads')),
    Scenario('cores', '8 rooms of 500, 1 in flight in each until every subscriber has it; both cores for both sides',
             ('--rooms', '8', '--subscribers', '500', '--size', '128', '--window', '1', '--until', 'all'),
             servers=('natter', 'natter_two'), is_pinned=False, figure='',
             columns=('deliveries', 'cpu', 'generator-cpu', 'batch', 'load')),
]
