// SPDX-License-Identifier: Apache-2.0
// Frames that cost the sender nothing: pings, pongs, empty messages, fragments without end, closes.
import { assert, equal, test, until } from '../e2e/lib/harness.mjs';
import { ended } from './lib/faulty_server.mjs';
import { compareDelays } from './lib/measure.mjs';
import { CLOSE, CONTINUATION, frame, PING, PONG, TEXT, walkIn } from './lib/raw.mjs';

const FRAMES = 64;
const repeat = (bytes) => Buffer.concat(Array(FRAMES).fill(bytes));

/** What is sent, first and then again and again, and how the connection must end. */
const FLOODS = [
    { name: 'pings', again: repeat(frame(PING, 'x'.repeat(125))), reason: 'policy' },
    { name: 'pongs nobody asked for', again: repeat(frame(PONG)), reason: 'policy' },
    { name: 'empty messages', again: repeat(frame(TEXT)), reason: 'policy' },
    {
        name: 'fragments without end',
        first: frame(TEXT, 'a', false),
        again: repeat(frame(CONTINUATION, '', false)),
        reason: 'policy',
    },
    { name: 'lines of text', again: repeat(frame(TEXT, 'hello')), reason: 'policy' },
    { name: 'closes', again: repeat(frame(CLOSE, Buffer.from([0x03, 0xe8]))), reason: 'peer_closed' },
];

/** Writes until the server ends it. It reads nothing of the answers in half of the cases. */
async function pour(server, flood, isReading) {
    const raw = await walkIn(server, '~flooded', { localAddress: '127.0.0.9' });
    if (!isReading) raw.socket.pause();
    if (flood.first) raw.write(flood.first);
    await until(
        () => {
            if (raw.socket.writableLength < 1024 * 1024) raw.write(flood.again);
            return raw.isEnded || raw.error;
        },
        `the flood of ${flood.name} is ended`,
        40,
    );
    raw.reset();
    await until(() => raw.isEnded, 'ended here');
}

test('floods of frames that cost nothing are ended, and leave nothing behind', async (context) => {
    const server = await context.server(['--connection-write-time', '1s', '--connection-close-time', '1s']);
    const count = context.isLong ? 40 : 4;
    const load = async () => {
        for (const flood of FLOODS) {
            const before = await ended(server, flood.reason);
            await Promise.all(Array.from({ length: count }, (_, i) => pour(server, flood, i % 2 === 0)));
            const isCounted = async () => (await ended(server, flood.reason)) - before >= Math.ceil(count / 2);
            await until(isCounted, `a flood of ${flood.name} is counted as ${flood.reason}`);
        }
    };
    await context.plateau(server, load);
    const metrics = await server.metrics();
    assert(metrics.get('natter_ended_total{reason="internal"}') === 0, 'no accident');
    equal(metrics.get('natter_outbox_overflows_total'), 0, 'answers that piled up');
});

test('floods of pings beside a normal client do not delay it', async (context) => {
    const server = await context.server(['--rate-send', '60000/60000', '--rate-address', '60000/60000']);
    await compareDelays(context, server, 'floods of pings', async () => {
        let isOver = false;
        const pourers = Array.from({ length: 4 }, async () => {
            while (!isOver) await pour(server, FLOODS[0], true);
        });
        return async () => {
            isOver = true;
            await Promise.all(pourers);
        };
    });
});
