# SPDX-License-Identifier: Apache-2.0
"""A scenario's measurements as a table: medians, with the least and the greatest behind them."""
import statistics

from lib.results import rows_of

COLUMNS = {                     # heading, form of a number
    'deliveries': ('deliveries/s', '{:,.0f}'),
    'acks': ('acks/s', '{:,.0f}'),
    'cpu': ('CPU µs/delivery', '{:.3f}'),
    'ack-cpu': ('CPU µs/message', '{:.1f}'),
    'generator-cpu': ('generator µs/delivery', '{:.3f}'),
    'load': ('server % of a core', '{:.0f}'),
    'batch': ('per read', '{:.1f}'),
    'bytes': ('bytes each', '{:.0f}'),
    'p50': ('p50 ms', '{:.2f}'),
    'p99': ('p99 ms', '{:.2f}'),
    'ack-p50': ('ack p50 ms', '{:.2f}'),
    'ack-p99': ('ack p99 ms', '{:.2f}'),
    'cut': ('cut off', '{:.0f}'),
    'stalled-kernel': ('kernel KiB/stalled', '{:.0f}'),
    'stalled-own': ("at the reader's own end", '{:.0f}'),
    'memory': ('bytes/connection', '{:,.0f}'),
    'opened': ('opened/s', '{:,.0f}'),
    'connect-cpu': ('CPU µs/connection', '{:.1f}'),
    'compressions': ('compressions/message', '{:.2f}'),
    'back-p50': ('back p50 ms', '{:,.0f}'),
    'back-all': ('all back ms', '{:,.0f}'),
    'replayed': ('replayed', '{:,.0f}'),
    'truncated': ('truncated', '{:.0f}'),
    'disk-reads': ('disk reads', '{:.0f}'),
}


def cell(values, form):
    if not values:
        return '–'
    text = form.format(statistics.median(values))
    if len(values) > 1:
        text += f' ({form.format(min(values))}–{form.format(max(values))})'
    return text


def values_of(rows, column):
    return [row['figures'][column] for row in rows if column in row['figures']]


def ratios(rows, base_rows, column):
    """A figure over another's of the same round, since only what was measured close together compares."""
    bases = {row['round']: row['figures'].get(column, 0) for row in base_rows}
    return [row['figures'][column] / bases[row['round']] for row in rows
            if row['figures'].get(column) is not None and bases.get(row['round'])]


def remarks_on(rows):
    remarks = []
    if any(not row['report']['is_clean'] for row in rows):
        remarks.append('NOT CLEAN')
    if any(row['report'].get('is_saturated') for row in rows):
        remarks.append('generator at its limit')
    gaps = sum(row['report'].get('ledger', {}).get('gaps', 0) for row in rows)
    if gaps:
        remarks.append(f'{gaps} gaps')
    return ', '.join(remarks)


def table_of(scenario, results, order):
    rows = rows_of(results, scenario.name)
    floors = [row for row in rows if row['server'] == scenario.floor]
    heading = ['server'] + [COLUMNS[column][0] for column in scenario.columns]
    has_ratio = bool(scenario.figure and floors)
    if has_ratio:
        heading.append(f'{COLUMNS[scenario.figure][0]} over {scenario.floor}')
    lines = [heading + ['']]
    present = {row['server'] for row in rows}
    for name in [name for name in order if name in present]:
        own = [row for row in rows if row['server'] == name]
        line = [name] + [cell(values_of(own, column), COLUMNS[column][1]) for column in scenario.columns]
        if has_ratio:
            line.append(cell(ratios(own, floors, scenario.figure), '{:.2f}'))
        lines.append(line + [remarks_on(own)])
    return lines


def as_text(lines):
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    return '\n'.join('  ' + '  '.join(text.ljust(width) for text, width in zip(line, widths)).rstrip()
                     for line in lines)


def as_markdown(lines):
    rows = ['| ' + ' | '.join(line) + ' |' for line in lines]
    rule = '| --- |' + ' ---: |' * (len(lines[0]) - 2) + ' --- |'
    return '\n'.join([rows[0], rule] + rows[1:])
