// SPDX-License-Identifier: Apache-2.0
// Metrics as they are documented: every one is seen to move somewhere in this suite, whose servers are all looked at
// before they end; and alert rules and dashboard speak of metrics that there are.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { assert, equal, test } from './lib/harness.mjs';
import { get, seenMetrics } from './lib/server.mjs';

const text = (name) => readFileSync(fileURLToPath(new URL(`../../${name}`, import.meta.url)), 'utf8');

/** Families that no test here can move, each with its reason. */
const still = {
    natter_accept_pauses: 'seen where descriptors run out, by a server that is looked at in its log',
    natter_build: 'a constant',
    natter_notice_evidence_unplaced: 'a table of peers must be full: tests/unit/ops/test_evidence.c fills it',
    natter_page_sockets_missing: 'a page must wait its time out without a socket: tests/unit/ops/test_evidence.c',
    natter_page_pleas: 'a page must be kept from its socket: tests/unit/ops/test_evidence.c',
    natter_silence_path_heartbeat_seconds: 'a path must cut silence: tests/e2e/silence.test.mjs, where it is learned',
    natter_silence_path_cut_seconds: 'as natter_silence_path_heartbeat_seconds',
    natter_commits_failed: 'the disk must fail: tests/faults/disk.test.mjs',
    natter_events_refused: 'the disk must fail: tests/faults/disk.test.mjs',
    natter_adopted: 'the disk must fail and come back: tests/faults/disk.test.mjs',
    natter_store_jobs_refused: 'four thousand reads must wait: the simulator does that',
    natter_busy: 'the queue of the store must be full: tests/faults/flood.test.mjs',
    natter_slow_batches: 'the disk must be slow: tests/unit/ops/test_watchdog.c tells of them',
    natter_slow_turns: 'a loop must be held up: tests/unit/net/test_shard.c does that',
    natter_tls_put_off: 'a storm of handshakes: tests/unit/net/test_conn_tls.c',
    natter_tokens_outdated: 'a token must be half a year old: tests/unit/chat/test_token.c',
    natter_checkpoints: 'the write-ahead log must grow by 64 MiB: tests/faults',
    natter_outbox_overflows: 'tests/unit/net/test_conn.c',
    natter_reading_paused: 'tests/unit/net/test_conn.c',
    natter_turn_at_work_seconds: 'a turn must last while somebody asks: tests/unit/ops/test_metrics.c',
    natter_feed_lapped: 'a reader must fall behind by a MiB: tests/faults/slow.test.mjs',
    natter_feed_lapped_events: 'as natter_feed_lapped',
    natter_writes_blocked: 'a socket must be full: tests/faults/slow.test.mjs',
    natter_feed_bytes: 'as natter_writes_blocked',
    natter_queue_letters: 'letters must wait while somebody asks: tests/unit/ops/test_metrics.c',
};

/** Families in the reference, with what their samples are called. */
function documented() {
    const rows = text('docs/reference/metrics.md').matchAll(/^\| `([a-z_0-9]+)(?:\{[a-z_,]*\})?` \| (\w+) \|/gm);
    return [...rows].map(([, name, type]) => ({ family: name.replace(/_total$|_info$/, ''), name, type }));
}

/** The names of samples that a family has. */
function samples({ name, type }) {
    return type === 'histogram' ? ['_bucket', '_sum', '_count'].map((end) => name + end) : [name];
}

// A part of the suite moves a part of the metrics: only the whole of it can say.
if (!process.argv.includes('--only')) {
    test('metrics: every one that is documented was seen to move', async () => {
        const families = documented();
        assert(families.length > 80 && seenMetrics.size > 100, `${families.length} and ${seenMetrics.size}`);
        const isMoved = ({ family, name, type }) =>
            [...seenMetrics].some(
                ([sample, value]) =>
                    value > 0 && sample.split('{')[0] === (type === 'histogram' ? `${name}_count` : name) && family,
            );
        const unmoved = families.filter((one) => !isMoved(one) && !still[one.family]).map(({ family }) => family);
        equal(unmoved, [], 'metrics that nothing in this suite moves, and that have no reason in this file');
        const names = new Set(families.map(({ family }) => family));
        equal(Object.keys(still).filter((family) => !names.has(family)), [], 'reasons of metrics that are no more');
    });
}

test('metrics: alert rules and dashboard name metrics that a server has', async (context) => {
    const server = await context.server();
    const families = documented();
    const there = new Set(families.flatMap(samples));
    const { body } = await get(`http://127.0.0.1:${server.opsPort}/metrics`);
    const real = [...body.matchAll(/^# TYPE (\S+)/gm)].map(([, family]) => family).sort();
    equal([...new Set(families.map(({ family }) => family))].sort(), real, 'what is documented is what a server has');
    const alerts = [...text('deploy/prometheus/alerts.yml').matchAll(/^ +expr: (.*)$/gm)].map(([, expr]) => expr);
    const board = JSON.parse(text('deploy/grafana/natter.json'));
    const panels = board.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
    assert(alerts.length >= 10 && panels.length >= 15, `${alerts.length} rules, ${panels.length} expressions`);
    equal(alerts.length, [...text('deploy/prometheus/alerts.yml').matchAll(/- alert: /g)].length, 'one line each');
    for (const expression of [...alerts, ...panels]) {
        const names = expression.match(/\b(natter|process)_[a-z_]+\b/g) ?? [];
        assert(names.length > 0, `a metric in ${expression}`);
        for (const name of names) assert(there.has(name), `${name} in ${expression}`);
        const open = expression.split('(').length;
        equal(expression.split(')').length, open, `brackets of ${expression}`);
    }
});
