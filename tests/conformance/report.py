# SPDX-License-Identifier: Apache-2.0
"""What came of a run: TAP lines while it goes on, a table in HTML and in text at its end."""
import html
from collections import Counter

from run_case import ALLOWED, FAILED, PASSED

STYLE = """
body { font: 14px/1.4 system-ui, sans-serif; margin: 2rem auto; max-width: 75rem; padding: 0 1rem; color: #222 }
table { border-collapse: collapse; width: 100%; margin-bottom: 2rem }
th, td { text-align: left; padding: .2rem .6rem; border-bottom: 1px solid #ddd; vertical-align: top }
th { position: sticky; top: 0; background: #fff }
td.passed { color: #176f2c } td.allowed { color: #8a5a00; font-weight: 600 }
td.FAILED { color: #b00020; font-weight: 600 }
code { font-size: 12px } .detail { color: #555; font-size: 12px }
"""


class Tap:
    """`known`: ids of the cases that may be answered in a way that is only allowed; None: all may."""

    def __init__(self, known):
        self.known, self.count, self.failed = known, 0, 0

    def say(self, server, verdict):
        case = verdict.case
        is_known = self.known is None or case.id in self.known
        is_right = verdict.outcome == PASSED or (verdict.outcome == ALLOWED and is_known)
        self._line(is_right, f'{server} {case.id} ({case.standard} {case.paragraph}): {case.sentence}')
        if verdict.outcome != PASSED:
            print(f'#   {verdict.outcome}: {verdict.detail}', flush=True)

    def complain(self, text):
        self._line(False, text)

    def _line(self, is_right, text):
        self.count += 1
        self.failed += not is_right
        print(f'{"" if is_right else "not "}ok {self.count} - {text.replace("#", "(hash)")}', flush=True)

    def plan(self):
        print(f'1..{self.count}')


def summary(runs):
    lines = []
    for name, verdicts in runs.items():
        counts = Counter(verdict.outcome for verdict in verdicts)
        seconds = sum(verdict.seconds for verdict in verdicts)
        lines.append(f'{name}: {counts[PASSED]} passed, {counts[ALLOWED]} allowed, {counts[FAILED]} failed '
                     f'({seconds:.1f} s)')
    return '\n'.join(lines)


def rows_of(runs):
    """One row for each case, with its verdict by server."""
    rows = {}
    for name, verdicts in runs.items():
        for verdict in verdicts:
            rows.setdefault(verdict.case.id, (verdict.case, {}))[1][name] = verdict
    return rows.values()


def write_text(path, runs, complaints):
    names = list(runs)
    with open(path, 'w', encoding='utf-8') as file:
        print(summary(runs), *complaints, sep='\n', file=file)
        print(file=file)
        for case, verdicts in rows_of(runs):
            outcomes = ' '.join(f'{verdicts[name].outcome if name in verdicts else "–":<8}' for name in names)
            print(f'{outcomes} {case.standard} {case.paragraph:<8} {case.id:<44} {case.sentence}', file=file)
            for name in names:
                if name in verdicts and verdicts[name].detail:
                    print(f'{"":<{9 * len(names)}}{name}: {verdicts[name].detail}', file=file)


def write_html(path, runs, complaints):
    names = list(runs)
    parts = [f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Conformance</title><style>{STYLE}</style>',
             '<h1>Conformance to RFC 6455 and RFC 7692</h1><p>',
             '<br>'.join(html.escape(line) for line in [*summary(runs).split('\n'), *complaints]),
             '</p><p><b>passed</b>: as it should be. <b>allowed</b>: not so, but the standard lets it. '
             '<b>–</b>: not for this server.</p>',
             '<table><tr><th>section<th>case<th>what must hold',
             *[f'<th>{html.escape(name)}' for name in names], '</tr>']
    for case, verdicts in rows_of(runs):
        parts.append(f'<tr><td>{case.standard} {case.paragraph}<td><code>{html.escape(case.id)}</code>'
                     f'<td>{html.escape(case.sentence)}')
        for name in names:
            parts.append(cell_of(verdicts.get(name)))
        parts.append('</tr>')
    parts.append('</table>')
    with open(path, 'w', encoding='utf-8') as file:
        file.write('\n'.join(parts))


def cell_of(verdict):
    if verdict is None:
        return '<td>–'
    detail = f'<div class="detail">{html.escape(verdict.detail)}</div>' if verdict.detail else ''
    return f'<td class="{verdict.outcome}">{verdict.outcome}{detail}'


SECTIONS = {
    '4.1': "the client's requirements", '4.2.1': "reading the client's handshake", '4.2.2': "the server's answer",
    '4.4': 'several versions', '5.1': 'masking is required', '5.2': 'the frame: lengths, reserved bits, opcodes',
    '5.3': 'the mask', '5.4': 'fragmentation', '5.5': 'control frames', '5.5.1': 'Close', '5.5.2': 'Ping',
    '5.5.3': 'Pong', '5.6': 'data frames', '6.2': 'receiving, however it is cut', '7.1.1': 'ending the TCP stream',
    '7.1.7': 'failing the connection', '7.4.1': 'defined close codes', '7.4.2': 'ranges of close codes',
    '8.1': 'UTF-8', '9.1': 'negotiating extensions', '10.2': 'Origin', '10.4': 'limits of the implementation',
    '11.3.1': 'Sec-WebSocket-Key', '11.3.4': 'Sec-WebSocket-Protocol', '11.3.5': 'Sec-WebSocket-Version',
    '7692 5.1': 'several offers', '7692 6': 'RSV1, and plain messages between', '7692 6.1': 'compressed fragments',
    '7692 6.2': 'receiving compressed messages', '7692 7.1': 'permessage-deflate: the offer',
    '7692 7.1.1': 'contexts', '7692 7.1.1.1': 'server_no_context_takeover',
    '7692 7.1.1.2': 'client_no_context_takeover', '7692 7.1.2.1': 'server_max_window_bits',
    '7692 7.1.2.2': 'client_max_window_bits', '7692 7.2.1': 'compressing', '7692 7.2.2': 'what cannot be inflated',
    '7692 7.2.3.1': 'one block', '7692 7.2.3.3': 'stored blocks', '7692 7.2.3.4': 'a last block within',
    '7692 7.2.3.5': 'two blocks', '7692 7.2.3.6': 'empty messages',
}


def sections_table(cases):
    """The table in docs/reference/conformance.md."""
    counts = Counter(case.section for case in cases)
    lines = ['| standard | section | about | cases |', '| --- | --- | --- | ---: |']
    for section, about in SECTIONS.items():
        standard, paragraph = ('RFC 7692', section[5:]) if section.startswith('7692 ') else ('RFC 6455', section)
        lines.append(f'| {standard} | {paragraph} | {about} | {counts.pop(section)} |')
    assert not counts, f'SECTIONS lacks {counts}'
    return '\n'.join([*lines, f'| | | **in all** | **{len(cases)}** |'])


def print_list(cases):
    for case in cases:
        print(f'{case.standard} {case.paragraph:<8} {case.id:<44} {case.sentence}')
    print(f'{len(cases)} cases')
