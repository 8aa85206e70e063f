// SPDX-License-Identifier: Apache-2.0
// More connections than there may be: descriptors run out, one address floods, sockets open and are reset.
import { assert, equal, test, until } from '../e2e/lib/harness.mjs';
import { cpuSeconds, descriptors, ended, sumOf } from './lib/faulty_server.mjs';
import { lineIn } from './lib/line.mjs';
import { compareDelays } from './lib/measure.mjs';
import { Raw } from './lib/raw.mjs';
import { pause } from './lib/worker.mjs';
import { need } from './lib/world.mjs';

const SPARE_DESCRIPTORS = 30;

test('descriptors that run out while it serves pause accepting, cost no CPU, and come back', async (context) => {
    const server = await context.server(['--limits', 'off']);
    const first = await lineIn(server.ws, 'first', { localAddress: '127.0.0.2' });
    const say = (key) => first.ask({ type: 'send', room: 'first', text: 'still served', key });
    for (let times = 0; times < 3; times++) {
        const limit = descriptors(server) + SPARE_DESCRIPTORS;
        await need('prlimit', ['--pid', String(server.child.pid), `--nofile=${limit}:`], 'no prlimit');
        const crowd = Array.from({ length: 4 * SPARE_DESCRIPTORS }, () => new Raw(server));
        const pauses = async () => (await first.ask({ type: 'ping' })) && descriptors(server) >= limit;
        await until(pauses, 'no descriptor is left');
        const before = cpuSeconds(server);
        const started = performance.now();
        equal((await say(`full-${times}`)).type, 'ack', 'service while no descriptor is left');
        await pause(500);
        const share = (cpuSeconds(server) - before) / ((performance.now() - started) / 1000);
        assert(share < 0.5, `it spins: ${Math.round(share * 100)} % of a core`);
        for (const raw of crowd) raw.reset();
        await until(async () => descriptors(server) < limit - 5, 'descriptors come back');
        const late = await lineIn(server.ws, 'first');
        await late.end();
    }
    const metrics = await server.metrics();
    assert(metrics.get('natter_accept_pauses_total') > 0, 'pauses are counted');
    equal((await say('after')).type, 'ack', 'service afterwards');
    await first.end();
});

/** Opens many, from one address, keeps them until `release`. */
function flood(server, count, localAddress) {
    return Array.from({ length: count }, () => new Raw(server, { localAddress }));
}

test('a flood of connections from one address is refused, and others are served', async (context) => {
    const limit = 50;
    const count = context.isLong ? 4000 : 600;
    const rates = ['--rate-send', '60000/60000', '--rate-address', '60000/60000'];
    const server = await context.server(['--connections-per-address-max', String(limit), ...rates]);
    let refused = 0;
    const load = async () => {
        const crowd = flood(server, count, '127.0.0.9');
        for (const raw of crowd) raw.write('GET /livez HTTP/1.1\r\nHost: x\r\n\r\n');
        const isAnswered = (raw) => raw.status > 0 || raw.isEnded;
        await until(() => crowd.every(isAnswered), 'each is answered or cut off', 30);
        const other = await lineIn(server.ws, 'others', { localAddress: '127.0.0.2' });
        const said = await other.ask({ type: 'send', room: 'others', text: 'hi', key: `k${Math.random()}` });
        equal(said.type, 'ack', 'others');
        await other.end();
        const kept = crowd.filter((raw) => raw.status === 200 && !raw.isEnded).length;
        assert(kept <= limit, `${kept} are served`);
        refused = crowd.filter((raw) => raw.status === 429).length;
        for (const raw of crowd) raw.reset();
        await until(() => crowd.every((raw) => raw.isEnded), 'the crowd is gone');
    };
    await context.plateau(server, load);
    context.note(`${count} connections from one address: ${refused} told 429, at most ${limit} served`);
    await compareDelays(context, server, 'a flood from one address', async () => {
        let isOver = false;
        const waves = (async () => {
            while (!isOver) {
                const crowd = flood(server, 40, '127.0.0.9');
                await until(() => crowd.every((raw) => raw.socket.readyState === 'open' || raw.isEnded), 'connected');
                for (const raw of crowd) raw.reset();
                await pause(5);
            }
        })();
        return async () => {
            isOver = true;
            await waves;
        };
    });
});

test('sockets that are reset in every state leave nothing behind', async (context) => {
    const server = await context.server(['--limits', 'off']);
    const heads = [
        '',
        'GET /ws',
        'GET /livez HTTP/1.1\r\nHost: x\r\n\r\n',
        'POST /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nabc',
        'GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
            'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    ];
    const count = context.isLong ? 3000 : 500;
    const load = async () => {
        const crowd = flood(server, count, '127.0.0.1');
        await until(() => crowd.every((raw) => raw.socket.readyState === 'open' || raw.isEnded), 'connected', 30);
        crowd.forEach((raw, i) => raw.write(heads[i % heads.length]));
        await pause(Math.random() * 50);
        for (const raw of crowd) raw.reset();
    };
    await context.plateau(server, load);
    await until(async () => sumOf(await server.metrics(), 'natter_connections{') === 0, 'nobody is left');
    assert((await ended(server, 'peer_reset')) > 0, 'resets are counted');
});
