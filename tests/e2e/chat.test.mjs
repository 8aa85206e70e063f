// SPDX-License-Identifier: Apache-2.0
// Every command of the protocol, as clients see it.
import { assert, equal, test, until } from './lib/harness.mjs';
import { Client, enter } from './lib/client.mjs';
import { createHash } from 'node:crypto';

test('two users talk and see each other', async (context) => {
    const server = await context.server();
    const ada = await enter(server, 'lobby');
    const bob = await enter(server, 'lobby');
    equal(ada.joined.seq, 0, 'a new room has no event');
    await ada.wait(
        (frame) => frame.type === 'presence' && frame.joined.some((user) => user.id === bob.welcome.user.id),
        'bob came',
    );
    const ack = await ada.say('lobby', 'hello bob', 'first');
    equal([ack.type, ack.room, ack.key, ack.seq], ['ack', 'lobby', 'first', 1], 'ack');
    const message = await bob.wait('message');
    equal(
        [message.seq, message.text, message.key, message.user.id, message.at],
        [1, 'hello bob', 'first', ada.welcome.user.id, ack.at],
        'message',
    );
    await bob.close();
    await ada.wait(
        (frame) => frame.type === 'presence' && frame.left.some((user) => user.id === bob.welcome.user.id),
        'bob left',
    );
    await ada.close();
});

test('a retried key is answered with the first event', async (context) => {
    const server = await context.server();
    const ada = await enter(server, 'lobby');
    const first = await ada.say('lobby', 'once', 'same');
    const again = await ada.say('lobby', 'twice?', 'same');
    equal([again.seq, again.at, again.duplicate], [first.seq, first.at, true], 'the retry');
    const bob = await enter(server, 'lobby');
    const other = await bob.say('lobby', 'my own key', 'same');
    equal(other.seq, 2, 'keys are per user');
    equal(other.duplicate, undefined, 'not a duplicate');
    await until(() => ada.messages('lobby').length === 2, 'two messages');
    await ada.close();
    await bob.close();
});

test('edit, delete and react follow the log', async (context) => {
    const server = await context.server();
    const ada = await enter(server, 'lobby');
    const bob = await enter(server, 'lobby');
    await ada.say('lobby', 'teh text');
    equal(
        (await bob.ask({ type: 'edit', room: 'lobby', seq: 1, text: 'mine now', key: 'e0' })).code,
        'forbidden',
        'a stranger edits',
    );
    equal((await ada.ask({ type: 'edit', room: 'lobby', seq: 1, text: 'the text', key: 'e1' })).seq, 2, 'edit');
    equal((await bob.ask({ type: 'react', room: 'lobby', seq: 1, emoji: '👍', on: true, key: 'r1' })).seq, 3, 'react');
    equal(
        (await bob.ask({ type: 'delete', room: 'lobby', seq: 1, key: 'd0' })).code,
        'forbidden',
        'a stranger deletes',
    );
    equal((await ada.ask({ type: 'delete', room: 'lobby', seq: 1, key: 'd1' })).seq, 4, 'delete');
    equal(
        (await ada.ask({ type: 'delete', room: 'lobby', seq: 1, key: 'd1' })).duplicate,
        true,
        'delete again with the same key',
    );
    equal(
        (await ada.ask({ type: 'edit', room: 'lobby', seq: 1, text: 'x', key: 'e2' })).code,
        'not_found',
        'edit what is deleted',
    );
    equal(
        (await ada.ask({ type: 'edit', room: 'lobby', seq: 99, text: 'x', key: 'e3' })).code,
        'not_found',
        'edit what never was',
    );
    const kinds = ['message', 'edited', 'reaction', 'deleted'];
    await until(() => bob.frames.filter((frame) => kinds.includes(frame.type)).length === 4, 'four events');
    const events = bob.frames.filter((frame) => kinds.includes(frame.type));
    equal(
        events.map((event) => [event.type, event.seq, event.target ?? 0]),
        [
            ['message', 1, 0],
            ['edited', 2, 1],
            ['reaction', 3, 1],
            ['deleted', 4, 1],
        ],
        'events',
    );
    const late = await enter(server, 'lobby', { join: { history: 10 } });
    equal(
        late.joined.events.map((event) => [event.type, event.text ?? null]),
        [
            ['message', ''],
            ['edited', ''],
            ['reaction', null],
            ['deleted', null],
        ],
        'texts are gone',
    );
    equal(late.joined.events[0].deleted, true, 'deleted is marked');
    for (const client of [ada, bob, late]) await client.close();
});

