// SPDX-License-Identifier: Apache-2.0
// Slow on purpose: requests that drip in, readers that never read, or a byte a second.
import { assert, equal, test, until } from '../e2e/lib/harness.mjs';
import { mebibytes } from './lib/context.mjs';
import { ended, residentBytes, sumOf } from './lib/faulty_server.mjs';
import { lineIn } from './lib/line.mjs';
import { compareDelays } from './lib/measure.mjs';
import { Raw, upgradeText, walkIn } from './lib/raw.mjs';
import { pause } from './lib/worker.mjs';
import { runProgram } from './lib/world.mjs';

const HEAD = `GET /ws HTTP/1.1\r\nHost: localhost\r\nX-Filler: ${'x'.repeat(8000)}`;
const BODY = `POST /livez HTTP/1.1\r\nHost: localhost\r\nContent-Length: 60000\r\n\r\n${'x'.repeat(8000)}`;

/** Each sends a byte of `text` every `every_ms`, after the first `at` bytes. */
function drip(server, count, text, at, every_ms) {
    const crowd = Array.from({ length: count }, () => new Raw(server, { localAddress: '127.0.0.9' }));
    for (const raw of crowd) raw.write(text.slice(0, at));
    const timer = setInterval(() => {
        const byte = text[at++ % text.length];
        for (const raw of crowd) if (!raw.isEnded) raw.write(byte);
    }, every_ms);
    return {
        crowd,
        end: () => {
            clearInterval(timer);
            for (const raw of crowd) raw.reset();
        },
    };
}

for (const [where, text, at] of [
    ['head', HEAD, 20],
    ['body', BODY, 60],
]) {
    test(`a slow-loris in the ${where} is answered 408, and delays nobody`, async (context) => {
        const count = context.isLong ? 3000 : 400;
        const server = await context.server(['--limits', 'off', '--connection-request-time', '1s']);
        const load = async () => {
            const before = await ended(server, 'request_timeout');
            const loris = drip(server, count, text, at, 100);
            const isOver = async () => loris.crowd.every((raw) => raw.isEnded || raw.status === 408);
            await until(isOver, 'each is answered 408 or ended', 30);
            const told = loris.crowd.filter((raw) => raw.status === 408).length;
            loris.end();
            await until(async () => sumOf(await server.metrics(), 'natter_connections{') === 0, 'all have ended');
            assert((await ended(server, 'request_timeout')) > before, 'counted as request_timeout');
            assert(told > count / 2, `${told} of ${count} are told 408`);
        };
        await context.plateau(server, load);
        await compareDelays(context, server, `${count} that drip in the ${where}`, async () => {
            const loris = drip(server, count, text, at, 100);
            const isThere = (raw) => raw.socket.readyState === 'open' || raw.isEnded;
            await until(() => loris.crowd.every(isThere), 'connected', 30);
            return async () => loris.end();
        });
    });
}

