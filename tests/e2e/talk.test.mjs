// SPDX-License-Identifier: Apache-2.0
// What a conversation has besides its messages: who is named in them, what is unread, direct messages, topics, pins.
import { fileURLToPath } from 'node:url';

import { build } from 'esbuild';
import WebSocket from 'ws';

import { Client, enter } from './lib/client.mjs';
import { assert, equal, test, until } from './lib/harness.mjs';

export async function named(server, name, room = 'lobby', options = {}) {
    const client = await enter(server, room, { url: `${server.ws}?name=${encodeURIComponent(name)}`, ...options });
    equal(client.welcome.user.name, name, 'the name');
    client.id = client.welcome.user.id;
    return client;
}

const closeAll = (clients) => Promise.all(clients.map((client) => client.close()));

test('talk: mentions are found by the server, and stay with the user', async (context) => {
    const server = await context.server();
    const ada = await named(server, 'Ada Lovelace');
    const bob = await named(server, 'Bob');
    const eve = await named(server, 'Eve', 'elsewhere');
    const { seq } = await ada.say('lobby', '@bob and @ADA LOVELACE, not `@bob`, bob@example.org or @Eve');
    const message = await bob.wait('message');
    equal(message.mentions, [bob.id, ada.id], 'in the order of the text, each once, members only');
    await ada.say('lobby', 'nobody');
    equal('mentions' in (await bob.wait('message')), false, 'no empty list');
    await bob.ask({ type: 'name', name: 'Robert' });
    const late = await enter(server, 'lobby', { join: { history: 10 } });
    equal(late.joined.events[0].mentions, [bob.id, ada.id], 'another name changes nothing');
    await ada.ask({ type: 'edit', room: 'lobby', seq, text: 'rather @Robert', key: 'edit' });
    equal((await bob.wait('edited')).mentions, [bob.id], 'an edit names anew');
    await ada.ask({ type: 'delete', room: 'lobby', seq, key: 'delete' });
    const { events } = await late.ask({ type: 'history', room: 'lobby', after: 0 });
    assert(!events.some((event) => event.mentions), 'a deletion takes them away');
    await closeAll([ada, bob, eve, late]);
});

test('talk: a text names no more users than configured', async (context) => {
    const server = await context.server(['--chat-mentions-max', '1']);
    const ada = await named(server, 'Ada');
    const bob = await named(server, 'Bob');
    await ada.say('lobby', '@Bob @Ada');
    equal((await bob.wait('message')).mentions, [bob.id], 'the first');
    const metrics = await server.metrics();
    equal(metrics.get('natter_mentions_cut_total'), 1, 'counted');
    await closeAll([ada, bob]);
});

/** Another device of the same user. */
async function device(server, client, room) {
    const headers = { Authorization: `Bearer ${client.welcome.token}` };
    const other = await enter(server, room, { headers });
    equal(other.welcome.user.id, client.welcome.user.id, 'the same user');
    other.id = client.id;
    return other;
}

async function mine(client) {
    const { rooms, truncated } = await client.ask({ type: 'mine' });
    equal(truncated, false, 'all of them');
    return Object.fromEntries(rooms.map(({ room, ...row }) => [room, row]));
}

const read = (client, seq, room = 'lobby') => client.ask({ type: 'read', room, seq });

test('talk: what is unread is the same on all devices, and survives a restart', async (context) => {
    const server = await context.server();
    const ada = await named(server, 'Ada');
    const bob = await named(server, 'Bob');
    await ada.say('lobby', 'before Bob spoke');
    await bob.say('lobby', 'and now he is known'); // 2
    await bob.close();
    await ada.say('lobby', 'hello @bob'); // 3: he is away, and belongs to the room
    await ada.ask({ type: 'react', room: 'lobby', seq: 1, emoji: '👋', on: true, key: 'r' });
    await ada.say('lobby', 'are you there?'); // 5
    const phone = await device(server, bob, 'lobby');
    const waits = { seq: 5, read: 0, unread: 4, mentions: 1 };
    equal(await mine(phone), { lobby: waits }, 'messages, his own as well; a reaction does not count');
    const desk = await device(server, bob, 'lobby');
    const answer = await read(desk, 3);
    const after = { seq: 5, read: 3, unread: 1, mentions: 0 };
    equal([answer.type, answer.unread, answer.mentions, answer.read], ['ok', 1, 0, 3], 'the answer');
    const told = await phone.wait('unread');
    equal(told, { type: 'unread', room: 'lobby', ...after }, 'the other device is told');
    await read(phone, 2);
    equal(await mine(desk), { lobby: after }, 'a read position never falls');
    await closeAll([ada, phone, desk]);
    await server.stop();
    await server.start();
    const again = await device(server, bob, 'lobby');
    equal(await mine(again), { lobby: after }, 'after a restart');
    const metrics = await server.metrics();
    equal(metrics.get('natter_belongings_total'), 0, 'nobody belongs anew');
    await again.close();
});

