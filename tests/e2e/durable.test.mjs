// SPDX-License-Identifier: Apache-2.0
// P1 and P2: what was acknowledged is there, once and in order, whatever happens to the process.
import { assert, equal, test, until } from './lib/harness.mjs';
import { enter } from './lib/client.mjs';
import { Ledger, Persistent, history } from './lib/ledger.mjs';

test('everything is still there after a restart', async (context) => {
    const server = await context.server();
    const ada = await enter(server, 'lobby');
    for (const text of ['one', 'two', 'three']) await ada.say('lobby', text);
    await ada.close();
    equal((await server.stop()).code, 0, 'a clean end');
    await server.start();
    const back = await enter(server, 'lobby', {
        headers: { Authorization: `Bearer ${ada.welcome.token}` },
        join: { after: 1, epoch: ada.joined.epoch },
    });
    equal(back.welcome.user.id, ada.welcome.user.id, 'the same user');
    equal([back.joined.epoch === ada.joined.epoch, back.joined.truncated], [true, false], 'the same life of the log');
    equal(
        back.joined.events.map((event) => event.text),
        ['two', 'three'],
        'what was missed',
    );
    equal((await back.say('lobby', 'four')).seq, 4, 'seq goes on');
    await back.close();
});

test('SIGTERM says bye and 1001, and flushes the log', async (context) => {
    const server = await context.server();
    const ada = await enter(server, 'lobby');
    const { seq } = await ada.say('lobby', 'last words');
    const ending = server.stop();
    const bye = await ada.wait('bye');
    equal([bye.resume, typeof bye.retry_after], [true, 'number'], 'bye');
    await until(() => ada.closed, 'closed');
    equal(ada.closed.code, 1001, 'code');
    equal((await ending).code, 0, 'status');
    equal((await history(server, 'lobby')).at(-1).seq, seq, 'the last event');
});

test('SIGINT twice leaves at once and loses nothing acknowledged', async (context) => {
    const server = await context.server(['--drain-time', '60s']);
    const ada = await enter(server, 'lobby');
    ada.socket._socket.pause(); // a client that will not answer the Close
    for (let i = 0; i < 10; i++) ada.send({ type: 'send', room: 'lobby', text: `m${i}`, key: `k${i}` });
    const committed = async () => (await history(server, 'lobby').catch(() => [])).length; // no such room, at first
    await until(async () => (await committed()) === 10, 'ten events are committed');
    server.child.kill('SIGINT');
    await until(() => server.lines.some((line) => line.includes('server.draining')), 'it drains');
    server.child.kill('SIGINT');
    const exit = await server.ended;
    equal(exit.signal, null, 'it left by itself');
    equal((await history(server, 'lobby')).length, 10, 'all ten');
    ada.socket.terminate();
});

test(
    'kill -9 under load loses nothing acknowledged and doubles nothing',
    async (context) => {
        const server = await context.server(['--limits', 'off']);
        const ledger = new Ledger('crash');
        const clients = Array.from({ length: 6 }, (_, i) => new Persistent(server, ledger, `c${i}`));
        const kills = Number(process.env.KILLS ?? 8);
        for (let kill = 1; kill <= kills; kill++) {
            const goal = ledger.acks.size + 100 + Math.floor(Math.random() * 200);
            await until(() => ledger.acks.size >= goal || clients.some((client) => client.problem), `${goal} acks`, 40);
            for (const client of clients) if (client.problem) throw client.problem;
            await server.kill();
            await server.start();
        }
        await Promise.all(clients.map((client) => client.stop()));
        const events = await history(server, 'crash');
        ledger.check(events);
        assert(
            events.length >= ledger.acks.size && ledger.acks.size > kills * 100,
            `${events.length} events, ${ledger.acks.size} acks`,
        );
        assert(
            clients.every((client) => client.reconnects >= 1),
            'everybody was thrown out',
        );
        console.log(
            `# ${kills} kills, ${ledger.acks.size} acknowledged, ${events.length} in the log`,
        );
    },
    { seconds: 240 },
);

test('rooms and history read the database beside a live server', async (context) => {
    const server = await context.server();
    const ada = await enter(server, 'Großes Zimmer'.replace(' ', '-'));
    await ada.say('Großes-Zimmer', 'größer\u001b[31m');
    const rooms = await server.verb('rooms', '--data', server.data);
    assert(rooms.includes('Großes-Zimmer'), `rooms: ${rooms}`);
    const text = await server.verb('history', 'GROSSES-ZIMMER', '--data', server.data);
    assert(text.includes('größer') && !text.includes('\u001b'), `history: ${JSON.stringify(text)}`);
    await ada.close();
});
