# SPDX-License-Identifier: Apache-2.0
"""docs/benchmarks.md."""
from lib import figures, table
from lib.results import rows_of
from scenarios import SCENARIOS

HEAD = """# Benchmarks

Made by `bench/report`; do not edit it by hand. [Measure](howto/measure.md) tells how to repeat it and how to read
it.

Every figure here comes from one run in which natter, two bare floors and the peers took turns. A fresh server is
started for each measurement, pinned to one core; one load generator, `natter bench`, drives all of them from the
other core and checks that each subscriber got each message once and in order. Shown are medians of the rounds, the
least and the greatest behind them in brackets; ratios are formed within a round. Rows where natter is not the best
stay in.

The **floors** are the same bare epoll program (`bench/floor.c`) that does nothing but send ready bytes: *floor
batch* makes one system call per subscriber for all that came in a turn of its loop, *floor send* one per subscriber
and message. They know no users, no JSON, no limits and no log. They and natter ask for the same send buffer of 64
KiB; the peers keep their own defaults, which is what people run.
"""

FAIRNESS = """## What is compared with what

- A message of natter carries its room, number, time, sender and key, so a text of 128 bytes is a frame of about
  307; the peers broadcast the 128 bytes as they came. In *burst*, *large* and *steady* that is left so, to the
  peers' advantage. The scenarios called *paced* give all servers frames of the same size, and let a message count
  as delivered only when every subscriber has it, so that all gather the same batches.
- *burst* and *large* let the sender go on when its own copy is back. Servers that serve their subscribers in
  slices, as natter does, then gather more per call. That is a fair gain under load, but no gain of the code itself:
  the paced scenarios show that one.
- The peers' programs (`bench/peers/`) are short and follow each project's own advice. Where a faster way than the
  advised one is known, it has a row of its own (`libwebsockets_direct`); where the shipped example trades message
  borders for speed, it has one too (`gorilla_shipped`). Logging is off everywhere.
- The peers store nothing. natter's ephemeral rooms (`natter`) are the like of them; `natter_durable` commits every
  message before anyone sees it.
- In *log*, Redis runs with `appendfsync always` and four readers, PostgreSQL with `synchronous_commit=on`, nobody
  reading and no look-up of keys. natter hands each message to all 68 connections as well.
- CPU time is what the kernel charges to the process. What the network stack does in soft interrupts is not in it, for
  any server; deliveries/s show the whole.
- In *cores* server and load share both cores, so what two shards can win is bounded by what the load generator
  takes; the CPU time per delivery tells what the shards themselves would do with two cores of their own.
"""


def machine_lines(results):
    about = results['machine']
    rounds = 1 + max((row['round'] for row in results['results']), default=0)
    return [f'- Machine: {about["processor"]}, {about["cores"]} cores, {about.get("memory_gib", "?")} GiB; '
            f'{about.get("distribution", "")}, {about["system"]}.',
            f'- When: {results["begun"]} to {results["ended"]}; {rounds} rounds, {results["duration"]:g} s measured '
            f'after {results["warmup"]:g} s of load.',
            '- Kernel: loopback TCP, no TLS.']


def verdict_lines(results):
    if all(row['report']['is_clean'] for row in results['results']):
        return [f'In all {len(results["results"])} measurements every delivery came once and in order.']
    return ['**Not clean**, so that a delivery was missing, double or out of order, or a connection was ended: '
            + ', '.join(sorted({f'{row["server"]} in {row["scenario"]}' for row in results['results']
                                if not row['report']['is_clean']})) + '.']


def figure_table(results):
    lines = ['| | measure | wanted | natter | floor | peers | |', '| --- | --- | --- | --- | --- | --- | --- |']
    notes = []
    for figure in figures.all_figures(results):
        peers = '; '.join(f'{name} {value}' for name, value in figure.peers.items()) or '–'
        verdict = figure.verdict if figure.is_reached else f'**{figure.verdict}**'
        lines.append(f'| {figure.name} | {figure.measure} | {figure.target} | **{figure.natter}** | {figure.floor} | '
                     f'{peers} | {verdict} |')
        if figure.note:
            notes.append(f'- {figure.name}: {figure.note}.')
    return lines + [''] + notes


def version_lines(results):
    lines = ['| server | version |', '| --- | --- |']
    return lines + [f'| {name} | {text} |' for name, text in results['versions'].items()]


def scenario_lines(results, order):
    lines = []
    for scenario in SCENARIOS:
        if not rows_of(results, scenario.name):
            continue
        command = 'natter bench ' + ' '.join(scenario.load)
        text = scenario.text[0].upper() + scenario.text[1:] + '.'
        lines += [f'### {scenario.name}', '', text, '', f'`{command}`', '',
                  table.as_markdown(table.table_of(scenario, results, order)), '']
    return lines


def repeat_lines():
    return ['```sh', 'make bench                                               # everything, about half an hour',
            'bench/run --quick                                        # one short round',
            'bench/run --append results.json --minutes 6              # in pieces: again until it says no more',
            'bench/report results.json                                # this page from it', '```', '',
            '`tools/setup --bench` installs the peers that Debian has. uWebSockets takes part where '
            '`NATTER_BENCH_UWEBSOCKETS` names a checkout of it with its submodules.', '',
            'Every measurement is in [benchmarks.json](benchmarks.json).']


def page_of(results, order, drawn):
    lines = [HEAD, *machine_lines(results), '', *verdict_lines(results), '', '## The ten figures', '',
             *figure_table(results), '']
    lines += [f'![{name[6:-4]}](images/{name})' for name in drawn]
    lines += ['', FAIRNESS, '## Versions', '', *version_lines(results), '', '## Every scenario', '',
              *scenario_lines(results, order), '## How to repeat it', '', *repeat_lines()]
    return '\n'.join(lines) + '\n'