test('talk: a deleted message waits for nobody by name', async (context) => {
    const server = await context.server();
    const ada = await named(server, 'Ada');
    const bob = await named(server, 'Bob');
    await bob.say('lobby', 'here');
    const { seq } = await ada.say('lobby', '@Bob @Ada oh, nothing');
    equal((await mine(bob)).lobby.mentions, 1, 'while it is there');
    equal((await mine(ada)).lobby.mentions, 0, 'nobody is told of naming themselves');
    await ada.ask({ type: 'delete', room: 'lobby', seq, key: 'd' });
    equal((await mine(bob)).lobby.mentions, 0, 'when it is gone');
    await closeAll([ada, bob]);
});

test('talk: the server remembers the rooms of users, until they leave', async (context) => {
    const server = await context.server(['--chat-rooms-per-user-max', '2']);
    const guest = await enter(server, 'lobby');
    equal(await mine(guest), {}, 'a guest who did nothing belongs nowhere');
    const ada = await named(server, 'Ada');
    const other = await device(server, ada, 'lobby');
    await ada.ask({ type: 'join', room: '~cloud' });
    await ada.ask({ type: 'join', room: 'Garden' });
    equal((await other.wait('unread')).room, 'Garden', 'the other device is told');
    equal(Object.keys(await mine(other)).sort(), ['Garden', 'lobby'], 'not the ephemeral one');
    equal((await ada.ask({ type: 'join', room: 'attic' })).code, 'too_large', 'one too many');
    await ada.ask({ type: 'leave', room: 'garden' });
    equal((await other.wait('left')).room, 'Garden', 'the other device is told');
    equal((await ada.ask({ type: 'join', room: 'attic' })).type, 'joined', 'there is place again');
    equal(Object.keys(await mine(other)).sort(), ['attic', 'lobby'], 'at the end');
    await closeAll([guest, ada, other]);
});

const direct = (client, ...others) => client.ask({ type: 'direct', users: others.map(({ id }) => id) });

test('talk: a direct room is the same for the same users, and told with the first message', async (context) => {
    const server = await context.server();
    const ada = await named(server, 'Ada');
    const bob = await named(server, 'Bob');
    const { type, room, users } = await direct(ada, bob);
    equal([type, room.length, users.map(({ name }) => name).sort()], ['direct', 27, ['Ada', 'Bob']], 'made');
    equal((await direct(bob, ada)).room, room, 'the same from the other side');
    equal((await direct(ada, bob, bob, ada)).room, room, 'named twice');
    const eve = await named(server, 'Eve');
    const group = await direct(ada, bob, eve);
    assert(group.room !== room, 'a group of three is another');
    equal(group.room in (await mine(eve)), false, 'an empty room bothers nobody');
    await ada.ask({ type: 'join', room: group.room });
    await ada.say(group.room, 'hello @Eve');
    const told = await eve.wait('direct');
    equal([told.room, told.users.length, told.ref], [group.room, 3, undefined], 'told');
    const waits = (await mine(eve))[group.room];
    equal([waits.unread, waits.mentions, waits.users.length], [1, 1, 3], 'it waits');
    const joined = await eve.ask({ type: 'join', room: group.room, history: 10 });
    equal(joined.events.map(({ text }) => text), ['hello @Eve'], 'a room like any other');
    await eve.ask({ type: 'leave', room: group.room });
    equal(group.room in (await mine(eve)), false, 'hidden');
    await ada.say(group.room, 'still there?');
    equal((await eve.wait('direct')).room, group.room, 'and back with the next message');
    await server.stop();
    await server.start();
    const later = await device(server, ada, 'lobby');
    equal((await direct(later, bob)).room, room, 'after a restart');
    await later.close();
});

