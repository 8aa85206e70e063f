# SPDX-License-Identifier: Apache-2.0
"""Which plots the page has, and from which figures."""
import statistics

from lib import plot
from lib.figures import SIZES, ratio
from lib.results import rows_of
from lib.table import values_of

# file, scenario, column, is more better, title, subtitle, form of a number
BARS = (
    ('bench-deliveries.svg', 'burst', 'deliveries', True, 'Deliveries per second',
     '1,000 subscribers, texts of 128 bytes, 8 in flight; one core; more is better', '{:,.0f}'),
    ('bench-cpu.svg', 'burst', 'cpu', False, 'CPU time per delivery, µs',
     'the same run; less is better', '{:.2f}'),
    ('bench-cpu-large.svg', 'large', 'cpu', False, 'CPU time per delivery, µs, with 10,000 subscribers',
     'texts of 128 bytes, 2 in flight; less is better', '{:.2f}'),
    ('bench-p99.svg', 'steady', 'p99', False, 'From the time when a message was due to its receipt: p99, ms',
     '1,000 subscribers, 20 messages/s; natter_durable commits each first; less is better', '{:.1f}'),
    ('bench-memory.svg', 'idle', 'memory', False, 'Memory per idle connection, bytes',
     '15,000 connections in one room; the process’s resident memory; less is better', '{:,.0f}'),
    ('bench-log.svg', 'log', 'acks', True, 'Messages per second onto the disk',
     '64 publishers with 8 in flight; acknowledged when committed; more is better', '{:,.0f}'),
)


def bars_of(results, order, scenario, column, is_more_better):
    items = []
    for name in order:
        values = values_of(rows_of(results, scenario, name), column)
        if values:
            items.append(plot.Bar(name, statistics.median(values), min(values), max(values)))
    return sorted(items, key=lambda item: item.value, reverse=is_more_better)


def draw_all(results, order):
    """{file: SVG}; what was not measured is not drawn."""
    drawn = {}
    for file, scenario, column, is_more_better, title, subtitle, form in BARS:
        items = bars_of(results, order, scenario, column, is_more_better)
        if items:
            drawn[file] = plot.bars(title, subtitle, items, form)
    series = {name: [ratio(results, size, name, 'floor_batch', 'cpu') for size in SIZES]
              for name in ('natter', 'uwebsockets')}
    if any(value is not None for row in series.values() for value in row):
        drawn['bench-growth.svg'] = plot.lines(
            'CPU per delivery over the bare floor’s', 'equal frames and batches; 1 is the floor; flat is good',
            ('100', '1,000', '10,000', '7,000 rooms of 2'), series, '{:.2f}')
    return drawn
