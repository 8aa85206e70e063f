// SPDX-License-Identifier: Apache-2.0
// The shipped configurations, each through its real proxy, over TLS.
import { brotliDecompressSync } from 'node:zlib';

import { Client, enter } from '../e2e/lib/client.mjs';
import { assert, equal, test, until } from '../e2e/lib/harness.mjs';
import { history, Ledger, Persistent } from '../e2e/lib/ledger.mjs';
import { get } from '../e2e/lib/server.mjs';

// The idle time of each shipped configuration, made short.
export const shortIdle = {
    nginx: [['proxy_read_timeout 75s', 'proxy_read_timeout 2s']],
    caddy: [], // it cuts no idle connection
    haproxy: [['timeout tunnel  75s', 'timeout tunnel 2s']],
    apache: [['ProxyTimeout 75', 'ProxyTimeout 2\nTimeout 2']], // the longer of the two counts,
};
const shortIdleMs = 2000;
const trusting = ['--trusted-proxies', '127.0.0.1'];

const fetched = (proxy, path, headers = {}) => get(`${proxy.url}${path}`, { ca: proxy.certificate.text, headers });
const fromPage = (proxy, more = {}) => ({ headers: { Origin: new URL(proxy.url).origin }, ...more });

async function pageComes(proxy) {
    const page = await fetched(proxy, '/');
    equal(page.status, 200, 'the page');
    const script = /src="\.\/([^"]+\.js)"/.exec(page.body)[1];
    const asset = await fetched(proxy, `/${script}`, { 'Accept-Encoding': 'gzip, br' });
    equal([asset.status, asset.headers['content-encoding']], [200, 'br'], 'the script, as natter compressed it');
    assert(brotliDecompressSync(asset.bytes).length > 1000, 'the script is whole');
    const nothing = await fetched(proxy, '/nothing');
    assert(nothing.status === 404 && nothing.body.startsWith('There is nothing here.'), "natter's own 404");
    if (proxy.place === 'subpath') {
        const bare = await fetched(proxy, '');
        assert(bare.status === 308 && bare.headers.location.endsWith('/chat/'), `without its slash: ${bare.status}`);
    }
}

async function chatWorks(proxy) {
    const ada = await enter(proxy, 'lobby', fromPage(proxy, { deflate: { threshold: 0 } }));
    const bob = await enter(proxy, 'lobby', fromPage(proxy));
    equal(ada.socket.protocol, 'natter.v1', 'subprotocol');
    assert(/permessage-deflate/.test(ada.socket.extensions), `compression agreed: ${ada.socket.extensions}`);
    equal(bob.socket.extensions, '', 'and not where it was not asked for');
    const text = 'words, '.repeat(400); // long enough to be compressed in both directions
    equal((await ada.say('lobby', text)).type, 'ack', 'sent');
    equal((await bob.wait('message')).text, text, 'delivered');
    equal((await bob.say('lobby', text)).type, 'ack', 'sent back');
    await until(() => ada.messages('lobby').length === 2, 'both messages');
    for (const client of [ada, bob]) await client.close();
}

async function largeMessagesPass(proxy) {
    const ada = await enter(proxy, 'lobby', fromPage(proxy));
    const bob = await enter(proxy, 'lobby', fromPage(proxy));
    const { limits } = ada.welcome;
    const text = 'x'.repeat(limits.text_bytes);
    equal((await ada.say('lobby', text)).type, 'ack', 'the longest text');
    equal((await bob.wait('message')).text.length, limits.text_bytes, 'delivered whole');
    const ping = { type: 'ping', ref: 'big', filler: '' };
    ping.filler = 'y'.repeat(limits.frame_bytes - JSON.stringify(ping).length);
    ada.send(ping);
    equal((await ada.wait('pong')).ref, 'big', 'the largest frame');
    ada.send('z'.repeat(limits.frame_bytes + 1));
    await until(() => ada.closed, 'closed');
    equal(ada.closed.code, 1009, 'what is too big is told so by natter itself');
    await bob.close();
}

async function cookieFits(proxy, path) {
    const ada = await enter(proxy, 'lobby', fromPage(proxy));
    const [cookie] = ada.headers['set-cookie'];
    assert(cookie.includes(`; Path=${path}`) && cookie.includes('; Secure'), cookie);
    await ada.close();
}

