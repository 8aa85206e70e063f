// SPDX-License-Identifier: Apache-2.0
// What an operator can check about a server: the ledger while it runs, and the data folder at any time.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import { Client, enter } from './lib/client.mjs';
import { assert, equal, test, until } from './lib/harness.mjs';
import { get } from './lib/server.mjs';

const run = promisify(execFile);
const POLLS = 300;
const POLLS_MAX = 10_000;
const TURNS = 200;

const value = (ledger, name) => ledger.entries[name].value;

/** Connections of every kind that come and go until `isOver()`: in one manner after the other. */
async function churn(server, isOver, counts) {
    for (let turn = 0; !isOver(); turn++) {
        const manner = turn % 5;
        if (manner === 0) {
            await get(server.url + '/livez');
        } else if (manner === 1) {
            await get(server.url + '/ws').catch(() => {});
        } else {
            const client = await enter(server, `room-${turn % 7}`);
            const sent = client.say(client.joined.room, `turn ${turn}`);
            if (manner === 2) client.socket.terminate();
            else await sent;
            if (manner === 4) await client.close();
            else client.socket.terminate();
            sent.catch(() => {}); // the connection went before its answer
        }
        counts.turns++;
    }
}

test('the ledger is balanced at every instant, whatever comes and goes', async (context) => {
    const server = await context.server(['--limits', 'off', '--shards', '3']);
    const counts = { turns: 0, exact: 0 };
    let isOver = false;
    const churns = Array.from({ length: 8 }, () => churn(server, () => isOver, counts));
    let accepted = 0;
    try {
        for (let poll = 0; poll < POLLS || (counts.turns < TURNS && poll < POLLS_MAX); poll++) {
            const ledger = await server.ledger();
            assert(ledger.is_balanced, `balanced: ${JSON.stringify(ledger)}`);
            equal(value(ledger, 'accepted'), value(ledger, 'live') + value(ledger, 'ended'), 'accepted = live + ended');
            const sum = (numbers) => Object.values(numbers).reduce((total, number) => total + number, 0);
            equal(sum(ledger.ended_by_reason), value(ledger, 'ended'), 'ended, by reason');
            equal(sum(ledger.live_by_state), value(ledger, 'live'), 'live, by state');
            assert(value(ledger, 'accepted') >= accepted, 'counters never fall');
            accepted = value(ledger, 'accepted');
            if (ledger.is_exact) counts.exact++;
        }
    } finally {
        isOver = true;
        await Promise.all(churns);
    }
    assert(counts.turns >= TURNS, `there was churn: ${JSON.stringify(counts)}, ${accepted} accepted`);
    await until(async () => {
        const ledger = await server.ledger();
        return ledger.is_exact && value(ledger, 'live') === 1 && value(ledger, 'sockets') === 1;
    }, 'only the connection that asks is left');
});

test('the ledger counts what the promises speak of, each with its meaning', async (context) => {
    const server = await context.server();
    const ada = await enter(server, 'lobby');
    await ada.say('lobby', 'one', 'key-1');
    equal((await ada.say('lobby', 'one', 'key-1')).duplicate, true, 'a duplicate');
    await ada.close();
    const again = await enter(server, 'lobby', { join: { after: 0 } });
    const plain = new Client(server.ws, { protocol: null });
    await plain.opened();
    plain.send('hello');
    await again.wait((frame) => frame.text === 'hello', 'the plain message');
    const ledger = await server.ledger();
    const expected = { appended: 2, acknowledged: 2, duplicates: 1, settled: 1, adopted: 0, refused: 0, resumes: 1 };
    for (const [name, number] of Object.entries(expected)) equal(value(ledger, name), number, name);
    equal(value(ledger, 'live'), 3, 'two clients, and who asks');
    for (const [name, entry] of Object.entries(ledger.entries))
        assert(/^P\d$/.test(entry.promise) && entry.meaning.endsWith('.'), `${name} has its promise and its meaning`);
    await again.close();
    await plain.close();
});

test('natter verify proves a folder beside the server, and names what is damaged', async (context) => {
    const server = await context.server();
    const ada = await enter(server, 'lobby');
    for (let number = 1; number <= 5; number++) await ada.say('lobby', `message ${number}`);
    await ada.ask({ type: 'delete', room: 'lobby', seq: 2, key: 'deletes-2' });
    await server.checkData();
    await ada.close();
    await server.stop();
    const verify = (...words) =>
        run(context.binary, ['verify', server.data, ...words]).then(
            ({ stdout }) => ({ status: 0, stdout }),
            ({ code, stdout }) => ({ status: code, stdout }),
        );
    equal(await verify(), { status: 0, stdout: '1 room, 6 events: complete, in order, no key twice\n' }, 'sound');
    await run('sqlite3', [
        `${server.data}/natter.db`,
        "DELETE FROM events WHERE seq = 4; UPDATE events SET text = 'back' WHERE seq = 2",
    ]);
    const damaged = await verify();
    equal(damaged.status, 1, 'status');
    assert(/^lobby #2: it was deleted, and its text is still there$/m.test(damaged.stdout), damaged.stdout);
    assert(/^lobby #4: event 4 is missing$/m.test(damaged.stdout), damaged.stdout);
    assert(/^key_log lists row 4 of events, which is not there$/m.test(damaged.stdout), damaged.stdout);
    assert(/^1 room, 5 events: 3 faults$/m.test(damaged.stdout), damaged.stdout);
    const lines = (await verify('--json')).stdout.trim().split('\n').map((line) => JSON.parse(line));
    equal(lines.pop(), { rooms: 1, events: 5, faults: 3, is_sound: false }, 'the sum');
    const found = lines.map(({ check, room, seq }) => `${check} ${room} ${seq}`);
    equal(found, ['events lobby 2', 'events lobby 4', 'keys  0'], 'faults');
    await run('sqlite3', [
        `${server.data}/natter.db`,
        "UPDATE events SET text = '' WHERE seq = 2; DELETE FROM events WHERE seq >= 4; " +
            'DELETE FROM key_log WHERE first >= 4',
    ]);
});
