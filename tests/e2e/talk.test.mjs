// SPDX-License-Identifier: Apache-2.0
// What a conversation has besides its messages: who is named in them, what is unread, direct messages, topics, pins.
import { enter } from './lib/client.mjs';
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
