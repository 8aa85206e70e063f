# SPDX-License-Identifier: Apache-2.0
"""Tables and a plot of what bench/growth measured."""
import json
import os
import platform
import time

TABLES = [      # title, section, what (None: all of it), columns: (figure, heading, form)
    ('Joins and leaves of a whole room', 'joins', None,
     (('cpu_us', 'CPU µs each', '{:,.1f}'), ('sent_bytes', 'bytes sent each', '{:,.0f}'))),
    ('Presence: 100 come and go in a room of so many', 'presence', None,
     (('cpu_us', 'CPU µs per change', '{:,.0f}'), ('cpu_ns_per_subscriber', 'ns per change and member', '{:,.1f}'),
      ('told_bytes_per_subscriber', 'bytes told per change and member', '{:,.2f}'))),
    ('Rooms with two members', 'rooms', None,
     (('cpu_us', 'CPU µs each', '{:,.1f}'), ('disk_bytes_written', 'bytes written each', '{:,.0f}'),
      ('memory_bytes_per_room', 'memory per room, bytes', '{:,.0f}'), ('rooms_open', 'rooms open', '{:,.0f}'))),
    ('A room with so many events', 'log', None,
     (('cpu_us', 'CPU µs each', '{:,.2f}'), ('store_reads', 'look-ups', '{:,.2f}'),
      ('file_bytes_read', 'bytes read of the file', '{:,.0f}'), ('file_reads', 'in so many reads', '{:,.0f}'),
      ('listed_bytes', 'newest keys, bytes', '{:,.0f}'), ('disk_bytes_read', 'from the disk', '{:,.0f}'),
      ('disk_bytes_written', 'bytes written', '{:,.0f}'), ('start_ms', 'ms to start', '{:,.0f}'),
      ('memory_bytes', 'memory, bytes', '{:,.0f}'), ('acks_per_second', 'acks/s', '{:,.0f}'),
      ('ack_p99_ms', 'p99 ms', '{:,.1f}'))),
]
PLOTTED = [     # section, what, colour, label
    ('joins', 'join', '#0b6e4f', 'join (members)'),
    ('joins', 'leave', '#7fb069', 'leave (members)'),
    ('rooms', 'message', '#c8553d', 'message (rooms)'),
    ('log', 'page, middle', '#28536b', 'history page (events)'),
    ('log', 'append', '#bb8588', 'append (events)'),
    ('log', 'duplicate', '#5f4bb6', 'retried key (events)'),
]
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 760, 340, 60, 200, 20, 45


def machine():
    with open('/proc/cpuinfo', encoding='utf-8') as file:
        models = [line.split(':', 1)[1].strip() for line in file if line.startswith('model name')]
    return {'system': f'{platform.system()} {platform.release()}', 'processor': models[0] if models else '',
            'cores': len(models), 'at': time.strftime('%Y-%m-%d', time.gmtime())}


def table_lines(rows, columns):
    used = [column for column in columns if any(row['figures'].get(column[0]) for row in rows)]
    yield '| at a size of | | ' + ' | '.join(heading for _, heading, _ in used) + ' |'
    yield '| ---: | --- |' + ' ---: |' * len(used)
    for row in rows:
        cells = [form.format(row['figures'][name]) if name in row['figures'] else '' for name, _, form in used]
        yield f'| {row["size"]:,} | {row["what"]} | ' + ' | '.join(cells) + ' |'


def by_kind(rows, section):
    """All sizes of one kind together."""
    own = [row for row in rows if row['section'] == section]
    kinds = list(dict.fromkeys(row['what'] for row in own))
    return sorted(own, key=lambda row: (kinds.index(row['what']), row['size']))


def point(size, share, sizes_log, share_max):
    x = LEFT + size / sizes_log * (WIDTH - LEFT - RIGHT)
    y = HEIGHT - BOTTOM - min(share, share_max) / share_max * (HEIGHT - TOP - BOTTOM)
    return f'{x:.1f},{y:.1f}'


def plot_lines(rows):
    """CPU per unit over that at the least size, against the size in powers of ten."""
    share_max, powers = 3, 7
    text = 'font-family="sans-serif" font-size="12" fill="#444"'
    yield (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
           'aria-label="CPU time per unit over that at the least size">')
    yield f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>'
    for share in range(share_max + 1):
        x, y = point(0, share, powers, share_max).split(',')
        yield f'<line x1="{x}" x2="{WIDTH - RIGHT}" y1="{y}" y2="{y}" stroke="#ddd"/>'
        yield f'<text x="{LEFT - 8}" y="{float(y) + 4}" text-anchor="end" {text}>{share} ×</text>'
    for power in range(1, powers + 1):
        x = point(power, 0, powers, share_max).split(',')[0]
        yield f'<text x="{x}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle" {text}>{10 ** power:,}</text>'
    yield (f'<text x="{LEFT}" y="{HEIGHT - 8}" {text}>size; CPU time per unit, 1 × is that at the least size</text>')
    for number, (section, what, colour, label) in enumerate(PLOTTED):
        own = sorted((row['size'], row['figures']['cpu_us']) for row in rows
                     if row['section'] == section and row['what'] == what and row['size'] > 0)
        if len(own) > 1:
            places = ' '.join(point(len(str(size)) - 1, cpu / own[0][1], powers, share_max) for size, cpu in own)
            yield f'<polyline points="{places}" fill="none" stroke="{colour}" stroke-width="2.5"/>'
            yield (f'<text x="{WIDTH - RIGHT + 12}" y="{TOP + 16 + 20 * number}" font-family="sans-serif" '
                   f'font-size="12" fill="{colour}">{label}</text>')
    yield '</svg>'


def write(page, output):
    with open(output, encoding='utf-8') as file:
        kept = json.load(file)
    plot = os.path.splitext(page)[0] + '.svg'
    with open(plot, 'w', encoding='utf-8') as file:
        file.write('\n'.join(plot_lines(kept['rows'])) + '\n')
    about = kept['machine']
    lines = ['# How costs grow', '',
             f'Made by `bench/growth --page` on {about["at"]}: {about["processor"]}, {about["cores"]} cores, '
             f'{about["system"]}; medians of {kept["rounds"]} rounds. [How to measure](../howto/measure.md). '
             '[What grows with the log, and by what law](../design/log.md#what-grows-with-the-log).', '',
             'Each row is what one more costs when there are so many already. CPU time is that of the server\'s whole '
             'process, the kernel\'s work for it included.', '',
             f'![CPU time per unit]({os.path.basename(plot)})', '']
    for title, section, _, columns in TABLES:
        rows = by_kind(kept['rows'], section)
        if rows:
            lines += [f'## {title}', ''] + list(table_lines(rows, columns)) + ['']
    with open(page, 'w', encoding='utf-8') as file:
        file.write('\n'.join(lines).rstrip('\n') + '\n')
