// SPDX-License-Identifier: Apache-2.0
// State and events agree: what was fetched before, with the events applied, equals what is fetched after. Random
// histories by a few people in a room of their own; somebody who came in the middle follows them with the client
// library and the page's own fold, loses the connection now and then, and is compared with somebody who comes last.
// AGREE_SEED=N repeats one history, AGREE_COUNT says how many there are.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { build } from 'esbuild';
import WebSocket from 'ws';

import { enter } from './lib/client.mjs';
import { assert, equal, fail, test, until } from './lib/harness.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const COUNT = Number(process.env.AGREE_COUNT ?? 240);
const AT_ONCE = 8;
const EMOJI = ['👍', '🎉', '👀'];
const NAMES = ['Ada', 'Bob', 'Cleo', 'Dan'];
const KINDS = ['send', 'send', 'send', 'edit', 'delete', 'react', 'react', 'read', 'name', 'go', 'typing'];
const FLAGS = [
    ...['--limits', 'off', '--store-durability', 'process'],
    ...['--chat-presence-lease', '20ms', '--chat-presence-interval', '10ms'],
];

/** The library and the page's fold, as the page has them. */
async function loadFold() {
    const contents = "export { Log } from './web/src/log.ts'; export { createClient } from './sdk/js/src/index.ts';";
    const options = { bundle: true, write: false, format: 'esm', platform: 'node', conditions: ['source'] };
    const { outputFiles } = await build({ stdin: { contents, resolveDir: ROOT }, ...options });
    return import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`);
}

/** Numbers from a seed (mulberry32): `pick(n)` is one of 0 … n-1. */
function chance(seed) {
    let state = seed >>> 0;
    const next = () => {
        state = (state + 0x6d2b79f5) >>> 0;
        let word = Math.imul(state ^ (state >>> 15), state | 1);
        word ^= word + Math.imul(word ^ (word >>> 7), word | 61);
        return ((word ^ (word >>> 14)) >>> 0) / 2 ** 32;
    };
    return { pick: (count) => Math.floor(next() * count), one: (list) => list[Math.floor(next() * list.length)] };
}

/** A view of a room as the page keeps it: the log's fold, and who is here. */
class View {
    constructor({ Log, createClient }, url, roomName) {
        const sockets = (this.sockets = []);
        class Tracked extends WebSocket {
            constructor(...words) {
                super(...words);
                sockets.push(this);
            }
        }
        this.Log = Log;
        this.log = new Log();
        this.members = new Map();
        this.client = createClient({ url, WebSocket: Tracked, backoff: { min: 1, max: 5 }, logger: () => {} });
        this.room = this.client.room(roomName);
        this.room.on('joined', ({ members, count }) => {
            this.members = new Map(members.map((user) => [user.id, user]));
            this.count = count;
        });
        this.room.on('reset', () => (this.log = new this.Log()));
        this.room.on('event', (event) => this.take(event));
        this.room.on('presence', ({ joined, left, count }) => {
            for (const user of left) this.members.delete(user.id);
            for (const user of joined) this.members.set(user.id, user);
            this.count = count;
        });
    }

    take(event) {
        this.log.add(event);
    }

    async open(history) {
        await this.room.join({ history });
        return this;
    }

    /** As the page does when one scrolls up to the top. */
    async loadAll() {
        for (let more = true; more && this.log.first > 1; ) {
            const page = await this.room.history({ before: this.log.first, limit: 7 });
            for (const event of page.events) this.log.add(event);
            more = page.more && page.events.length > 0;
        }
    }

    cut() {
        this.sockets[this.sockets.length - 1]?.terminate();
    }

    people() {
        return [...this.members.values()].map(({ id, name }) => `${id} ${name}`).sort();
    }

    messages() {
        return this.log.messages.map(({ id, seq, at, user, text, isEdited, isDeleted, replyTo, reactions }) => {
            const shown = reactions.map(({ emoji, users }) => `${emoji}:${users.map((one) => one.id).join(',')}`);
            return { id, seq, at, user, text, isEdited, isDeleted, replyTo, reactions: shown };
        });
    }
}

/** What people do, and what is known of it: `reads` are positions that the server confirmed. */
class History {
    constructor(server, random, roomName, people) {
        Object.assign(this, { server, random, roomName, people, keys: 0, last: 0 });
        this.reads = new Map();
    }

    async act() {
        const { random } = this;
        const index = random.pick(this.people.length);
        const kind = random.one(KINDS);
        if (kind === 'go') return this.comeAndGo(index);
        return this.command(this.people[index], kind);
    }

    async command(person, kind) {
        const { random } = this;
        const seq = 1 + random.pick(Math.max(1, this.last));
        const key = `key-${(this.keys += 1)}`;
        const room = this.roomName;
        const reply = random.pick(4) === 0 && this.last > 0 ? { reply_to: seq } : {};
        const commands = {
            send: { type: 'send', room, text: `text ${key}`, key, ...reply },
            edit: { type: 'edit', room, seq, text: `edited ${key}`, key },
            delete: { type: 'delete', room, seq, key },
            react: { type: 'react', room, seq, emoji: random.one(EMOJI), on: random.pick(3) > 0, key },
            read: { type: 'read', room, seq },
            name: { type: 'name', name: `${random.one(NAMES)} ${room.slice(-3)}${random.pick(4)}` },
        };
        if (kind === 'typing') return person.send({ type: 'typing', room });
        const answer = await person.ask(commands[kind]);
        if (answer.type === 'ack') this.last = Math.max(this.last, answer.seq);
        const id = person.welcome.user.id;
        if (kind === 'read' && answer.type === 'ok')
            this.reads.set(id, Math.max(this.reads.get(id) ?? 0, Math.min(seq, this.last)));
    }

    /** Leaves the room, or loses the connection, and comes back as the same or as somebody new. */
    async comeAndGo(index) {
        const person = this.people[index];
        if (this.random.pick(3) === 0) {
            await person.ask({ type: 'leave', room: this.roomName });
            await person.ask({ type: 'join', room: this.roomName });
            return;
        }
        const { token } = person.welcome;
        person.socket.terminate();
        const headers = this.random.pick(2) === 0 ? { Authorization: `Bearer ${token}` } : {};
        this.people[index] = await enter(this.server, this.roomName, { headers });
    }
}

async function compare(follower, latest, history, patience = 20) {
    await until(() => follower.room.seq === history.last, 'the follower has the newest event');
    await latest.loadAll();
    await follower.loadAll();
    equal(follower.messages(), latest.messages(), 'messages');
    // Who lost the connection is shown until the lease is over, so both may still change.
    let fetched = [];
    const followed = () => [...follower.people(), follower.count];
    await until(
        async () => {
            const { members, count } = await latest.room.members();
            fetched = [...members.map(({ id, name }) => `${id} ${name}`).sort(), count];
            return JSON.stringify(followed()) === JSON.stringify(fetched);
        },
        'the members',
        patience,
    ).catch(() => fail(`the members: followed ${followed()}, fetched ${fetched}`));
    const info = (await latest.client.rooms()).find(({ room }) => room === history.roomName);
    const expected = [follower.room.seq, follower.members.size, true];
    equal([info?.seq, info?.count, info?.joined], expected, 'the list of rooms');
    const seen = await follower.room.verify();
    if (history.last > 0) assert(seen.state === 'complete', `the follower saw all: ${JSON.stringify(seen)}`);
}

/** What waits for each of them, as the server counts it, against what the log says is behind their read positions. */
async function compareUnread(history, roomName) {
    let compared = 0;
    for (const person of history.people) {
        const { rooms } = await person.ask({ type: 'mine' });
        const row = rooms.find(({ room }) => room === roomName);
        if (!row) continue; // guests without a name leave none, and rooms in memory have none
        const { events } = await person.ask({ type: 'history', room: roomName, after: row.read, limit: 100 });
        const waiting = events.filter(({ type, seq }) => type === 'message' && seq > row.read);
        equal([row.unread, row.seq], [waiting.length, history.last], `what waits for ${person.welcome.user.name}`);
        compared += 1;
    }
    return compared;
}

async function runHistory(fold, server, seed) {
    const random = chance(seed);
    const roomName = `${random.pick(4) === 0 ? '~' : ''}agree-${seed}`;
    const people = await Promise.all([0, 1, 2].map(() => enter(server, roomName)));
    const history = new History(server, random, roomName, people);
    const follower = new View(fold, server.ws, roomName);
    const latest = new View(fold, server.ws, roomName);
    try {
        const steps = 8 + random.pick(20);
        const begin = random.pick(steps);
        for (let step = 0; step < steps; step += 1) {
            if (step === begin) await follower.open(1 + random.pick(9));
            else if (step > begin && random.pick(6) === 0) follower.cut();
            await history.act();
        }
        await latest.open(5);
        await compare(follower, latest, history);
        return { roomName, reads: history.reads, unread: await compareUnread(history, roomName) };
    } catch (problem) {
        fail(`AGREE_SEED=${seed}: ${problem.message}`);
    } finally {
        for (const view of [follower, latest]) view.client.close();
        for (const person of history.people) person.socket.terminate();
    }
}

/** Read positions are told to nobody else, so they are compared with the table. */
async function compareReads(server, results) {
    const sql = 'SELECT rooms.name, user, seq FROM reads JOIN rooms ON rooms.id = room';
    const { stdout } = await promisify(execFile)('sqlite3', ['-separator', ' ', `${server.data}/natter.db`, sql]);
    const found = stdout.trim().split('\n').filter(Boolean).sort();
    const expected = results
        .filter(({ roomName }) => !roomName.startsWith('~'))
        .flatMap(({ roomName, reads }) => [...reads].map(([id, seq]) => `${roomName} ${id} ${seq}`));
    equal(found, expected.sort(), 'read positions');
}

test(
    'state and events agree, over random histories',
    async (context) => {
        const fold = await loadFold();
        const server = await context.server(FLAGS);
        const given = process.env.AGREE_SEED;
        const first = given === undefined ? Math.floor(Math.random() * 1e9) : Number(given);
        const seeds = Array.from({ length: given === undefined ? COUNT : 1 }, (_, index) => first + index);
        console.log(`# AGREE_SEED from ${first}, ${seeds.length} histories`);
        const results = [];
        const worker = async () => {
            for (let seed = seeds.shift(); seed !== undefined; seed = seeds.shift())
                results.push(await runHistory(fold, server, seed));
        };
        await Promise.all(Array.from({ length: AT_ONCE }, worker));
        await compareReads(server, results);
        const unread = results.reduce((sum, one) => sum + one.unread, 0);
        console.log(`# ${unread} compared counts of what waits`);
        assert(given !== undefined || unread > 0, 'what waits for somebody was compared');
    },
    { seconds: 180 },
);

