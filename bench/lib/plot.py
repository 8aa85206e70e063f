# SPDX-License-Identifier: Apache-2.0
"""Bars as SVG, readable on light and dark pages: the text takes the reader's colour scheme, bars are of a middle tone.
No library is needed, neither here nor where they are looked at."""
from dataclasses import dataclass
from xml.sax.saxutils import escape

WIDTH = 760
LABEL = 170                      # room for the names
VALUE = 110                      # room for the numbers behind the bars
ROW = 26
HEAD = 52
COLORS = {'natter': '#2f8f6b', 'natter_durable': '#5fae8f', 'floor_batch': '#8a8f98', 'floor_send': '#8a8f98'}
PEER = '#c58b3c'

STYLE = """
  <style>
    text { font: 13px system-ui, sans-serif; fill: #24292f; }
    .title { font-weight: 600; font-size: 15px; }
    .small { fill: #57606a; font-size: 12px; }
    .rule { stroke: #8a8f98; stroke-opacity: .35; }
    @media (prefers-color-scheme: dark) { text { fill: #e6edf3; } .small { fill: #9aa4af; } }
  </style>"""


@dataclass(frozen=True)
class Bar:
    name: str
    value: float
    least: float
    most: float


def text(x, y, content, style='', anchor='start'):
    mark = f' class="{style}"' if style else ''
    return f'  <text x="{x:g}" y="{y:g}" text-anchor="{anchor}"{mark}>{escape(content)}</text>'


def frame(title, subtitle, height, body):
    head = (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
            f'role="img" aria-label="{escape(title)}">{STYLE}')
    return '\n'.join([head, text(8, 20, title, 'title'), text(8, 38, subtitle, 'small'), *body, '</svg>']) + '\n'


def bars(title, subtitle, items, form):
    """Sorted as given; a thin line behind each shows the least and the greatest of the rounds."""
    most = max(item.most for item in items) or 1
    scale = (WIDTH - LABEL - VALUE) / most
    body = []
    for index, item in enumerate(items):
        y = HEAD + index * ROW
        color = COLORS.get(item.name, PEER)
        width = max(item.value * scale, 1)
        body.append(text(LABEL - 10, y + 16, item.name, anchor='end'))
        body.append(f'  <rect x="{LABEL}" y="{y + 3}" width="{width:.1f}" height="{ROW - 8}" rx="2" fill="{color}"/>')
        if item.most > item.least:
            middle = y + ROW / 2 - 1
            body.append(f'  <line class="rule" x1="{LABEL + item.least * scale:.1f}" y1="{middle:g}" '
                        f'x2="{LABEL + item.most * scale:.1f}" y2="{middle:g}" style="stroke-opacity:.9"/>')
        body.append(text(LABEL + max(width, item.most * scale) + 8, y + 16, form.format(item.value)))
    return frame(title, subtitle, HEAD + len(items) * ROW + 10, body)


def lines(title, subtitle, labels, series, form):
    """One line for each of the series over the labels; `series` is {name: [value or None]}."""
    height, left, right, top, bottom = 300, 60, 150, HEAD + 6, 250
    values = [value for row in series.values() for value in row if value is not None]
    low, high = min(values + [1.0]) * 0.95, max(values + [1.0]) * 1.05
    step = (WIDTH - left - right) / max(len(labels) - 1, 1)

    def at(index, value):
        return left + index * step, bottom - (value - low) / (high - low) * (bottom - top)
    body = []
    for mark in (low, (low + high) / 2, high):
        y = at(0, mark)[1]
        body.append(f'  <line class="rule" x1="{left}" y1="{y:.1f}" x2="{WIDTH - right}" y2="{y:.1f}"/>')
        body.append(text(left - 8, y + 4, form.format(mark), 'small', 'end'))
    for index, label in enumerate(labels):
        body.append(text(at(index, low)[0], bottom + 22, label, 'small', 'middle'))
    ends = []
    for name, row in series.items():
        points = [at(index, value) for index, value in enumerate(row) if value is not None]
        if not points:
            continue
        color = COLORS.get(name, PEER)
        path = ' '.join(f'{x:.1f},{y:.1f}' for x, y in points)
        body.append(f'  <polyline points="{path}" fill="none" stroke="{color}" stroke-width="2.5"/>')
        body += [f'  <circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{color}"/>' for x, y in points]
        ends.append((points[-1][1], name, color))
    place = top
    for y, name, color in sorted(ends):
        place = max(place, y)
        body.append(f'  <rect x="{WIDTH - right + 12}" y="{place - 5:.1f}" width="10" height="10" fill="{color}"/>')
        body.append(text(WIDTH - right + 28, place + 5, name))
        place += 20
    return frame(title, subtitle, height, body)
