# SPDX-License-Identifier: Apache-2.0
"""The load of the scenario "log" for servers that are no chat servers: what bench/log_load says, in the form that
`natter bench` has."""
import json
import subprocess

from lib.server import cpu_seconds

RUN_SECONDS_SPARE = 60


def run_log_load(server, pin, arguments, kind, more=()):
    before = cpu_seconds(server.process.pid)
    command = [server.place.program('log_load'), '--publishers', '64', '--window', '8', '--size', '128',
               '--warmup', str(arguments.warmup), '--duration', str(arguments.duration), *more, kind, server.url]
    done = subprocess.run(pin(command), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          timeout=arguments.warmup + arguments.duration + RUN_SECONDS_SPARE, check=False)
    if not done.stdout.startswith('{'):
        raise SystemExit(f'bench/run: {" ".join(command)}\n{done.stderr}\n{server.text()[-2000:]}')
    report = json.loads(done.stdout)
    cpu_us = (cpu_seconds(server.process.pid) - before) * 1e6
    nothing = {'p50': 0, 'p99': 0}
    report.update(deliveries_per_second=0, delivered=0, delivered_bytes=0, reads=0, delay_ns=nothing,
                  ack_delay_ns={'p50': report['ack_p50_ms'] * 1e6, 'p99': report['ack_p99_ms'] * 1e6},
                  stalled=0, stalled_ended=0, connections=0, connect_ns=0, metrics={}, ended=0, repeats=0)
    report['server'] = {'cpu_us_per_delivery': 0, 'cpu_us_per_ack': cpu_us / max(report['acked'], 1),
                        'core_percent': 0, 'resident_end': 0, 'resident_before': 0}
    return report