test('talk: nobody else can enter, see, search or list a direct room', async (context) => {
    const server = await context.server();
    const ada = await named(server, 'Ada');
    const bob = await named(server, 'Bob');
    const eve = await named(server, 'Eve');
    const { room } = await direct(ada, bob);
    await ada.ask({ type: 'join', room });
    await ada.say(room, 'a secret, @Eve');
    const absent = `@${'a'.repeat(26)}`;
    const commands = [
        { type: 'join' }, { type: 'join', after: 0 }, { type: 'history', after: 0 }, { type: 'who' },
        { type: 'digest', from: 1, to: 1 }, { type: 'read', seq: 1 }, { type: 'leave' },
        { type: 'send', text: 'x', key: 'k1' }, { type: 'edit', seq: 1, text: 'x', key: 'k2' },
        { type: 'delete', seq: 1, key: 'k3' }, { type: 'react', seq: 1, emoji: 'x', on: true, key: 'k4' },
    ];
    for (const command of commands) {
        const real = await eve.ask({ ...command, room });
        const none = await eve.ask({ ...command, room: absent });
        equal([real.code, real.message], [none.code, none.message], `${command.type}: as if it were not there`);
        equal(real.code, command.type === 'join' ? 'not_found' : 'forbidden', command.type);
    }
    const walkIn = await named(server, 'Mallory', 'lobby');
    const url = `${server.ws}?room=${encodeURIComponent(room)}&after=0`;
    const raw = new Client(url, { protocol: null });
    await raw.opened();
    equal((await raw.wait('error')).code, 'not_found', 'a walk-in');
    for (const client of [ada, eve, raw]) {
        const { rooms } = await client.ask({ type: 'rooms' });
        assert(!rooms.some((row) => row.room === room), 'not in the list of rooms');
    }
    const heard = [...eve.frames, ...raw.frames, ...walkIn.frames];
    assert(!heard.some((frame) => frame.type !== 'error' && JSON.stringify(frame).includes(room)), 'nothing was heard');
    equal(room in (await mine(eve)), false, 'naming somebody does not let them in');
    await closeAll([ada, bob, eve, walkIn, raw]);
});

test('talk: direct rooms have limits', async (context) => {
    const server = await context.server(['--chat-direct-users-max', '2']);
    const ada = await named(server, 'Ada');
    const bob = await named(server, 'Bob');
    const eve = await named(server, 'Eve');
    equal((await direct(ada, bob, eve)).code, 'too_large', 'three');
    equal((await direct(ada, ada)).code, 'bad_request', 'alone');
    equal((await direct(ada, { id: 'a'.repeat(26) })).code, 'not_found', 'nobody');
    equal((await direct(ada, { id: 'x' })).code, 'not_found', 'no id');
    equal((await ada.ask({ type: 'direct', users: [] })).code, 'bad_request', 'no list');
    const none = await context.server(['--chat-direct-users-max', '0']);
    const cleo = await named(none, 'Cleo');
    equal((await direct(cleo, { id: cleo.id })).code, 'forbidden', 'none at all');
    await closeAll([ada, bob, eve, cleo]);
});

async function library() {
    const entry = fileURLToPath(new URL('../../sdk/js/src/index.ts', import.meta.url));
    const { outputFiles } = await build({ entryPoints: [entry], bundle: true, write: false, format: 'esm' });
    const { createClient } = await import(
        `data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`
    );
    return (server, token) => createClient({ url: server.ws, WebSocket, token, logger: () => {} });
}

test('talk: the client library tells what waits, and opens direct rooms', async (context) => {
    const server = await context.server();
    const connect = await library();
    const ada = await named(server, 'Ada');
    const bob = await named(server, 'Bob', 'elsewhere');
    const desk = connect(server, bob.welcome.token);
    const phone = connect(server, bob.welcome.token);
    await desk.ready();
    await phone.ready();
    const told = { unread: [], left: [], direct: [] };
    for (const name of Object.keys(told)) phone.on(name, (event) => told[name].push(event));
    const lobby = desk.room('lobby');
    await lobby.join();
    await until(() => told.unread.length === 1, 'the phone is told of the join');
    const { seq } = await ada.say('lobby', 'hello @Bob');
    const waits = { room: 'lobby', seq, read: 0, unread: 1, mentions: 1 };
    equal((await desk.mine()).find(({ room }) => room === 'lobby'), waits, 'mine');
    const after = { room: 'lobby', seq, read: seq, unread: 0, mentions: 0 };
    equal(await lobby.markRead(seq), after, 'read');
    await until(() => told.unread.length === 2, 'the phone is told of the reading');
    equal(told.unread[1], after, 'the same');
    const { room } = await direct(ada, bob);
    await ada.ask({ type: 'join', room });
    await ada.say(room, 'a word with you');
    await until(() => told.direct.length === 1, 'the phone is told of the direct room');
    equal([told.direct[0].room, told.direct[0].users.length], [room, 2], 'which');
    equal((await desk.direct([ada.id])).room, room, 'found again');
    desk.close();
    phone.close();
    await closeAll([ada, bob]);
});

test('talk: nobody belongs to more rooms than configured, and who is refused is counted', async (context) => {
    const server = await context.server(['--limits', 'off', '--chat-rooms-per-user-max', '1']);
    const ada = await enter(server, 'one', { url: `${server.ws}?name=Ada` });
    await ada.say('one', 'here');
    const refused = await ada.ask({ type: 'join', room: 'two' });
    equal([refused.type, refused.code], ['error', 'too_large'], 'a second room');
    const { rooms } = await ada.ask({ type: 'mine' });
    equal(rooms.map(({ room }) => room), ['one'], 'the first is remembered');
    assert((await server.metrics()).get('natter_belongings_refused_total') > 0, 'counted');
    await ada.close();
});