/** Two clients at two addresses, each with its own limit, behind one proxy; and a third that lies about its own. */
async function limitsAreTheClients(context, kind) {
    const server = await context.server([...trusting, '--connections-per-address-max', '2']);
    const proxies = await context.proxy(kind, server);
    const from = (localAddress, headers = {}) =>
        new Client(proxies.ws, { headers, socket: { ...proxies.socketOptions, localAddress } });
    const statusOf = async (client) => {
        await until(() => client.headers || client.refused || client.error, 'an answer');
        return client.refused?.status ?? 101;
    };
    const clients = [from('127.0.0.2'), from('127.0.0.2')];
    for (const client of clients) equal(await statusOf(client), 101, 'two of one address');
    clients.push(from('127.0.0.2'), from('127.0.0.2', { 'X-Forwarded-For': '192.0.2.77' }), from('127.0.0.3'));
    equal(await statusOf(clients[2]), 429, 'a third one is too many');
    equal(await statusOf(clients[3]), 429, 'whatever it says about itself');
    equal(await statusOf(clients[4]), 101, 'another address has its own');
    const evil = { Origin: 'https://evil.example', 'X-Forwarded-Host': 'evil.example' };
    clients.push(from('127.0.0.4', evil));
    equal(await statusOf(clients[5]), 403, 'nor does it choose the host');
    for (const client of clients) await client.close();
}

async function heartbeatsHold(context, kind) {
    const quick = await context.server(['--connection-heartbeat', '500ms']);
    const through = await context.proxy(kind, quick, { edits: shortIdle[kind] });
    const ada = await enter(through, 'lobby', fromPage(through));
    const slow = await context.server(['--connection-heartbeat', '60s']);
    const cut = await context.proxy(kind, slow, { edits: shortIdle[kind] });
    const bob = await enter(cut, 'lobby', fromPage(cut));
    if (shortIdle[kind].length > 0) await until(() => bob.closed, 'the proxy cuts the one that is silent');
    const since = Date.now();
    await until(() => Date.now() - since > 1.5 * shortIdleMs || ada.closed, 'more than the idle time');
    assert(!ada.closed, 'heartbeats keep the other');
    equal((await ada.say('lobby', 'still here')).type, 'ack', 'and it works');
    for (const client of [ada, bob]) await client.close();
}

async function restartsLoseNothing(context, kind) {
    const server = await context.server(['--limits', 'off']);
    const proxy = await context.proxy(kind, server);
    const ledger = new Ledger('restart');
    const clients = Array.from({ length: 4 }, (_, i) => new Persistent(proxy, ledger, `c${i}`));
    const more = async (count) => {
        const goal = ledger.acks.size + count;
        await until(() => ledger.acks.size >= goal || clients.some((client) => client.problem), `${goal} acks`, 40);
        for (const client of clients) if (client.problem) throw client.problem;
    };
    await more(100);
    const exit = await server.stop(); // a drain
    equal(exit.code, 0, 'drained');
    await server.start();
    await more(100);
    proxy.reload();
    await more(100);
    await server.kill();
    await server.start();
    await more(100);
    await Promise.all(clients.map((client) => client.stop()));
    ledger.check(await history(server, 'restart'));
    assert(clients.every((client) => client.reconnects >= 1), 'everybody was thrown out');
}

async function farewellArrives(context, kind) {
    const server = await context.server();
    const proxy = await context.proxy(kind, server);
    const ada = await enter(proxy, 'lobby', fromPage(proxy));
    const ending = server.stop();
    equal((await ada.wait('bye')).resume, true, 'bye');
    await until(() => ada.closed, 'closed');
    equal(ada.closed.code, 1001, 'the close code arrives as it was sent');
    equal((await ending).code, 0, 'status');
    const refused = new Client(proxy.ws, fromPage(proxy, { socket: proxy.socketOptions }));
    await until(() => refused.closed || refused.error, 'nobody answers now');
    assert([502, 503].includes(refused.refused?.status), `the proxy says so: ${refused.refused?.status}`);
}

export function tests(kind) {
    for (const place of ['root', 'subpath']) {
        test(`${kind}, ${place}: page, chat, compression and large messages come through`, async (context) => {
            const path = place === 'root' ? '/' : '/chat';
            const server = await context.server([...trusting, ...(place === 'root' ? [] : ['--public-url', path])]);
            const proxy = await context.proxy(kind, server, { place });
            await pageComes(proxy);
            await chatWorks(proxy);
            await largeMessagesPass(proxy);
            await cookieFits(proxy, path);
        });
    }
    test(`${kind}: an idle connection outlives the proxy's patience by its heartbeats`, (context) =>
        heartbeatsHold(context, kind));
    test(`${kind}: restarts of natter and reloads of the proxy lose and double nothing`, (context) =>
        restartsLoseNothing(context, kind));
    test(`${kind}: limits are those of the clients behind the proxy`, (context) =>
        limitsAreTheClients(context, kind));
    test(`${kind}: a drain says goodbye through the proxy`, (context) => farewellArrives(context, kind));
}