/** What the kernel holds for the server's sockets: written and unread, and not yet taken by the peer. */
async function kernelBytes(server) {
    const { stdout } = await runProgram('ss', ['-tmnH', 'state', 'established', `sport = :${server.port}`]);
    const sizes = [...stdout.matchAll(/skmem:\(r(\d+),rb\d+,t(\d+),tb\d+,f(\d+),w(\d+)/g)];
    return sizes.reduce((sum, [, r, t, f, w]) => sum + Number(r) + Number(t) + Number(f) + Number(w), 0);
}

test('readers that never read cost what they may, and are told or ended', async (context) => {
    const count = context.isLong ? 1000 : 100;
    const server = await context.server(['--limits', 'off', '--connection-write-time', '2s']);
    const load = async () => {
        const room = `~deaf-${Math.random()}`;
        const before = residentBytes(server);
        const deaf = await Promise.all(Array.from({ length: count }, () => walkIn(server, room)));
        for (const raw of deaf) raw.socket.pause();
        const speaker = await lineIn(server.ws, room, { localAddress: '127.0.0.2' });
        let seen = 0;
        speaker.socket.on('message', (data) => (seen += data.toString().includes('"message"') ? 1 : 0));
        const slow = await ended(server, 'slow');
        const text = 'x'.repeat(4000);
        let sent = 0;
        let most = 0;
        let kernel = 0;
        const isOver = async () => (await ended(server, 'slow')) - slow >= count;
        while (!(await isOver())) {
            for (let i = 0; i < 40; i++) {
                const answer = speaker.ask({ type: 'send', room, text, key: `k${++sent}` });
                if (i === 39) equal((await answer).type, 'ack', 'the speaker goes on');
                else answer.catch(() => {});
            }
            most = Math.max(most, residentBytes(server) - before);
            if (sent >= 400) kernel = Math.max(kernel, await kernelBytes(server));
            assert(sent < 100000, 'they are never ended');
        }
        await until(() => seen === sent, 'the speaker sees all of its own');
        await speaker.end();
        for (const raw of deaf) raw.reset();
        const each = (bytes) => `${(bytes / count / 1024).toFixed(1)} KiB`;
        context.note(`${count} that never read: ${each(most)} of the server and ${each(kernel)} of the kernel each`);
        if (kernel > 0) assert(kernel / count < 512 * 1024, `the kernel holds ${kernel} bytes`);
    };
    await context.plateau(server, load);
});

test('half of a room not reading costs the others nothing', async (context) => {
    const server = await context.server(['--limits', 'off']);
    const seconds = context.isLong ? 10 : 1;
    const bench = async (subscribers, stalled) => {
        const words = ['--json', '--quiet', '--warmup', '0.3', '--duration', String(seconds), '--stalled', stalled];
        const run = await runProgram(context.binary, ['bench', ...words, '--subscribers', subscribers, server.ws]);
        equal(run.status, 0, `natter bench with ${stalled} of ${subscribers} stalled: ${run.stderr}`);
        return JSON.parse(run.stdout);
    };
    const pairs = [];
    const turns = context.isLong ? 3 : 2;
    for (let turn = 0; turn < turns; turn++) pairs.push([await bench('20', '0'), await bench('40', '50%')]);
    const figures = pairs.map(([alone, beside]) => ({
        share: beside.deliveries_per_second / alone.deliveries_per_second,
        p99: beside.delay_ns.p99 / alone.delay_ns.p99,
    }));
    figures.sort((a, b) => b.share - a.share);
    const show = ({ share, p99 }) => `rate × ${share.toFixed(2)}, p99 × ${p99.toFixed(2)}`;
    context.note(`20 who read, beside 20 who do not against alone: ${figures.map(show).join('; ')}`);
    assert(figures[0].share > 0.6, `the others get less: ${figures.map(show).join('; ')}`);
    assert(Math.min(...figures.map((figure) => figure.p99)) < 3, `the others wait: ${figures.map(show).join('; ')}`);
});

test('readers of a byte a second are ended or skipped, and hold no memory', async (context) => {
    const count = context.isLong ? 300 : 30;
    const server = await context.server(['--limits', 'off', '--connection-write-time', '1s']);
    const room = '~dripping';
    const crowd = [];
    for (let i = 0; i < count; i++) {
        const raw = new Raw(server, { onread: { buffer: Buffer.alloc(1), callback: () => false } });
        await raw.connected();
        raw.write(upgradeText(`/ws?room=${room}`));
        crowd.push(raw);
    }
    const speaker = await lineIn(server.ws, room, { localAddress: '127.0.0.2' });
    await until(async () => (await speaker.ask({ type: 'who', room })).count === count + 1, 'all are in');
    const timer = setInterval(() => crowd.forEach((raw) => raw.isEnded || raw.socket.resume()), 1000);
    const before = residentBytes(server);
    let sent = 0;
    await until(
        async () => {
            const text = 'y'.repeat(3000);
            for (let i = 0; i < 50; i++) speaker.send({ type: 'send', room, text, key: `k${++sent}` });
            equal((await speaker.ask({ type: 'send', room, text: 'z', key: `k${++sent}` })).type, 'ack', 'it goes on');
            return (await ended(server, 'slow')) >= count;
        },
        'they are ended as slow',
        40,
    );
    clearInterval(timer);
    const grown = residentBytes(server) - before;
    assert(context.isSanitized || grown < 32 * 1024 * 1024, `${mebibytes(grown)} more than before`);
    context.note(`${count} readers of a byte a second beside ${sent} messages: ${mebibytes(Math.max(0, grown))} more`);
    for (const raw of crowd) raw.reset();
    await speaker.end();
    await pause(1);
});
