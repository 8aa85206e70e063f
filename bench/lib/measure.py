# SPDX-License-Identifier: Apache-2.0
"""One measurement: a fresh server, a load, and the figures that came of it."""
import functools
import json
import os
import subprocess
import urllib.request

from lib.place import Place, data_root
from lib.server import Server, pinned

RUN_SECONDS_SPARE = 120

# natter's own counters that some figure speaks of.
METRICS = ('natter_compressions_total', 'natter_room_compressions_total', 'natter_events_appended_total',
           'natter_commits_total', 'natter_replays_from_disk_total', 'natter_replays_from_memory_total',
           'natter_store_reads_total', 'natter_store_jobs_total', 'natter_replays_truncated_total',
           'natter_feed_lapped_total', 'natter_writes_total', 'natter_deliveries_total')


def choose_cores():
    """One for the server, one for the load; None where there is only one."""
    allowed = sorted(os.sched_getaffinity(0))
    return (allowed[0], allowed[1]) if len(allowed) > 1 else (None, None)


def load_of(scenario, module, seconds):
    load = list(scenario.load)
    load += list(scenario.only_raw if module.IS_RAW else scenario.only_natter)
    load += list(getattr(module, 'LOAD', ()))
    if '--duration' not in load:
        load += ['--duration', str(seconds.duration)]
    if '--warmup' not in load:
        load += ['--warmup', str(seconds.warmup)]
    return load + (['--raw'] if module.IS_RAW else [])


def read_metrics(server):
    if not hasattr(server.module, 'metrics'):
        return {}
    with urllib.request.urlopen(server.module.metrics(server.text()), timeout=10) as answer:
        lines = answer.read().decode().splitlines()
    pairs = (line.split(' ')[:2] for line in lines if line.startswith(METRICS))
    return {name: float(value) for name, value in pairs}


def run_generator(arguments, server, core, load):
    command = [os.path.join(arguments.build, 'natter'), 'bench', '--json', '--quiet',
               '--pid', str(server.process.pid), *load, server.url]
    done = subprocess.run(pinned(core, command), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          timeout=arguments.duration + RUN_SECONDS_SPARE, check=False)
    if not done.stdout.startswith('{'):
        raise SystemExit(f'bench/run: {" ".join(command)}\n{done.stderr}\n{server.text()[-2000:]}')
    return json.loads(done.stdout)


def measure(arguments, scenario, name, module):
    cores = choose_cores() if scenario.is_pinned else (None, None)
    place = functools.partial(Place, arguments.build, rooms=scenario.rooms, is_compressed=scenario.is_compressed)
    with Server(name, module, place, cores[0], data_root(arguments.build)) as server:
        if hasattr(module, 'load'):
            return module.load(server, functools.partial(pinned, cores[1]), arguments)
        generate = functools.partial(run_generator, arguments, server, cores[1])
        if scenario.first:
            generate([*scenario.first, *(['--raw'] if module.IS_RAW else [])])
        before = read_metrics(server)
        report = generate(load_of(scenario, module, arguments))
        after = read_metrics(server)
        report['metrics'] = {key: after[key] - before.get(key, 0) for key in after}
        return report


def over(value, base):
    return value / base if base else 0


def server_figures(report):
    server = report['server']
    cpu_ns = server.get('connect_cpu_ns', 0)
    return {
        'cpu': server['cpu_us_per_delivery'],
        'ack-cpu': server['cpu_us_per_ack'],
        'load': server['core_percent'],
        'stalled-kernel': server.get('kernel_per_stalled', 0) / 1024,
        'stalled-own': over(report.get('stalled_bytes', 0), report['stalled']) / 1024,
        'memory': over(server['resident_end'] - server['resident_before'], report['connections']),
        'connect-cpu': over(cpu_ns, report['connections']) / 1e3,
    }


def metric_figures(report):
    metrics = report.get('metrics', {})
    if not metrics:
        return {}
    shared = metrics.get('natter_room_compressions_total', 0)
    return {
        'compressions': over(shared, metrics.get('natter_events_appended_total', 0)),
        'disk-reads': metrics.get('natter_replays_from_disk_total', 0) + metrics.get('natter_store_jobs_total', 0),
    }


def storm_figures(report):
    storm = report.get('storm')
    if not storm:
        return {}
    return {
        'back-p50': storm['return_ns']['p50'] / 1e6,
        'back-all': storm['all_back_ns'] / 1e6,
        'replayed': storm['replayed'],
        'truncated': storm['truncated'],
    }


def figures_of(report):
    figures = {
        'deliveries': report['deliveries_per_second'],
        'acks': report['acks_per_second'],
        'batch': over(report['delivered'], report['reads']),
        'bytes': over(report['delivered_bytes'], report['delivered']),
        'p50': report['delay_ns']['p50'] / 1e6,
        'p99': report['delay_ns']['p99'] / 1e6,
        'ack-p50': report['ack_delay_ns']['p50'] / 1e6,
        'ack-p99': report['ack_delay_ns']['p99'] / 1e6,
        'cut': report['stalled_ended'],
        'opened': over(report['connections'], report['connect_ns']) * 1e9,
    }
    if report['delivered'] and 'generator_cpu_ns' in report:
        figures['generator-cpu'] = report['generator_cpu_ns'] / report['delivered'] / 1e3
    if 'server' in report:
        figures.update(server_figures(report))
    figures.update(metric_figures(report))
    figures.update(storm_figures(report))
    return figures
