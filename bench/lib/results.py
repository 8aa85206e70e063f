# SPDX-License-Identifier: Apache-2.0
"""What was measured, kept as JSON: one row for each measurement. A file grows by rounds until all are there, so that a
long run may be cut into pieces."""
import hashlib
import json
import os
import platform
import time

KEPT = ('is_clean', 'is_saturated', 'failure', 'end_text', 'connections', 'stalled', 'stalled_ended', 'delivered',
        'sent', 'ledger', 'ended', 'unanswered', 'repeats', 'generator_core_percent', 'metrics', 'storm')


def machine():
    model = ''
    with open('/proc/cpuinfo', encoding='utf-8') as file:
        for line in file:
            if line.startswith('model name'):
                model = line.split(':', 1)[1].strip()
                break
    return {'system': f'{platform.system()} {platform.release()}', 'distribution': distribution(), 'processor': model,
            'cores': len(os.sched_getaffinity(0)),
            'memory_gib': round(os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2 ** 30)}


def distribution():
    try:
        return platform.freedesktop_os_release().get('PRETTY_NAME', '')
    except OSError:
        return ''


def now():
    return time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())


def program_mark(build):
    with open(os.path.join(build, 'natter'), 'rb') as file:
        return hashlib.sha256(file.read()).hexdigest()[:16]


def new_results(arguments, versions):
    return {'machine': machine(), 'program': program_mark(arguments.build), 'begun': now(), 'ended': now(),
            'duration': arguments.duration, 'warmup': arguments.warmup, 'versions': versions, 'results': []}


def load(path):
    with open(path, encoding='utf-8') as file:
        return json.load(file)


def save(path, results, is_new=True):
    """Whole or not at all: a run that is stopped leaves what it had."""
    if is_new:
        results['ended'] = now()
    os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
    with open(path + '.new', 'w', encoding='utf-8') as file:
        json.dump({**results, 'results': '@'}, file, indent=1)
    with open(path + '.new', encoding='utf-8') as file:
        head = file.read()
    rows = ',\n  '.join(json.dumps(row, separators=(',', ':')) for row in results['results'])
    with open(path + '.new', 'w', encoding='utf-8') as file:
        file.write(head.replace('"@"', f'[\n  {rows}\n ]') + '\n')
    os.replace(path + '.new', path)


def row_of(number, scenario, name, figures, report):
    """Figures to six digits; of the report, what judges them."""
    return {'round': number, 'scenario': scenario.name, 'server': name,
            'figures': {key: float(f'{value:.6g}') for key, value in figures.items()},
            'report': {key: report[key] for key in KEPT if key in report}}


def rows_of(results, scenario, server=None):
    return [row for row in results['results'] if row['scenario'] == scenario and server in (None, row['server'])]
