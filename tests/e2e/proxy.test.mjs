// SPDX-License-Identifier: Apache-2.0
// What a proxy in front says about its clients, whom natter believes, and the path below which a proxy serves it.
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import WebSocket from 'ws';

import { Client, enter } from './lib/client.mjs';
import { assert, equal, test, until } from './lib/harness.mjs';
import { get } from './lib/server.mjs';

const TRUSTED = ['--trusted-proxies', '127.0.0.1'];
const SIGNATURE_2 = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
const FROM_192_0_2_9 = [0x21, 0x11, 0, 12, 192, 0, 2, 9, 10, 0, 0, 1, 0x12, 0x67, 0, 80];

async function cookieOf(server, headers, path = '/ws') {
    const client = await new Client(`ws://127.0.0.1:${server.port}${path}`, { headers }).opened();
    await client.wait('welcome');
    const cookie = client.headers['set-cookie'][0];
    await client.close();
    return cookie;
}

async function statusOf(server, headers) {
    const client = new Client(server.ws, { headers });
    await client.opened().catch(() => {});
    await client.close();
    return client.refused?.status ?? 101;
}

test('cookies are Secure where a trusted proxy says https, and only there', async (context) => {
    const https = { 'X-Forwarded-Proto': 'https', 'X-Forwarded-For': '192.0.2.1' };
    const stranger = await context.server();
    assert(!/Secure/.test(await cookieOf(stranger, https)), 'a stranger says nothing');
    const server = await context.server(TRUSTED);
    assert(/; Secure/.test(await cookieOf(server, https)), 'https');
    assert(!/Secure/.test(await cookieOf(server, { ...https, 'X-Forwarded-Proto': 'http' })), 'http');
    const rfc = await context.server([...TRUSTED, '--forwarded-fields', 'forwarded']);
    assert(/; Secure/.test(await cookieOf(rfc, { Forwarded: 'for=192.0.2.1;proto=https' })), 'Forwarded');
    assert(!/Secure/.test(await cookieOf(rfc, https)), 'the fields that the proxy does not write are passed over');
});

test('the own origin is the one that the proxy was asked for', async (context) => {
    const server = await context.server(TRUSTED);
    const outside = {
        'X-Forwarded-Host': 'chat.example',
        'X-Forwarded-Proto': 'https',
        'X-Forwarded-For': '192.0.2.1',
    };
    equal(await statusOf(server, { ...outside, Origin: 'https://chat.example' }), 101, 'own');
    equal(await statusOf(server, { ...outside, Origin: 'http://chat.example' }), 403, 'own, but not encrypted');
    equal(await statusOf(server, { ...outside, Origin: 'https://evil.example' }), 403, 'foreign');
    equal(await statusOf(server, { Origin: 'https://chat.example' }), 403, 'not told');
    const known = await context.server(['--public-url', 'https://chat.example']);
    equal(await statusOf(known, { Origin: 'https://chat.example' }), 101, 'the public address');
    equal(await statusOf(known, { ...outside, Origin: 'https://other.example' }), 403, 'another one');
});

test('limits are those of clients behind the proxy, and forged addresses change nothing', async (context) => {
    const server = await context.server([...TRUSTED, '--connections-per-address-max', '2']);
    const from = (address) => ({ headers: { 'X-Forwarded-For': address } });
    const clients = [];
    for (const address of ['192.0.2.1', '192.0.2.1', '192.0.2.2', '6.6.6.6, 192.0.2.2'])
        clients.push(await enter(server, 'lobby', from(address)));
    equal(await statusOf(server, { 'X-Forwarded-For': '7.7.7.7, 192.0.2.1' }), 429, 'a third one');
    equal(await statusOf(server, { 'X-Forwarded-For': '192.0.2.3' }), 101, 'another address');
    for (const client of clients) await client.close();
    const metrics = await server.metrics();
    equal(metrics.get('natter_ended_total{reason="over_limit"}'), 1, 'refused');
    assert(metrics.get('natter_forwarded_total') >= 6, 'counted');
});

test('rates are those of clients behind the proxy', async (context) => {
    const server = await context.server([...TRUSTED, '--rate-address', '1/8', '--shards', '1']);
    const loud = await enter(server, 'lobby', { headers: { 'X-Forwarded-For': '192.0.2.1' } });
    const quiet = await enter(server, 'lobby', { headers: { 'X-Forwarded-For': '192.0.2.2' } });
    const answers = [];
    for (let i = 0; i < 12; i++) answers.push((await loud.say('lobby', `loud ${i}`)).code);
    assert(answers.includes('rate_limited'), 'one address is slowed down');
    equal((await quiet.say('lobby', 'and me?')).type, 'ack', 'the other is not');
    await loud.close();
    await quiet.close();
});