test('history pages both ways and resume has no seam', async (context) => {
    const server = await context.server(['--limits', 'off']);
    const ada = await enter(server, 'lobby');
    for (let i = 1; i <= 40; i++) ada.send({ type: 'send', room: 'lobby', text: `m${i}`, key: `k${i}` });
    await until(() => ada.messages('lobby').length === 40, 'forty messages');
    const seqs = (frame) => frame.events.map((event) => event.seq);
    const page = await ada.ask({ type: 'history', room: 'lobby', before: 31, limit: 10 });
    equal([seqs(page), page.more], [[21, 22, 23, 24, 25, 26, 27, 28, 29, 30], true], 'before');
    equal(seqs(await ada.ask({ type: 'history', room: 'lobby', before: 3, limit: 10 })), [1, 2], 'the beginning');
    equal((await ada.ask({ type: 'history', room: 'lobby', before: 3, limit: 10 })).more, false, 'nothing older');
    equal(seqs(await ada.ask({ type: 'history', room: 'lobby', after: 38, limit: 10 })), [39, 40], 'after');
    const resumed = await enter(server, 'lobby', { join: { after: 35, epoch: ada.joined.epoch } });
    equal(
        [seqs(resumed.joined), resumed.joined.truncated, resumed.joined.seq],
        [[36, 37, 38, 39, 40], false, 40],
        'resume',
    );
    const stranger = await enter(server, 'lobby', { join: { after: 35, epoch: 'another life' } });
    equal(stranger.joined.truncated, true, 'another epoch');
    equal(stranger.joined.events.length, 40, 'everything afresh');
    for (const client of [ada, resumed, stranger]) await client.close();
});

test('a digest tells that nothing is missing', async (context) => {
    const server = await context.server();
    const ada = await enter(server, 'lobby');
    for (const key of ['a', 'b', 'c']) await ada.say('lobby', 'text', key);
    const expected = createHash('sha256').update('1:a\n2:b\n3:c\n').digest('hex');
    equal((await ada.ask({ type: 'digest', room: 'lobby', from: 1, to: 3 })).sha256, expected, 'digest');
    equal((await ada.ask({ type: 'digest', room: 'lobby', from: 1, to: 9 })).code, 'not_found', 'beyond the end');
    await ada.close();
});

test('who, rooms, leave, read, ping and typing answer', async (context) => {
    const server = await context.server();
    const ada = await enter(server, 'lobby');
    const bob = await enter(server, 'lobby');
    const members = await ada.ask({ type: 'who', room: 'lobby' });
    equal([members.count, members.members.length], [2, 2], 'who');
    await ada.say('lobby', 'x');
    const rooms = await ada.ask({ type: 'rooms' });
    equal(
        rooms.rooms.map((row) => [row.room, row.seq, row.count, row.joined]),
        [['lobby', 1, 2, true]],
        'rooms',
    );
    equal((await ada.ask({ type: 'read', room: 'lobby', seq: 1 })).type, 'ok', 'read');
    assert(Math.abs((await ada.ask({ type: 'ping' })).at - Date.now()) < 60000, 'pong carries the time');
    ada.send({ type: 'typing', room: 'lobby' });
    equal((await bob.wait('typing')).user.id, ada.welcome.user.id, 'typing');
    equal((await ada.ask({ type: 'leave', room: 'lobby' })).type, 'ok', 'leave');
    equal((await ada.say('lobby', 'from outside')).code, 'forbidden', 'send after leave');
    equal((await ada.ask({ type: 'who', room: 'lobby' })).code, 'forbidden', 'who after leave');
    await bob.say('lobby', 'still here');
    equal((await ada.ask({ type: 'join', room: 'lobby', after: 1 })).events.length, 1, 'back again');
    await ada.close();
    await bob.close();
});

