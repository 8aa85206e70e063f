// SPDX-License-Identifier: Apache-2.0
// Signals and clocks: what operators, machines that sleep and time servers do to a process.
import { assert, equal, test, until } from '../e2e/lib/harness.mjs';
import { Book } from './lib/book.mjs';
import { ended } from './lib/faulty_server.mjs';
import { lineIn, welcomedLine } from './lib/line.mjs';
import { pause, Worker } from './lib/worker.mjs';

const HEARTBEAT_MS = 400;

test('stopped for longer than two heartbeats, it goes on with everybody who was there', async (context) => {
    const server = await context.server(['--limits', 'off', '--connection-heartbeat', `${HEARTBEAT_MS}ms`]);
    const book = new Book(['stopped']);
    const workers = [0, 1, 2].map((i) => new Worker(server, book, `s${i}`, ['stopped'], { pace_ms: 10 }));
    const idle = await Promise.all(Array.from({ length: 50 }, () => lineIn(server.ws, 'stopped')));
    for (let times = 0; times < 3; times++) {
        await until(() => book.acked > 20 * (times + 1), 'traffic');
        server.child.kill('SIGSTOP');
        await pause(HEARTBEAT_MS * (2.2 + times));
        server.child.kill('SIGCONT');
        await Promise.all(idle.map((line) => line.isClosed || line.ask({ type: 'ping' })));
        equal(await ended(server, 'heartbeat'), 0, 'ended for a silence that was our own');
    }
    equal(idle.filter((line) => line.isClosed).length, 0, 'thrown out');
    for (const line of idle) line.socket.terminate();
    await Promise.all(workers.map((worker) => worker.stop()));
    equal(workers.map((worker) => worker.sessions), [1, 1, 1], 'sessions of the senders');
    await book.compare(server);
});

test('the wall clock set back and forth moves no deadline, and time in a room never falls', async (context) => {
    const server = await context.server(['--limits', 'off', '--connection-heartbeat', '500ms'], { isFaulty: true });
    const book = new Book(['clock']);
    const workers = [0, 1, 2].map((i) => new Worker(server, book, `t${i}`, ['clock'], { pace_ms: 5 }));
    const witness = await lineIn(server.ws, 'clock');
    let at = 0;
    let falls = 0;
    witness.socket.on('message', (data) => {
        const frame = JSON.parse(data.toString());
        if (!frame.seq || !frame.at || frame.type === 'ack') return;
        if (frame.at < at) falls++;
        at = frame.at;
    });
    const early = await welcomedLine(server.ws);
    const HOUR_MS = 3600 * 1000;
    for (const ahead_ms of [-1500, -24 * HOUR_MS, 0, 30 * 24 * HOUR_MS, -100 * 24 * HOUR_MS, 0]) {
        equal(await server.order(`clock ${ahead_ms}`), 'set', 'the clock');
        const goal = book.acked + 30;
        await until(() => book.acked >= goal || workers.some((worker) => worker.problem), 'traffic goes on');
        for (const worker of workers) worker.line.reset(); // and comes back, with a token from another time
        const again = await welcomedLine(server.ws, { token: early.welcome.token });
        equal(again.welcome.user.id, early.welcome.user.id, `the same user, ${ahead_ms} ms ahead`);
        await again.end();
    }
    await pause(1200); // two heartbeats
    assert(!witness.isClosed && !early.isClosed, 'nobody was thrown out');
    equal(falls, 0, 'how often time fell in the room');
    await Promise.all(workers.map((worker) => worker.stop()));
    for (const line of [witness, early]) await line.end();
    await book.compare(server);
});

test('SIGTERM twice under load leaves at once, and nothing acknowledged is lost', async (context) => {
    const server = await context.server(['--limits', 'off', '--drain-time', '60s']);
    const book = new Book(['twice']);
    const workers = Array.from({ length: 6 }, (_, i) => new Worker(server, book, `u${i}`, ['twice']));
    for (let times = 0; times < 3; times++) {
        const goal = book.acked + 100;
        await until(() => book.acked >= goal || workers.some((worker) => worker.problem), 'traffic');
        const deaf = await lineIn(server.ws, 'twice');
        deaf.socket._socket.pause(); // it will not answer the Close, and would be waited for
        server.child.kill('SIGTERM');
        await until(() => server.lines.some((line) => line.includes('server.draining')), 'it drains');
        server.child.kill('SIGTERM');
        const exit = await server.ended;
        equal([exit.code, exit.signal], [0, null], 'how it ended');
        deaf.socket.terminate();
        await book.compare(server);
        server.lines.length = 0;
        await server.start();
    }
    await Promise.all(workers.map((worker) => worker.stop()));
    await book.compare(server);
});

test('SIGTERM in the middle of a storm of connections ends cleanly and loses nothing', async (context) => {
    const server = await context.server(['--limits', 'off', '--drain-time', '5s']);
    const book = new Book(['storm']);
    const workers = Array.from({ length: 4 }, (_, i) => new Worker(server, book, `v${i}`, ['storm']));
    const count = context.isLong ? 1500 : 300;
    for (let times = 0; times < 3; times++) {
        const goal = book.acked + 50;
        await until(() => book.acked >= goal || workers.some((worker) => worker.problem), 'traffic');
        let entered = 0;
        const arrive = () => lineIn(server.ws, 'storm').then((line) => (entered++, line));
        const storm = [];
        const wave = () => storm.push(...Array.from({ length: 25 }, () => arrive().catch((error) => error)));
        const waves = setInterval(() => storm.length < count && wave(), 2);
        await until(() => entered >= (count * (1 + times)) / 5, 'some are in');
        const exit = await server.stop();
        clearInterval(waves);
        equal([exit.code, exit.signal], [0, null], 'how it ended');
        const came = (await Promise.all(storm)).filter((line) => line.welcome);
        await Promise.all(came.map((line) => line.closed));
        context.note(`${came.length} of ${storm.length} came in, the others met its end`);
        await server.start();
    }
    await Promise.all(workers.map((worker) => worker.stop()));
    await book.compare(server);
});
