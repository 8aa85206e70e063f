// SPDX-License-Identifier: Apache-2.0
// Every limit has an answer.
import { assert, equal, test, until } from './lib/harness.mjs';
import { Client, enter } from './lib/client.mjs';
import { get } from './lib/server.mjs';

test('too fast is told with a time to wait, ignored it ends with 1008', async (context) => {
    const server = await context.server();
    const calm = await enter(server, 'lobby');
    const flood = await enter(server, 'lobby');
    for (let i = 0; i < 3000 && !flood.closed; i++)
        flood.send({ type: 'send', room: 'lobby', text: `f${i}`, key: `f${i}` });
    const error = await flood.wait((frame) => frame.type === 'error' && frame.code === 'rate_limited', 'rate_limited');
    assert(error.retry_after > 0, 'retry_after');
    await until(() => flood.closed, 'closed');
    equal(flood.closed.code, 1008, 'code');
    equal((await calm.say('lobby', 'unhurried')).type, 'ack', 'others go on');
    await calm.close();
});

test('connections over the limits are answered 503 and 429', async (context) => {
    const all = await context.server(['--connections-max', '3']);
    const clients = [];
    for (let i = 0; i < 3; i++) clients.push(await new Client(all.ws).opened());
    const late = new Client(all.ws);
    await late.opened().catch(() => {});
    equal(late.refused?.status, 503, 'in all');
    for (const client of clients) await client.close();
    await until(async () => (await get(`${all.url}/livez`)).status === 200, 'room again');
    const each = await context.server(['--connections-per-address-max', '2']);
    const two = [await new Client(each.ws).opened(), await new Client(each.ws).opened()];
    const third = new Client(each.ws);
    await third.opened().catch(() => {});
    equal(third.refused?.status, 429, 'per address');
    for (const client of two) await client.close();
});

/** One who comes to a crowded server: tries, and comes back when told. Notes each moment at which it was let in. */
async function comeBack(server, came, refused) {
    for (;;) {
        const client = new Client(server.ws);
        if (await client.opened().then(() => true, () => false)) {
            came.push(performance.now());
            return client;
        }
        const { status, headers } = client.refused ?? {};
        const retry_ms = Number(headers?.['retry-after-ms']);
        refused.push({ status, retry_ms, retry_s: Number(headers?.['retry-after']) });
        await new Promise((resolve) => setTimeout(resolve, retry_ms));
    }
}

test('a storm of connects stays within its rate, and everybody is told when to come back', async (context) => {
    const [RATE, BURST, CLIENTS] = [100, 20, 200];
    const server = await context.server(['--connections-upgrade-rate', `${RATE}/${BURST}`]);
    const came = [], refused = [];
    const began = performance.now();
    const clients = await Promise.all(Array.from({ length: CLIENTS }, () => comeBack(server, came, refused)));
    equal(came.length, CLIENTS, 'in the end all are in');
    // The server let each of them in before we heard of it, so this holds however slow the machine is.
    came.forEach((moment, index) => {
        const most = BURST + ((moment - began) * RATE) / 1000 + 2;
        assert(index + 1 <= most, `${index + 1} were in after ${moment - began} ms`);
    });
    assert(refused.length > 0, 'not all at once');
    for (const { status, retry_ms, retry_s } of refused) {
        equal(status, 503, 'the status');
        assert(retry_ms > 0 && retry_ms <= 60001 && retry_s === Math.ceil(retry_ms / 1000), `${retry_ms} ${retry_s}`);
    }
    const metrics = await server.metrics();
    equal(metrics.get('natter_upgrades_put_off_total'), refused.length, 'natter_upgrades_put_off_total');
    equal(metrics.get('natter_upgrades_total'), CLIENTS, 'natter_upgrades_total');
    for (const client of clients) await client.close();
});

test('a script that is not told why an upgrade failed can ask when to come back', async (context) => {
    const server = await context.server(['--connections-upgrade-rate', '0.01/1']);
    equal((await get(`${server.url}/ws`)).status, 426, 'while there is room');
    const first = await new Client(server.ws).opened();
    const asked = await get(`${server.url}/ws`);
    equal(asked.status, 503, 'when there is none');
    assert(Number(asked.headers['retry-after-ms']) > 0, 'Retry-After-Ms');
    equal((await get(`${server.url}/livez`)).status, 200, 'all else is answered');
    await first.close();
});

test(
    'a reader that never reads is closed, and nobody else notices',
    async (context) => {
        const server = await context.server(['--limits', 'off', '--connection-write-time', '1s']);
        const slow = await enter(server, '~busy');
        const quick = await enter(server, '~busy');
        slow.socket._socket.pause();
        const text = 'x'.repeat(8000);
        let sent = 0;
        const ended = async () => (await server.metrics()).get('natter_ended_total{reason="slow"}') === 1;
        await until(
            async () => {
                for (let i = 0; i < 50; i++) quick.send({ type: 'send', room: '~busy', text, key: `k${++sent}` });
                await until(() => quick.messages('~busy').length === sent, `${sent} messages at the quick one`);
                return ended();
            },
            'the slow one is closed',
            60,
        );
        quick.messages('~busy').forEach((message, i) => equal(message.seq, i + 1, 'the quick one sees all in order'));
        slow.socket.terminate();
        await quick.close();
    },
    { seconds: 90 },
);

test('a silent connection is pinged and kept, a dead one ends with 4109', async (context) => {
    const server = await context.server(['--connection-heartbeat', '1s']);
    const alive = await enter(server, 'lobby');
    const dead = new Client(server.ws, {});
    await dead.opened();
    dead.socket._receiver.removeAllListeners('ping');
    let pings = 0;
    alive.socket.on('ping', () => pings++);
    await until(() => dead.closed, 'the dead one is closed');
    equal(dead.closed.code, 4109, 'code');
    await until(() => pings >= 2, 'pings');
    equal((await alive.say('lobby', 'alive')).type, 'ack', 'alive');
    await alive.close();
});
