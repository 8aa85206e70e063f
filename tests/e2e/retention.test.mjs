// SPDX-License-Identifier: Apache-2.0
// Rooms that keep only their newest events: what is gone is said to be gone, and never just missing.
import { fileURLToPath } from 'node:url';

import { Client, enter } from './lib/client.mjs';
import { assert, equal, test, until } from './lib/harness.mjs';
import { Schemas } from './lib/schema.mjs';

const schemas = new Schemas(fileURLToPath(new URL('../../docs/protocol/schema', import.meta.url)));
const FLAGS = ['--limits', 'off', '--store-durability', 'process', '--retention-interval', '10ms'];
FLAGS.push('--retention-pause', '1ms', '--store-recent-events', '4');

async function fill(client, room, count) {
    const keys = [];
    for (let number = 1; number <= count; number++) {
        keys.push(`${room}-${number}`);
        await client.say(room, `text ${number}`, keys.at(-1));
    }
    return keys;
}

/** The room's first event, as its history tells. */
async function first(client, room) {
    return (await client.ask({ type: 'history', room, after: 0, limit: 1 })).first ?? 1;
}

test('what a room no longer has is told, to who resumes, asks or answers', async (context) => {
    const server = await context.server([...FLAGS, '--retention-events', '20']);
    const ada = await enter(server, 'lobby');
    await fill(ada, 'lobby', 60);
    await until(async () => (await first(ada, 'lobby')) === 41, 'the room begins at 41');
    const { epoch } = ada.joined;

    const late = await enter(server, 'lobby', { join: { after: 10, epoch } });
    equal([late.joined.truncated, late.joined.first], [true, 41], 'a hole, and where the log begins');
    equal(late.joined.events.map(({ seq }) => seq), Array.from({ length: 20 }, (_, i) => 41 + i), 'all that is left');
    const near = await enter(server, 'lobby', { join: { after: 40, epoch } });
    equal([near.joined.truncated, near.joined.events.length], [false, 20], 'nothing was missed that is gone');
    const some = await enter(server, 'lobby', { join: { history: 50 } });
    equal([some.joined.events.length, some.joined.first], [20, 41], 'the newest that there are');

    const ask = (fields) => ada.ask({ type: 'history', room: 'lobby', ...fields });
    const above = await ask({ before: 45, limit: 50 });
    equal([above.events.map(({ seq }) => seq), above.more, above.first], [[41, 42, 43, 44], false, 41], 'its begin');
    const below = await ask({ before: 30, limit: 10 });
    equal([below.events, below.more, below.first], [[], false, 41], 'nothing is there, and it is said why');
    const from = await ask({ after: 0, limit: 2 });
    equal([from.events.map(({ seq }) => seq), from.more], [[41, 42], true], 'the oldest that there are');
    for (const answer of [above, below, from, late.joined])
        equal(schemas.frameFaults('server', answer), [], 'as the schema says');

    const digest = (begin) => ada.ask({ type: 'digest', room: 'lobby', from: begin, to: 60 });
    equal([(await digest(40)).code, (await digest(41)).type], ['not_found', 'digest'], 'digests');
    const edit = { type: 'edit', room: 'lobby', seq: 5, text: 'x', key: 'late-edit' };
    equal((await ada.ask(edit)).code, 'not_found', 'there is nothing to edit');
    equal((await ada.say('lobby', 'goes on')).seq, 61, 'seq');
    await Promise.all([ada, late, near, some].map((client) => client.close()));
});

test('a room goes on counting when all of its events are gone of age, also after a restart', async (context) => {
    const server = await context.server([...FLAGS, '--retention-age', '50ms']);
    const ada = await enter(server, 'old');
    await fill(ada, 'old', 12);
    await until(async () => (await first(ada, 'old')) === 13, 'all are gone');
    await ada.close();
    await server.stop();
    await server.start();
    const back = await enter(server, 'old', { join: { after: 3, epoch: ada.joined.epoch } });
    const { truncated, first: begin, seq, events } = back.joined;
    equal([truncated, begin, seq, events], [true, 13, 12, []], 'an empty log that begins at 13');
    equal((await back.say('old', 'new')).seq, 13, 'seq goes on');
    const values = await server.metrics();
    assert(values.get('natter_retention_rounds_total') > 0, 'rounds are counted');
    await back.close();
});

test('a room has limits of its own, set while the server runs', async (context) => {
    const server = await context.server(FLAGS);
    const ada = await enter(server, 'mine');
    await ada.ask({ type: 'join', room: 'other' });
    await fill(ada, 'mine', 30);
    await fill(ada, 'other', 30);
    await server.verb('retention', 'mine', '--events', '5', '--data', server.data);
    await until(async () => (await first(ada, 'mine')) === 26, 'its limit holds');
    equal(await first(ada, 'other'), 1, 'and only there');
    const told = JSON.parse(await server.verb('retention', '--json', '--data', server.data));
    equal(told, { room: 'mine', first: 26, seq: 30, age: 0, events: 5, size: 0 }, 'it is listed');
    equal((await server.metrics()).get('natter_events_expired_total'), 25, 'counted');
    await server.verb('retention', 'mine', '--default', '--data', server.data);
    equal(await server.verb('retention', '--data', server.data), '', 'none has any');
    const refused = (...words) =>
        server.verb('retention', ...words, '--data', server.data).then(() => 0, ({ code }) => code);
    equal(await refused('nowhere', '--keep'), 1, 'no such room');
    equal(await refused('mine'), 2, 'nothing is said');
    equal(await refused('mine', '--age', 'soon'), 2, 'no time');
    await ada.close();
});

test('the ledger of clients holds while old events go', async (context) => {
    const server = await context.server([...FLAGS, '--retention-events', '50']);
    const seen = new Map();
    const clients = await Promise.all(['a', 'b', 'c'].map((name) => enter(server, 'busy', { onFrame: (frame) => {
        if (frame.type !== 'message') return;
        equal(seen.get(frame.seq) ?? frame.key, frame.key, `seq ${frame.seq} is one event, also to ${name}`);
        seen.set(frame.seq, frame.key);
    } })));
    const acks = await Promise.all(clients.flatMap((client, at) =>
        Array.from({ length: 100 }, (_, number) => client.say('busy', `m${number}`, `${at}-${number}`))));
    equal(new Set(acks.map(({ seq }) => seq)).size, 300, 'each has a seq of its own');
    await until(async () => (await first(clients[0], 'busy')) === 251, 'the newest 50 are left');
    for (const { seq, key } of acks) equal(seen.get(seq), key, 'what was acknowledged was shown');
    const { events } = await clients[0].ask({ type: 'history', room: 'busy', after: 250, limit: 100 });
    for (const event of events) equal(seen.get(event.seq), event.key, 'what is left is what was shown');
    const plain = new Client(`${server.ws}?room=busy&after=100`, { protocol: null });
    await plain.opened();
    equal((await plain.wait('joined')).first, 251, 'a walk-in is told as well');
    await Promise.all([...clients, plain].map((client) => client.close()));
});
