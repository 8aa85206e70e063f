# SPDX-License-Identifier: Apache-2.0
"""The ten figures: what each asks for, what was measured, and whether it is reached. Each is made of rows of one or two
scenarios; ratios are of one round, and the median of the rounds counts."""
import statistics
from dataclasses import dataclass, field

from lib.results import rows_of
from lib.table import ratios, values_of

PEERS = ('uwebsockets', 'gorilla_shipped', 'libwebsockets_direct', 'libwebsockets', 'nchan', 'gorilla', 'ws')


@dataclass
class Figure:
    name: str
    measure: str
    target: str
    natter: str = '–'
    floor: str = '–'
    peers: dict = field(default_factory=dict)
    is_reached: object = None    # None: not measured
    note: str = ''
    shown_by: str = ''           # how, where it is not by the number itself

    @property
    def verdict(self):
        return {None: 'not measured', True: 'reached' + self.shown_by, False: 'NOT REACHED'}[self.is_reached]


def median(values):
    return statistics.median(values) if values else None


def of(results, scenario, server, column):
    return median(values_of(rows_of(results, scenario, server), column))


def ratio(results, scenario, server, base, column, base_scenario=None):
    return median(ratios(rows_of(results, scenario, server), rows_of(results, base_scenario or scenario, base), column))


def form(value, text, none='–'):
    return none if value is None else text.format(value)


def peers_of(results, scenario, column, text, names=PEERS):
    found = {name: of(results, scenario, name, column) for name in names}
    return {name: text.format(value) for name, value in found.items() if value is not None}


def all_of(*conditions):
    """False where one is false; None where that cannot be said since one could not be judged."""
    return False if False in conditions else None if None in conditions else True


def at_most(value, bound):
    return None if value is None or bound is None else value <= bound


def burst(results):
    figure = Figure('F1', 'CPU per delivery over floor batch, equal frames and batches: 1,000 and 10,000 subscribers',
                    '≤ 1.05, both; below uWebSockets')
    near = ratio(results, 'burst-paced', 'natter', 'floor_batch', 'cpu')
    far = ratio(results, 'large-paced', 'natter', 'floor_batch', 'cpu')
    rivals = [ratio(results, name, 'uwebsockets', 'floor_batch', 'cpu') for name in ('burst-paced', 'large-paced')]
    figure.natter = f'{form(near, "{:.2f}")}, {form(far, "{:.2f}")}'
    figure.floor = '1'
    if None not in rivals:
        figure.peers = {'uwebsockets': f'{rivals[0]:.2f}, {rivals[1]:.2f}'}
    figure.is_reached = all_of(at_most(near, 1.05), at_most(far, 1.05),
                               *(at_most(own, rival) for own, rival in zip((near, far), rivals) if rival is not None))
    free = {name: of(results, 'burst', name, 'cpu') for name in ('natter', 'floor_batch') + PEERS}
    figure.note = 'not paced, µs: ' + ', '.join(f'{name} {value:.2f}' for name, value in free.items() if value)
    return figure


def stored_burst(results):
    figure = Figure('F2', 'burst with every message committed: CPU per delivery over floor batch', '≤ 1.25')
    own = ratio(results, 'burst', 'natter_durable', 'floor_batch', 'cpu')
    figure.natter, figure.floor = form(own, '{:.2f}'), '1'
    others = {name: ratio(results, 'burst', name, 'floor_batch', 'cpu') for name in PEERS}
    figure.peers = {name: f'{value:.2f}' for name, value in others.items() if value is not None}
    figure.is_reached = at_most(own, 1.25)
    figure.note = 'the peers store nothing'
    return figure


def idle(results):
    figure = Figure('F3', 'user-space memory per idle connection in a room, bytes', '≤ 384')
    own = of(results, 'idle', 'natter', 'memory')
    figure.natter = form(own, '{:,.0f}')
    figure.floor = form(of(results, 'idle', 'floor_batch', 'memory'), '{:,.0f}')
    figure.peers = peers_of(results, 'idle', 'memory', '{:,.0f}')
    figure.is_reached = at_most(own, 384)
    return figure