test('below a base path everything is found, with the path and without it', async (context) => {
    const server = await context.server(['--public-url', '/some/chat']);
    const bare = await get(`${server.url}/some/chat?x=1`);
    equal([bare.status, bare.headers.location], [308, '/some/chat/?x=1'], 'the slash is added');
    for (const base of ['/some/chat/', '/']) {
        const page = await get(server.url + base);
        equal(page.status, 200, `page at ${base}`);
        const links = [...page.body.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => match[1]);
        assert(links.length >= 3, 'links');
        for (const link of links) {
            const url = new URL(link, server.url + base);
            assert(url.pathname.startsWith(base), `${link} stays below ${base}`);
            equal((await get(url)).status, 200, url.pathname);
        }
        equal((await get(`${server.url}${base}healthz`)).status, 200, 'health');
        equal((await get(`${server.url}${base}ws`)).status, 426, 'ws without upgrade');
        assert(/; Path=\/some\/chat\/;/.test(await cookieOf(server, {}, `${base}ws`)), 'cookies belong to the path');
    }
    equal((await get(`${server.url}/some/chatter`)).status, 404, 'another path');
    equal((await get(`${server.url}/some/chat/metrics`)).status, 404, 'nothing more');
    const manifest = JSON.parse((await get(`${server.url}/some/chat/manifest.webmanifest`)).body);
    equal([manifest.start_url, manifest.scope], ['./', './'], 'the manifest is relative');
});

test('a unix socket serves as a port does, and is gone afterwards', async (context) => {
    const server = await context.server(['--trusted-proxies', 'unix:'], { second: 'unix' });
    const path = join(server.data, 'natter.sock');
    assert(existsSync(path), 'the socket is there');
    equal((await get('http://localhost/healthz', { socketPath: path })).status, 200, 'health');
    const socket = new WebSocket(`ws+unix://${path}:/ws`, ['natter.v1'], {
        headers: { 'X-Forwarded-For': '192.0.2.1', 'X-Forwarded-Proto': 'https' },
    });
    const [response] = await once(socket, 'upgrade');
    assert(/; Secure/.test(response.headers['set-cookie'][0]), 'who may connect is trusted');
    await once(socket, 'message');
    socket.close();
    await once(socket, 'close');
    await server.stop();
    assert(!existsSync(path), 'the socket is gone');
});

/** One request behind a header; the answer's bytes until the server ends it. */
async function askBehind(port, header) {
    const socket = net.connect(port, '127.0.0.1');
    const parts = [];
    socket.on('data', (part) => parts.push(part));
    socket.on('error', () => {});
    socket.write(Buffer.concat([header, Buffer.from('GET /healthz HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n')]));
    await new Promise((resolve) => socket.on('close', resolve));
    return Buffer.concat(parts).toString();
}

test('a PROXY header is required where it is expected', async (context) => {
    const flags = [...TRUSTED, '--connections-per-address-max', '3'];
    const server = await context.server(flags, { second: 'proxy_protocol' });
    const line = Buffer.from('PROXY TCP4 192.0.2.9 10.0.0.1 4711 80\r\n');
    const binary = Buffer.concat([SIGNATURE_2, Buffer.from(FROM_192_0_2_9)]);
    const local = Buffer.concat([SIGNATURE_2, Buffer.from([0x20, 0, 0, 0])]);
    for (const header of [line, binary, local])
        assert(/^HTTP\/1.1 200/.test(await askBehind(server.secondPort, header)), 'served');
    equal(await askBehind(server.secondPort, Buffer.alloc(0)), '', 'without one');
    equal(await askBehind(server.secondPort, Buffer.from('PROXY TCP4 x\r\n')), '', 'a wrong one');
    assert(/^HTTP\/1.1 400/.test(await askBehind(server.port, line)), 'where none is expected');
    const held = [];
    for (let i = 0; i < 3; i++) {
        const socket = net.connect(server.secondPort, '127.0.0.1');
        socket.on('error', () => {});
        socket.write(binary);
        held.push(socket);
    }
    const waiting = async () => (await server.metrics()).get('natter_connections{state="request"}');
    await until(async () => (await waiting()) >= 3, 'three are there');
    assert(/^HTTP\/1.1 429/.test(await askBehind(server.secondPort, line)), 'the limit is the address in the header');
    assert(/^HTTP\/1.1 200/.test(await askBehind(server.secondPort, local)), 'and nobody else');
    for (const socket of held) socket.destroy();
    equal((await server.metrics()).get('natter_ended_total{reason="proxy_header"}'), 2, 'counted');
});
