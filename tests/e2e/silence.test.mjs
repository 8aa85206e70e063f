// SPDX-License-Identifier: Apache-2.0
// The heartbeat learns: behind a proxy that cuts silent connections sooner than it pings, natter finds that out and
// pings in time. The proxy is the test's own; in earnest such limits are 20 to 120 s, here a second.
import { once } from 'node:events';
import net from 'node:net';

import { Client, enter } from './lib/client.mjs';
import { assert, equal, test, until } from './lib/harness.mjs';
import { get } from './lib/server.mjs';

const CUT_MS = 1000;
const FLAGS = ['--shards', '1', '--connection-heartbeat', '25s', '--connection-heartbeat-floor', '200ms',
    '--notices-look', '100ms'];

/** Passes bytes on, and cuts what has been silent in both directions for `cutMs`: with a FIN, or by forgetting it. */
class Proxy {
    constructor(port, forgets = false) {
        this.cuts = 0;
        this.sockets = new Set();
        this.server = net.createServer((near) => {
            const far = net.connect(port, '127.0.0.1');
            let timer = null;
            let isGone = false;
            const cut = () => {
                this.cuts += 1;
                isGone = true;
                if (!forgets) far.end(() => near.destroy());
            };
            const wake = () => {
                clearTimeout(timer);
                timer = setTimeout(cut, CUT_MS);
            };
            for (const [from, to] of [[near, far], [far, near]]) {
                this.sockets.add(from);
                from.on('error', () => {});
                from.on('close', () => {
                    clearTimeout(timer);
                    to.destroy();
                });
                from.on('data', (bytes) => {
                    if (isGone) return;
                    wake();
                    to.write(bytes);
                });
            }
            wake();
        });
    }

    async start() {
        this.server.listen(0, '127.0.0.1');
        await once(this.server, 'listening');
        return `ws://127.0.0.1:${this.server.address().port}/ws`;
    }

    stop() {
        for (const socket of this.sockets) socket.destroy();
        this.server.close();
    }
}

async function openSeveral(url, count, options = {}) {
    const clients = Array.from({ length: count }, () => new Client(url, options));
    for (const client of clients) await client.opened();
    for (const client of clients) await client.wait('welcome');
    return clients;
}

/** It outlives several of the proxy's limits, on pings alone. */
async function livesOn(url, options = {}) {
    const [client] = await openSeveral(url, 1, options);
    let pings = 0;
    client.socket.on('ping', () => pings++);
    await until(() => pings >= 5 || client.closed, 'five pings, or the end');
    assert(!client.closed, 'still open');
    await client.close();
}

/** Which path it is, and after how long it cuts: in the API, the metrics and the log. */
async function isShown(server, path, seconds) {
    const address = path === 'proxy' ? '127.0.0.1' : '127.0.0.0/24';
    const operator = `http://127.0.0.1:${server.opsPort}/api/v1`;
    const { paths } = JSON.parse((await get(`${operator}/paths`)).body);
    const found = paths.find((row) => row.path === path);
    equal([found.address, found.ping_every_ms], [address, seconds * 1000], 'the path');
    assert(found.cuts_after_ms >= CUT_MS - 50 && found.cuts_after_ms < 2 * CUT_MS, `cuts: ${found.cuts_after_ms} ms`);
    const notice = await until(async () => {
        const { notices } = JSON.parse((await get(`${operator}/notices`)).body);
        return notices.find((row) => row.notice === 'silence_cut');
    }, 'it is noticed');
    equal([notice.level, notice.cuts_after_ms], ['fault', found.cuts_after_ms], 'the notice');
    assert(notice.detail.startsWith(`${address} cuts after`), notice.detail);
    const metrics = await server.metrics();
    const labels = `{path="${path}",address="${address}"}`;
    equal(metrics.get(`natter_silence_path_heartbeat_seconds${labels}`), seconds, 'the metric of the path');
    equal(metrics.get('natter_notice{notice="silence_cut",level="fault"}'), 1, 'the metric of the notice');
    assert(server.lines.some((text) => text.includes('"notice":"silence_cut"')), 'the log');
}

for (const [name, flags, options, path] of [
    ['a proxy of strangers', [], {}, 'clients'],
    ['a trusted proxy', ['--trusted-proxies', '127.0.0.1'], { headers: { 'X-Forwarded-For': '192.0.2.1' } }, 'proxy'],
]) {
    test(`${name} that cuts silence is pinged in time, once that is known`, async (context) => {
        const server = await context.server([...FLAGS, ...flags]);
        const proxy = new Proxy(server.port);
        const url = await proxy.start();
        const first = await openSeveral(url, 5, options);
        // The fourth teaches it: the fifth may be cut at the same time, or be pinged just in time.
        await until(() => first.filter((client) => client.closed).length >= 4, 'they are cut');
        await until(async () => (await server.metrics()).get('natter_silence_paths') >= 1, 'it is learned');
        const metrics = await server.metrics();
        const seconds = metrics.get('natter_silence_heartbeat_seconds{shard="0"}');
        assert(seconds >= 0.2 && seconds < 1.5, `the learned heartbeat is shown: ${seconds} s`);
        assert(metrics.get('natter_silence_cuts_total') >= 4, 'evidence is counted');
        const line = server.lines.map((text) => JSON.parse(text)).find((row) => row.event === 'silence.learned');
        equal([line.path, line.read], [path, 'docs/design/heartbeat.md'], 'the log says so');
        await isShown(server, path, seconds);
        await livesOn(url, options);
        for (const client of first) client.socket.terminate();
        proxy.stop();
    });
}

test('where silence makes a path forget, unanswered pings shorten the heartbeat', async (context) => {
    const server = await context.server([...FLAGS.slice(0, 2), '--connection-heartbeat', '1500ms',
        '--connection-heartbeat-floor', '200ms']);
    const proxy = new Proxy(server.port, true);
    const url = await proxy.start();
    const lost = await openSeveral(url, 5);
    await until(async () => (await server.metrics()).get('natter_silence_paths') >= 1, 'it is learned');
    equal((await server.metrics()).get('natter_silence_heartbeat_seconds{shard="0"}'), 0.75, 'half of it is tried');
    await livesOn(url);
    for (const client of lost) client.socket.terminate();
    proxy.stop();
});

test('ends in silence at any age teach nothing, and whoever lives on speaks against them', async (context) => {
    const server = await context.server([...FLAGS.slice(0, 2), '--connection-heartbeat', '400ms',
        '--connection-heartbeat-floor', '50ms']);
    const steady = await enter(server, 'lobby');
    let pings = 0;
    steady.socket.on('ping', () => pings++);
    for (let i = 0; i < 3; i++) {
        const [client] = await openSeveral(server.ws, 1);
        client.socket.terminate();
        const before = pings;
        await until(() => pings >= before + 2, 'the steady one outlives it');
    }
    equal((await server.metrics()).get('natter_silence_paths'), 0, 'nothing is learned');
    equal((await get(`${server.url}/livez`)).status, 200, 'it lives');
    await steady.close();
});