def stalled(results):
    figure = Figure('F4', 'half of the readers stalled: deliveries/s to the others over floor batch; the kernel’s '
                    'memory per stalled socket, at the server’s end, KiB', '≥ 0.95; ≤ 150 KB (146 KiB)')
    own = ratio(results, 'stalled', 'natter', 'floor_batch', 'deliveries')
    memory = of(results, 'stalled', 'natter', 'stalled-kernel')
    figure.natter = f'{form(own, "{:.2f}")}; {form(memory, "{:.0f}")}'
    figure.floor = f'1; {form(of(results, "stalled", "floor_batch", "stalled-kernel"), "{:.0f}")}'
    for name in PEERS:
        value = ratio(results, 'stalled', name, 'floor_batch', 'deliveries')
        if value is not None:
            figure.peers[name] = f'{value:.2f}; {form(of(results, "stalled", name, "stalled-kernel"), "{:.0f}")}'
    figure.is_reached = all_of(at_most(0.95, own), at_most(memory, 150000 / 1024))
    held = of(results, 'stalled', 'natter', 'stalled-own')
    if held is not None:
        figure.note = f'the readers’ own ends, on this machine as well, hold {held:.0f} KiB each with natter'
    return figure


def steady(results):
    figure = Figure('F5', '20 messages/s, committed: p99 over floor send', '≤ 1.2')
    own = ratio(results, 'steady', 'natter_durable', 'floor_send', 'p99')
    figure.natter, figure.floor = form(own, '{:.2f}'), '1'
    others = {name: ratio(results, 'steady', name, 'floor_send', 'p99') for name in ('natter',) + PEERS}
    figure.peers = {name: f'{value:.2f}' for name, value in others.items() if value is not None}
    figure.is_reached = at_most(own, 1.2)
    figure.note = 'the peers store nothing; natter among them is its ephemeral room'
    return figure


def log(results):
    figure = Figure('F6', 'messages/s accepted into one stored room: 64 publishers with 8 in flight', 'above Redis '
                    'Streams with appendfsync always, and PostgreSQL inserts')
    own = of(results, 'log', 'natter_durable', 'acks')
    figure.natter = form(own, '{:,.0f}')
    figure.peers = peers_of(results, 'log', 'acks', '{:,.0f}', ('redis', 'postgres', 'postgres_batch'))
    over = [ratio(results, 'log', 'natter_durable', name, 'acks') for name in ('redis', 'postgres')]
    figure.is_reached = all_of(*(at_most(1, value) for value in over))
    figure.note = ('natter also hands each message to all 68 connections, Redis to four readers, PostgreSQL to nobody; '
                   'postgres_batch commits eight messages at a time')
    return figure


def compressed(results):
    figure = Figure('F7', 'compressed broadcast of 2,000 bytes: compressions per message; CPU per delivery over '
                    'uncompressed', '1; ≤ 1.5')
    count = of(results, 'wide-compressed', 'natter', 'compressions')

    def over_plain(name):
        return ratio(results, 'wide-compressed', name, name, 'cpu', 'wide')
    own = over_plain('natter')
    figure.natter = f'{form(count, "{:.2f}")}; {form(own, "{:.2f}")}'
    others = {name: over_plain(name) for name in ('uwebsockets', 'gorilla', 'ws')}
    figure.peers = {name: f'{value:.2f} ({of(results, "wide-compressed", name, "cpu"):.2f} µs)'
                    for name, value in others.items() if value is not None}
    # A message at the edge of the measured time may be compressed before it and counted in it.
    figure.is_reached = all_of(None if count is None else abs(count - 1) < 0.02, at_most(own, 1.5))
    figure.note = f'natter compressed: {form(of(results, "wide-compressed", "natter", "cpu"), "{:.2f}")} µs'
    return figure


