// SPDX-License-Identifier: Apache-2.0
// People who talk in some rooms until they are ended, for pictures of a server that works: crowd.mjs URL. Says a line
// once everybody is there.
import { Client } from './client.mjs';

const url = process.argv[2];
const people = ['Ada', 'Bob', 'Chen', 'Dora', 'Emil', 'Farah', 'Gustav', 'Hana', 'Ivo', 'Zoë'];
const rooms = ['lobby', 'garden', 'kitchen'];
const agents = ['Mozilla/5.0 (X11; Linux x86_64) Firefox/128.0', 'natter-sdk/0.1 node/20', 'curl/8.5'];

async function come(name, index, last) {
    const client = new Client(url, { headers: { 'User-Agent': agents[index % agents.length] } });
    await client.opened();
    client.welcome = await client.wait('welcome');
    if (last) await client.ask({ type: 'ping', last });
    await client.ask({ type: 'name', name });
    const room = rooms[index % rooms.length];
    await client.ask({ type: 'join', room, ...(last ? { after: 0 } : {}) });
    client.timer = setInterval(() => client.send({ type: 'send', room, text: 'hello', key: `${Math.random()}` }),
        400 + 150 * index);
    return client;
}

const clients = await Promise.all(people.map((name, index) => come(name, index)));
for (const index of [2, 5]) {
    const gone = clients[index];
    clearInterval(gone.timer);
    gone.socket.terminate();
    const last = { connection: gone.welcome.connection, code: 1006, ago: 4200, saw: ['offline', 'online'] };
    await come(people[index], index, last);
}
console.log('ready');