/** Forgets what one kind of event said. */
function forgetful(fold, kind) {
    return class extends View {
        constructor(...words) {
            super(fold, ...words);
        }

        take(event) {
            if (event.type !== kind) super.take(event);
        }
    };
}

test('a view that misses an event does not agree', async (context) => {
    const fold = await loadFold();
    const server = await context.server(FLAGS);
    for (const kind of ['message', 'edited', 'deleted', 'reaction', 'presence']) {
        const roomName = `lossy-${kind}`;
        const people = [await enter(server, roomName)];
        const history = new History(server, chance(1), roomName, people);
        const Lossy = forgetful(fold, kind);
        const follower = new Lossy(server.ws, roomName);
        const latest = new View(fold, server.ws, roomName);
        await follower.open(0);
        if (kind === 'presence') follower.members.set('u', { id: 'u', name: 'somebody who left unnoticed' });
        const steps = { send: 0, react: 1, edit: 0, delete: 2 }; // which message each is about
        for (const step of ['send', 'send', 'send', 'react', 'edit', 'delete']) {
            history.random = { pick: () => steps[step], one: (list) => list[0] };
            await history.command(people[0], step);
        }
        await latest.open(5);
        follower.loadAll = async () => {};
        let problem;
        await compare(follower, latest, history, 0.5).catch((one) => (problem = one));
        for (const view of [follower, latest]) view.client.close();
        people[0].socket.terminate();
        const isTold = problem && /^(messages|the members)/.test(problem.message);
        assert(isTold, `${kind}: ${problem?.message}`);
    }
});

