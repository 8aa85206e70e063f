#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Shows that the benchmark judges rightly: its arithmetic on measurements that are made up, its load for Redis against
a server that does one thing wrong, and one short real run. Prints TAP."""
import argparse
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
import xml.dom.minidom

sys.dont_write_bytecode = True
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, 'bench'))

from lib import figures, page, pictures, plan, results as kept, table  # noqa: E402 (the folder must be in the path)
from lib.server import load_servers  # noqa: E402
from scenarios import SCENARIOS  # noqa: E402

BUILD = os.environ.get('NATTER_BUILD', os.path.join(ROOT, 'build'))
SECONDS_MAX = 60


def row(scenario, server, number=0, is_clean=True, **values):
    ledger = {'lost': 0, 'doubled': 0, 'reordered': 0, 'mismatched': 0, 'gaps': 0}
    return {'round': number, 'scenario': scenario, 'server': server, 'figures': values,
            'report': {'is_clean': is_clean, 'ledger': ledger}}


def results_of(*rows):
    return {'machine': {'processor': 'p', 'cores': 2, 'system': 's'}, 'program': 'x', 'begun': 'a', 'ended': 'b',
            'duration': 4, 'warmup': 1, 'versions': {'natter': '1'}, 'results': list(rows)}


def figure(name, *rows):
    return next(item for item in figures.all_figures(results_of(*rows)) if item.name == name)


def a_ratio_is_of_one_round():
    rows = [row('burst', 'natter_durable', 0, cpu=1.0), row('burst', 'floor_batch', 0, cpu=1.0),
            row('burst', 'natter_durable', 1, cpu=4.0), row('burst', 'floor_batch', 1, cpu=4.0),
            row('burst', 'natter_durable', 2, cpu=9.0)]
    assert table.ratios([item for item in rows if item['server'] == 'natter_durable'],
                        [item for item in rows if item['server'] == 'floor_batch'], 'cpu') == [1.0, 1.0]


def what_was_not_measured_is_not_reached():
    assert {item.is_reached for item in figures.all_figures(results_of())} == {None}
    half = [row('burst-paced', name, cpu=1) for name in ('natter', 'floor_batch')]
    assert figure('F1', *half).is_reached is None


def each_bound_has_two_sides():
    def paced(own):
        return [row(size, name, cpu=cpu) for size in ('burst-paced', 'large-paced')
                for name, cpu in (('natter', own), ('floor_batch', 1.0), ('uwebsockets', 1.04))]
    assert figure('F1', *paced(1.03)).is_reached is True
    assert figure('F1', *paced(1.045)).is_reached is False, 'uWebSockets is below'
    assert figure('F1', *paced(1.06)).is_reached is False
    assert figure('F3', row('idle', 'natter', memory=384)).is_reached is True
    assert figure('F3', row('idle', 'natter', memory=385)).is_reached is False
    steady = [row('steady', 'floor_send', p99=10)]
    assert figure('F5', row('steady', 'natter_durable', p99=11.9), *steady).is_reached is True
    assert figure('F5', row('steady', 'natter_durable', p99=12.1), *steady).is_reached is False


def what_is_missing_hides_no_failure():
    others = [row('stalled', name, deliveries=100) for name in ('floor_batch', 'ws')]
    assert figure('F4', row('stalled', 'natter', deliveries=90), *others).is_reached is False
    assert figure('F4', row('stalled', 'natter', deliveries=99), *others).is_reached is None


def a_torn_storm_is_not_reached():
    upgrades = [row('upgrades', 'natter', opened=20), row('upgrades', 'uwebsockets', opened=19)]
    storm = row('storm', 'natter_durable', **{'disk-reads': 0, 'back-all': 900})
    assert figure('F8', storm, *upgrades).is_reached is True
    storm['report']['ledger']['gaps'] = 1
    assert figure('F8', storm, *upgrades).is_reached is False
    storm['report']['ledger']['gaps'] = 0
    storm['figures']['disk-reads'] = 1
    assert figure('F8', storm, *upgrades).is_reached is False


def growth_is_flat_or_not():
    def sizes(values):
        return [row(size, name, cpu=cpu) for size, own in zip(figures.SIZES, values)
                for name, cpu in (('natter', own), ('floor_batch', 1.0))]
    assert figure('F10', *sizes((1.10, 1.12, 1.15, 1.11))).is_reached is True
    assert figure('F10', *sizes((1.10, 1.12, 1.16, 1.11))).is_reached is False


def an_unclean_row_is_marked():
    scenario = next(item for item in SCENARIOS if item.name == 'burst')
    values = dict.fromkeys(scenario.columns, 1.0)
    lines = table.table_of(scenario, results_of(row('burst', 'natter', is_clean=False, **values)), ['natter'])
    assert lines[1][-1] == 'NOT CLEAN'
    assert 'Not clean' in page.page_of(results_of(row('burst', 'natter', is_clean=False, **values)), ['natter'], {})


def a_file_keeps_what_was_put_into_it():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, 'results.json')
        made = results_of(row('burst', 'natter', cpu=1.5), row('log', 'redis', acks=7))
        kept.save(path, made)
        assert kept.load(path) == made
        assert os.listdir(folder) == ['results.json']


def what_is_there_is_not_measured_again():
    arguments = argparse.Namespace(rounds=2, scenario=['log'], server=['natter_durable', 'redis'], duration=4, warmup=1)
    groups = list(plan.groups_of(arguments, SCENARIOS, load_servers()))
    assert [(group.number, group.names) for group in groups] == [(0, ('natter_durable', 'redis')),
                                                                (1, ('natter_durable', 'redis'))]
    half = results_of(row('log', 'natter_durable', 0), row('log', 'redis', 0), row('log', 'redis', 1))
    assert [plan.is_done(group, half) for group in groups] == [True, False]
    assert plan.seconds_of(groups[0], arguments) > 10


def nobody_is_asked_for_what_he_has_not():
    servers = load_servers()
    names = {scenario.name: [name for name in servers if name in scenario.servers
                             and plan.takes_part(scenario, servers[name])] for scenario in SCENARIOS}
    assert names['rooms-paced'] == ['natter', 'floor_batch', 'uwebsockets']
    assert 'libwebsockets' in names['burst'] and 'redis' not in names['burst']
    assert names['log'] == ['natter_durable', 'redis', 'postgres', 'postgres_batch']
    assert all(set(scenario.servers) <= set(servers) for scenario in SCENARIOS)


def plots_are_svg_and_the_page_shows_them():
    rows = [row('burst', name, number, deliveries=value + number, cpu=value) for number in (0, 1)
            for name, value in (('natter', 5.0), ('ws', 1.0))]
    rows += [row(size, name, cpu=1.0) for size in figures.SIZES[:2] for name in ('natter', 'floor_batch')]
    made = results_of(*rows)
    drawn = pictures.draw_all(made, ['natter', 'ws'])
    assert set(drawn) == {'bench-deliveries.svg', 'bench-cpu.svg', 'bench-growth.svg'}
    for svg in drawn.values():
        assert xml.dom.minidom.parseString(svg).documentElement.tagName == 'svg'
    assert drawn['bench-deliveries.svg'].index('natter') < drawn['bench-deliveries.svg'].index('>ws<')
    text = page.page_of(made, ['natter', 'ws'], drawn)
    assert all(f'images/{name}' in text for name in drawn)
    assert all(len(re.findall(r'(?<!\\)\|', line)) in (3, 8, 9, 10) for line in text.splitlines()
               if line.startswith('|')), text


class FakeRedis:
    """Speaks as much of the protocol as the load needs, and forgets or repeats one message."""

    def __init__(self, fault):
        self.fault = fault
        self.entries = []
        self.change = threading.Condition()
        self.listener = socket.create_server(('127.0.0.1', 0), backlog=64)
        self.address = '127.0.0.1:%d' % self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                link, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(link,), daemon=True).start()

    def serve(self, link):
        with link, link.makefile('rb') as stream:
            for head in stream:
                words = []
                for _ in range(int(head[1:])):
                    words.append(stream.read(int(stream.readline()[1:]) + 2)[:-2])
                link.sendall(self.add(words[-1]) if words[0] == b'XADD' else self.read(words[-1]))

    def add(self, text):
        with self.change:
            self.entries.append(text)
            if len(self.entries) == 20 and self.fault == 'forgets':
                self.entries[-1] = self.entries[0]
            if len(self.entries) == 20 and self.fault == 'repeats':
                self.entries.append(text)
            self.change.notify_all()
            return b'$7\r\n%05d-0\r\n' % len(self.entries)

    def read(self, after):
        place = int(after.split(b'-')[0])
        with self.change:
            self.change.wait_for(lambda: len(self.entries) > place, SECONDS_MAX)
            found = list(enumerate(self.entries[place:], place + 1))
        answer = b'*1\r\n*2\r\n$4\r\nroom\r\n*%d\r\n' % len(found)
        for number, text in found:
            answer += b'*2\r\n$7\r\n%05d-0\r\n*2\r\n$1\r\nt\r\n$%d\r\n%s\r\n' % (number, len(text), text)
        return answer


def log_load(fault):
    redis = FakeRedis(fault)
    done = subprocess.run([os.path.join(BUILD, 'bench', 'log_load'), '--publishers', '3', '--window', '2', '--readers',
                           '2', '--warmup', '0', '--duration', '0.2', 'redis', redis.address], stdout=subprocess.PIPE,
                          timeout=SECONDS_MAX, check=True)
    redis.listener.close()
    return json.loads(done.stdout)


def the_load_for_redis_finds_what_is_lost_or_doubled():
    report = log_load(None)
    assert report['is_clean'] and report['acked'] == report['sent'] > 20, report
    assert report['ledger'] == {'received': 2 * report['acked'], 'faults': 0}, report
    for fault in ('forgets', 'repeats'):
        report = log_load(fault)
        assert not report['is_clean'] and report['ledger']['faults'] > 0, (fault, report)


def a_short_run_measures_and_is_clean():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, 'results.json')
        command = [os.path.join(ROOT, 'bench', 'run'), '--build', BUILD, '-s', 'small-paced', '-s', 'burst', '--server',
                   'natter', '--server', 'floor_batch', '--rounds', '1', '--duration', '0.3', '--warmup', '0.1',
                   '--append', path]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              timeout=SECONDS_MAX, check=False)
        assert done.returncode == 0, done.stdout
        rows = kept.load(path)['results']
        assert [(item['scenario'], item['server']) for item in rows] == [
            ('burst', 'natter'), ('burst', 'floor_batch'), ('small-paced', 'natter'), ('small-paced', 'floor_batch')]
        assert all(item['report']['ledger']['received'] > 0 for item in rows), rows
        assert all('natter_deliveries_total' in item['report']['metrics'] for item in rows[::2]), rows
        again = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                               timeout=SECONDS_MAX, check=False)
        assert again.returncode == 0 and 'round 1' not in again.stdout, again.stdout


def what_tls_costs_is_measured_beside_plain():
    command = [os.path.join(ROOT, 'bench', 'tls'), '--quick', '--build', BUILD, 'handshakes', 'memory']
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=SECONDS_MAX,
                          check=False)
    assert done.returncode == 0, done.stdout
    rows = [line.split('|')[1:-1] for line in done.stdout.splitlines() if line.startswith('| TLS ')]
    assert len(rows) == 4, done.stdout
    for label, full, _, resumed, _ in rows:
        assert float(full.replace(',', '')) > 0 and float(resumed.replace(',', '')) > 0, label
    memory = next(line.split('|') for line in done.stdout.splitlines() if 'idle connections' in line)
    plain, secure = (float(cell.replace(',', '')) for cell in memory[2:4])
    assert secure > plain, memory


CASES = [a_ratio_is_of_one_round, what_was_not_measured_is_not_reached, each_bound_has_two_sides,
         what_is_missing_hides_no_failure, a_torn_storm_is_not_reached, growth_is_flat_or_not, an_unclean_row_is_marked,
         a_file_keeps_what_was_put_into_it, what_is_there_is_not_measured_again, nobody_is_asked_for_what_he_has_not,
         plots_are_svg_and_the_page_shows_them, the_load_for_redis_finds_what_is_lost_or_doubled,
         a_short_run_measures_and_is_clean, what_tls_costs_is_measured_beside_plain]


def main():
    failed = 0
    print(f'1..{len(CASES)}')
    for number, case in enumerate(CASES, 1):
        try:
            case()
            print(f'ok {number} - {case.__name__}', flush=True)
        except Exception as error:  # pylint: disable=broad-except (whatever it is, it is the case's failure)
            failed += 1
            print(f'not ok {number} - {case.__name__}\n# {type(error).__name__}: {error}', flush=True)
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