test('the same user comes back by token, cookie or login', async (context) => {
    const server = await context.server();
    const ada = new Client(server.ws);
    await ada.opened();
    const { token, user } = await ada.wait('welcome');
    const cookie = ada.headers['set-cookie'][0].split(';')[0];
    assert(
        /HttpOnly/.test(ada.headers['set-cookie'][0]) && /SameSite=Lax/.test(ada.headers['set-cookie'][0]),
        'cookie attributes',
    );
    await ada.ask({ type: 'name', name: 'Ada Lovelace' });
    await ada.close();
    const ways = [{ headers: { Authorization: `Bearer ${token}` } }, { headers: { Cookie: `other=1; ${cookie}` } }];
    for (const way of ways) {
        const back = new Client(server.ws, way);
        await back.opened();
        equal((await back.wait('welcome')).user, { id: user.id, name: 'Ada Lovelace' }, 'the same user');
        await back.close();
    }
    const login = new Client(server.ws);
    await login.opened();
    login.send({ type: 'login', token, ref: 'in' });
    const welcome = await login.wait('welcome');
    equal([welcome.user.id, welcome.ref], [user.id, 'in'], 'login');
    await login.close();
});

test('a wrong token is refused, never a silent guest', async (context) => {
    const server = await context.server();
    const bearer = new Client(server.ws, { headers: { Authorization: 'Bearer nonsense' } });
    equal((await bearer.wait('error')).code, 'unauthorized', 'bearer');
    await until(() => bearer.closed, 'closed');
    equal(bearer.closed.code, 4001, 'bearer close');
    const login = new Client(server.ws);
    await login.opened();
    login.send({ type: 'login', token: 'nonsense' });
    equal((await login.wait('error')).code, 'unauthorized', 'login');
    await until(() => login.closed, 'closed');
    equal(login.closed.code, 4001, 'login close');
    const cookie = new Client(server.ws, { headers: { Cookie: 'natter=nonsense' } });
    await cookie.opened();
    await cookie.wait('welcome');
    assert(cookie.headers['set-cookie'], 'an outdated cookie is replaced');
    await cookie.close();
});

test('names are unique among those present, look-alikes included', async (context) => {
    const server = await context.server();
    const ada = await enter(server, 'lobby');
    const bob = await enter(server, 'lobby');
    equal((await ada.ask({ type: 'name', name: 'paula' })).user.name, 'paula', 'taken');
    await bob.wait(
        (frame) => frame.type === 'presence' && frame.joined.some((user) => user.name === 'paula'),
        'the new name is told',
    );
    for (const name of ['paula', 'PAULA', 'pаula', 'pau\u0301la'])
        equal((await bob.ask({ type: 'name', name })).code, 'conflict', `name ${name}`);
    bob.send('{"type":"name","name":"a\\u0000b"}');
    await bob.wait(
        (frame) => frame.type === 'error' && frame.code === 'bad_request' && !frame.ref,
        'a NUL is not JSON that is taken, so no ref comes back',
    );
    for (const name of ['', ' ', 'a\u202eb', '\u200b', 'x'.repeat(33)])
        equal((await bob.ask({ type: 'name', name })).code, 'bad_request', `name ${JSON.stringify(name)}`);
    await ada.close();
    await until(
        async () => (await bob.ask({ type: 'name', name: 'paula' })).type === 'ok',
        'free again after the lease',
    );
    await bob.close();
});

test('presence survives a reload and ends after the lease', async (context) => {
    const server = await context.server(['--chat-presence-lease', '2s']);
    const watcher = await enter(server, 'lobby');
    const ada = await enter(server, 'lobby');
    await watcher.wait(
        (frame) => frame.type === 'presence' && frame.joined.some((user) => user.id === ada.welcome.user.id),
        'ada came',
    );
    await ada.close();
    const again = await enter(server, 'lobby', { headers: { Authorization: `Bearer ${ada.welcome.token}` } });
    equal(again.welcome.user.id, ada.welcome.user.id, 'the same user');
    equal((await watcher.ask({ type: 'who', room: 'lobby' })).count, 2, 'still two');
    await again.close();
    await watcher.wait((frame) => frame.type === 'presence' && frame.left.length > 0, 'ada left');
    equal(
        watcher.frames.filter((frame) => frame.type === 'presence').flatMap((frame) => frame.left).length,
        1,
        'told once',
    );
    equal((await watcher.ask({ type: 'who', room: 'lobby' })).count, 1, 'alone');
    await watcher.close();
});