/** Presence is told so rarely here that much can happen between two frames. */
const RARELY = ['--limits', 'off', '--chat-presence-lease', '20ms', '--chat-presence-interval', '3s'];

function tells(client, what, user) {
    return client.frames.some((frame) => frame.type === 'presence' && frame[what].some(({ id }) => id === user.id));
}

async function isGone(witness, user) {
    const members = async () => (await witness.ask({ type: 'who', room: 'lobby' })).members;
    await until(async () => !(await members()).some(({ id }) => id === user.id), 'the lease is over');
}

test('who comes in while somebody is away unnoticed is told of the return', async (context) => {
    const server = await context.server(RARELY);
    const ada = await enter(server, 'lobby');
    const bob = await enter(server, 'lobby');
    const { user, token } = bob.welcome;
    await until(() => tells(ada, 'joined', user), 'Ada is told of Bob');
    bob.socket.terminate();
    await isGone(ada, user);
    const cleo = await enter(server, 'lobby');
    equal(cleo.joined.members.some(({ id }) => id === user.id), false, 'Bob is away when Cleo comes');
    const again = await enter(server, 'lobby', { headers: { Authorization: `Bearer ${token}` } });
    equal(again.welcome.user.id, user.id, 'the same Bob');
    await until(() => tells(cleo, 'joined', user), 'Cleo is told of Bob');
    for (const client of [ada, cleo, again]) await client.close();
});

test('who was shown to a newcomer is told to have left, though nobody else heard of the visit', async (context) => {
    const server = await context.server(RARELY);
    const ada = await enter(server, 'lobby');
    const bob = await enter(server, 'lobby');
    const { user } = bob.welcome;
    const cleo = await enter(server, 'lobby');
    equal([tells(ada, 'joined', user), cleo.joined.count], [false, 3], 'only Cleo knows of Bob');
    bob.socket.terminate();
    await isGone(ada, user);
    await until(() => tells(cleo, 'left', user), 'Cleo is told that Bob left');
    equal(cleo.frames.filter(({ type }) => type === 'presence').pop().count, 2, 'count');
    for (const client of [ada, cleo]) await client.close();
});
