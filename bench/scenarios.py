# SPDX-License-Identifier: Apache-2.0
"""What is measured. Each scenario is a load for `natter bench`; the floors get the same, but for what only natter
has."""
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Scenario:
    name: str
    text: str
    load: tuple
    only_natter: tuple = ()      # more arguments where the server speaks natter's protocol
    has_floor: bool = True       # False: plain broadcasters do nothing that compares
    figure: str = 'cpu'          # what is set against the floors: one of the columns
    floor: str = 'floor_batch'
    columns: tuple = field(default=('deliveries', 'cpu', 'batch', 'p50', 'p99'))


BURST = ('--subscribers', '1000', '--size', '128', '--window', '8')
LARGE = ('--subscribers', '10000', '--size', '128', '--window', '2')
STEADY = ('--subscribers', '1000', '--size', '128', '--rate', '20')
WIDE = ('--subscribers', '1000', '--size', '2000', '--window', '8')

SCENARIOS = [
    Scenario('burst', '1,000 subscribers, 8 messages in flight until their sender has them back', BURST),
    Scenario('burst-paced', 'the same, in flight until every subscriber has them: equal batches for all servers',
             BURST + ('--until', 'all')),
    Scenario('large', '10,000 subscribers, 2 in flight until their sender has them back', LARGE),
    Scenario('large-paced', 'the same, in flight until every subscriber has them', LARGE + ('--until', 'all')),
    Scenario('steady', '1,000 subscribers, 20 messages/s', STEADY, figure='p99', floor='floor_send'),
    Scenario('stalled', '1,000 subscribers, 500 of them never read', BURST + ('--stalled', '0.5'),
             figure='deliveries', columns=('deliveries', 'cpu', 'batch', 'p99', 'cut', 'kernel')),
    Scenario('burst-durable', 'burst, with every message committed before anyone sees it (natter only)', BURST,
             ('--durable',)),
    Scenario('steady-durable', 'steady, with every message committed before anyone sees it (natter only)', STEADY,
             ('--durable',), figure='p99', floor='floor_send'),
    Scenario('log', '64 publishers with 8 in flight until the ack, 4 subscribers; every message committed',
             ('--publishers', '64', '--subscribers', '4', '--size', '128', '--window', '8', '--until', 'ack',
              '--durable'), has_floor=False, figure='', columns=('acks', 'ack-p50', 'ack-p99', 'deliveries', 'cpu')),
    Scenario('wide', '1,000 subscribers, 2,000-byte messages, 8 in flight', WIDE),
    Scenario('wide-compressed', 'the same, compressed for every connection (natter only)', WIDE,
             ('--compressed', '1')),
    Scenario('idle', '10,000 connections in one room, nothing said',
             ('--subscribers', '10000', '--publishers', '0', '--warmup', '0', '--duration', '1'), figure='',
             columns=('opened', 'memory')),
]