def storm(results):
    figure = Figure('F8', 'upgrades/s (thousands); a storm of 15,000 that resume in a stored room: all back in, ms; '
                    'holes and repeats; disk reads', "≥ uWebSockets'; 0; 0")
    own = of(results, 'upgrades', 'natter', 'opened')
    over = ratio(results, 'upgrades', 'natter', 'uwebsockets', 'opened')
    rows = rows_of(results, 'storm', 'natter_durable')
    torn = None if not rows else sum(row['report']['ledger'][kind] for row in rows for kind in
                                     ('lost', 'doubled', 'reordered', 'mismatched', 'gaps'))
    reads = of(results, 'storm', 'natter_durable', 'disk-reads')
    back = of(results, 'storm', 'natter_durable', 'back-all')
    figure.natter = (f'{form(own and own / 1000, "{:.1f}")}; {form(back, "{:,.0f}")}; {form(torn, "{}")}; '
                     f'{form(reads, "{:.0f}")}')
    figure.floor = form((of(results, 'upgrades', 'floor_batch', 'opened') or 0) / 1000, '{:.1f}')
    figure.peers = {name: f'{of(results, "upgrades", name, "opened") / 1000:.1f}' for name in PEERS
                    if of(results, 'upgrades', name, 'opened')}
    figure.is_reached = all_of(at_most(1, over), at_most(torn, 0), at_most(reads, 0),
                               None if not rows else all(row['report']['is_clean'] for row in rows))
    figure.note = 'CPU of the server per upgrade, µs: ' + ', '.join(
        f'{name} {of(results, "upgrades", name, "connect-cpu"):.0f}' for name in ('natter', 'floor_batch') + PEERS
        if of(results, 'upgrades', name, 'connect-cpu'))
    return figure


def cores(results):
    """What one shard does with one core, two do with two cores, if the work for a delivery stays the same. The load
    generator needs a part of these two cores, so the throughput shows less."""
    figure = Figure('F9', 'two shards over one: what two cores of their own would deliver, by the CPU per delivery; '
                    'and deliveries/s with the load generator on the same two cores', '≥ 1.6')
    cost = ratio(results, 'cores', 'natter_two', 'natter', 'cpu')
    through = ratio(results, 'cores', 'natter_two', 'natter', 'deliveries')
    figure.natter = f'{form(cost and 2 / cost, "{:.2f}")}; {form(through, "{:.2f}")}'
    figure.is_reached = at_most(1.6, cost and 2 / cost)
    if through is not None and through < 1.6:
        figure.shown_by = ', by CPU time'
    server = of(results, 'cores', 'natter', 'cpu')
    generator = of(results, 'cores', 'natter', 'generator-cpu')
    bound = server and generator and min(2 * server / (server + generator), 2)
    figure.note = (f'a delivery costs the server {form(server, "{:.1f}")} µs with one shard and the load generator '
                   f'{form(generator, "{:.1f}")} µs, so that two cores for both sides allow '
                   f'{form(bound, "{:.2f}")} × at most; the first number is 2 over the growth of the cost with two '
                   'shards at work at once')
    return figure


SIZES = ('small-paced', 'burst-paced', 'large-paced', 'rooms-paced')


def growth(results):
    figure = Figure('F10', 'CPU per delivery over the floor’s, equal frames and batches: 100, 1,000 and 10,000 '
                    'subscribers, 7,000 rooms of 2', 'flat within 5 %')
    own = [ratio(results, name, 'natter', 'floor_batch', 'cpu') for name in SIZES]
    figure.natter = ', '.join(form(value, '{:.2f}') for value in own)
    figure.floor = '1'
    others = [ratio(results, name, 'uwebsockets', 'floor_batch', 'cpu') for name in SIZES]
    if any(value is not None for value in others):
        figure.peers = {'uwebsockets': ', '.join(form(value, '{:.2f}') for value in others)}
    figure.is_reached = None if None in own else max(own) <= 1.05 * min(own) or max(own) <= 1.05
    return figure


def all_figures(results):
    return [make(results) for make in (burst, stored_burst, idle, stalled, steady, log, compressed, storm, cores,
                                       growth)]


def as_text(results):
    lines = []
    for figure in all_figures(results):
        lines.append(f'{figure.name:4}{figure.verdict:13} natter {figure.natter}   wanted {figure.target}'
                     f'   floor {figure.floor}')
        lines.append(f'    {figure.measure}')
        if figure.peers:
            lines.append('    ' + ', '.join(f'{name} {value}' for name, value in figure.peers.items()))
        if figure.note:
            lines.append(f'    {figure.note}')
    return '\n'.join(lines)