test('an ephemeral room forgets when it is empty', async (context) => {
    const server = await context.server(['--chat-presence-lease', '100ms']);
    const ada = await enter(server, '~party');
    equal((await ada.say('~party', 'one')).seq, 1, 'seq');
    const bob = await enter(server, '~party', { join: { history: 5 } });
    equal(
        bob.joined.events.map((event) => event.text),
        ['one'],
        'the newest are there',
    );
    await ada.close();
    await bob.close();
    await until(async () => {
        const late = await enter(server, '~party', { join: { history: 5 } });
        const { epoch, seq } = late.joined;
        await late.close();
        return epoch !== ada.joined.epoch && seq === 0;
    }, 'a new life');
});

test('compressed and plain clients share a room', async (context) => {
    const server = await context.server();
    const plain = await enter(server, 'lobby');
    const small = await enter(server, 'lobby', { deflate: true });
    assert(/permessage-deflate/.test(small.socket.extensions), 'agreed');
    const text = 'compress me '.repeat(300);
    await plain.say('lobby', text);
    await small.say('lobby', text);
    for (const client of [plain, small]) {
        await until(() => client.messages('lobby').length === 2, 'two messages');
        assert(
            client.messages('lobby').every((message) => message.text === text),
            'the same text',
        );
        await client.close();
    }
});

test('a large room is told counts, not names', async (context) => {
  const server = await context.server(['--chat-presence-names-max', '2']);
  const first = await enter(server, 'lobby');
  await first.wait((frame) => frame.type === 'presence' && frame.joined.length === 1, 'names while it is small');
  const crowd = [];
  for (let i = 0; i < 3; i++) crowd.push(await enter(server, 'lobby'));
  const isCountAlone = (frame) => frame.type === 'presence' && frame.count === 4 && frame.joined.length === 0;
  await first.wait(isCountAlone, 'a count alone');
  for (const client of [first, ...crowd]) await client.close();
});

test('many joins make few presence frames', async (context) => {
  const server = await context.server(['--limits', 'off', '--chat-presence-interval', '500ms']);
  const watcher = await enter(server, 'lobby');
  const crowd = await Promise.all(Array.from({ length: 40 }, () => enter(server, 'lobby')));
  const isLast = (frame) => frame.type === 'presence' && frame.count === 41;
  await watcher.wait(isLast, 'everybody is there');
  const frames = watcher.frames.filter((frame) => frame.type === 'presence');
  assert(frames.length < 20, `${frames.length} frames for 40 joins`);
  equal(frames.flatMap((frame) => frame.joined).length, 41, 'each is named once');
  for (const client of [watcher, ...crowd]) await client.close();
});

test('joined names who is here, whoever came, went or has another name since', async (context) => {
  const server = await context.server(['--limits', 'off', '--chat-presence-lease', '0']);
  const namesSeen = async () => {
    const visitor = await enter(server, 'attic');
    const joined = await visitor.ask({ type: 'join', room: 'lobby' });
    equal(joined.count, joined.members.length, 'all are named');
    await visitor.ask({ type: 'leave', room: 'lobby' });
    await visitor.close();
    return joined.members.slice(0, -1).map((user) => user.name);
  };
  const crowd = [];
  for (let i = 0; i < 12; i++) {
    const client = await enter(server, 'lobby');
    await client.ask({ type: 'name', name: `person ${i}` });
    crowd.push({ client, name: `person ${i}` });
    equal(await namesSeen(), crowd.map(({ name }) => name), `after ${i + 1} came`);
  }
  for (const place of [11, 4, 0]) {
    const [gone] = crowd.splice(place, 1);
    await gone.client.ask({ type: 'leave', room: 'lobby' });
    equal(await namesSeen(), crowd.map(({ name }) => name), `after ${gone.name} left`);
    crowd[place % 3].name = `renamed ${place}`;
    await crowd[place % 3].client.ask({ type: 'name', name: `renamed ${place}` });
    equal(await namesSeen(), crowd.map(({ name }) => name), 'after a new name');
    await gone.client.ask({ type: 'join', room: 'lobby' });
    crowd.push(gone);
    equal(await namesSeen(), crowd.map(({ name }) => name), `after ${gone.name} came back`);
  }
  for (const { client } of crowd) await client.close();
});
