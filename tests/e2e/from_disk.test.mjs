// SPDX-License-Identifier: Apache-2.0
// Events that are no longer in memory: history, joins and digests read them from the disk, and nobody can tell.
import { createHash } from 'node:crypto';

import { equal, test, until } from './lib/harness.mjs';
import { enter } from './lib/client.mjs';

const FLAGS = ['--limits', 'off', '--store-recent-events', '4'];
const COUNT = 60;
const range = (from, to) => Array.from({ length: to - from + 1 }, (_, i) => from + i);
const seqs = (frame) => frame.events.map((event) => event.seq);

async function filledRoom(context) {
    const server = await context.server(FLAGS);
    const ada = await enter(server, 'lobby');
    for (let i = 1; i <= COUNT; i++) ada.send({ type: 'send', room: 'lobby', text: `m${i}`, key: `k${i}` });
    await until(() => ada.messages('lobby').length === COUNT, 'all messages');
    return { server, ada };
}

test('history pages through what is on the disk alone', async (context) => {
    const { ada } = await filledRoom(context);
    const cases = [
        [{ before: 31, limit: 10 }, range(21, 30), true],
        [{ before: 3, limit: 10 }, [1, 2], false],
        [{ before: 1, limit: 10 }, [], false],
        [{ before: 59, limit: 5 }, range(54, 58), true],
        [{ after: 0, limit: 5 }, range(1, 5), true],
        [{ after: 50, limit: 5 }, range(51, 55), true],
        [{ after: 54, limit: 50 }, range(55, 60), false],
        [{ after: 60, limit: 5 }, [], false],
    ];
    for (const [page, expected, more] of cases) {
        const answer = await ada.ask({ type: 'history', room: 'lobby', ...page });
        equal([seqs(answer), answer.more], [expected, more], JSON.stringify(page));
        equal(answer.events.map((event) => event.text), expected.map((seq) => `m${seq}`), 'the texts belong to them');
    }
    await ada.close();
});

test('whoever resumes from long ago gets all of it from the disk', async (context) => {
    const { server, ada } = await filledRoom(context);
    const { epoch } = ada.joined;
    const bob = await enter(server, 'lobby', { join: { after: 3, epoch } });
    equal([seqs(bob.joined), bob.joined.truncated, bob.joined.seq], [range(4, 60), false, 60], 'all that was missed');
    equal(bob.joined.members.length, 2, 'who is there');
    const eve = await enter(server, 'lobby', { join: { history: 20 } });
    equal([seqs(eve.joined), eve.joined.seq], [range(41, 60), 60], 'the last twenty');
    const text = range(1, COUNT).map((seq) => `${seq}:k${seq}\n`);
    for (const [from, to] of [[1, COUNT], [2, 7], [COUNT, COUNT]]) {
        const expected = createHash('sha256').update(text.slice(from - 1, to).join('')).digest('hex');
        const answer = await bob.ask({ type: 'digest', room: 'lobby', from, to });
        equal(answer.sha256, expected, `digest ${from} to ${to}`);
    }
    for (const client of [ada, bob, eve]) await client.close();
});

test('a replay from the disk and the live feed have no seam', async (context) => {
    const { server, ada } = await filledRoom(context);
    const { epoch } = ada.joined;
    const last = COUNT + 200;
    const talk = (async () => {
        for (let seq = COUNT + 1; seq <= last; seq++) await ada.say('lobby', `m${seq}`, `k${seq}`);
    })();
    const readers = [];
    for (let i = 0; i < 8; i++) readers.push(await enter(server, 'lobby', { join: { after: i, epoch } }));
    await talk;
    for (const [index, reader] of readers.entries()) {
        await until(() => reader.messages('lobby').at(-1)?.seq === last || reader.joined.seq === last, 'the newest');
        const live = reader.messages('lobby').map((event) => event.seq);
        equal([...seqs(reader.joined), ...live], range(index + 1, last), `reader ${index}: each once, in order`);
        await reader.close();
    }
    await ada.close();
});
