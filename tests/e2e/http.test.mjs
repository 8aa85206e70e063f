// SPDX-License-Identifier: Apache-2.0
// What plain HTTP says.
import { gunzipSync, brotliDecompressSync } from 'node:zlib';
import { assert, equal, test } from './lib/harness.mjs';
import { Client } from './lib/client.mjs';
import { get } from './lib/server.mjs';

test('the page is served compressed, with a validator and a strict policy', async (context) => {
    const server = await context.server();
    const plain = await get(`${server.url}/`);
    equal(plain.status, 200, 'status');
    assert(/<!doctype html>/i.test(plain.body), 'a page');
    assert(
        /default-src 'none'/.test(plain.headers['content-security-policy']) &&
            !/unsafe/.test(plain.headers['content-security-policy']),
        'policy',
    );
    equal(plain.headers['x-content-type-options'], 'nosniff', 'nosniff');
    const gzip = await get(`${server.url}/`, { headers: { 'Accept-Encoding': 'gzip' } });
    equal([gzip.headers['content-encoding'], gunzipSync(gzip.bytes).toString()], ['gzip', plain.body], 'gzip');
    const brotli = await get(`${server.url}/`, { headers: { 'Accept-Encoding': 'gzip, br' } });
    equal(
        [brotli.headers['content-encoding'], brotliDecompressSync(brotli.bytes).toString()],
        ['br', plain.body],
        'brotli',
    );
    const again = await get(`${server.url}/`, { headers: { 'If-None-Match': plain.headers.etag } });
    equal([again.status, again.body], [304, ''], 'not modified');
    const script = /src="([^"]+\.js)"/.exec(plain.body)[1];
    const asset = await get(new URL(script, `${server.url}/`));
    equal(asset.status, 200, 'script');
    assert(/immutable/.test(asset.headers['cache-control']), 'hashed names are for ever');
});

test('health, wrong methods and wrong paths are answered in words', async (context) => {
    const server = await context.server();
    for (const path of ['/livez', '/readyz', '/healthz']) equal((await get(server.url + path)).status, 200, path);
    equal((await get(`${server.url}/metrics`)).status, 404, 'metrics are not public');
    const nothing = await get(`${server.url}/nothing/here`);
    assert(nothing.status === 404 && nothing.body.length > 10, '404');
    const post = await get(`${server.url}/`, { method: 'POST', body: 'x' });
    assert(post.status === 405 && /GET/.test(post.headers.allow), '405');
    const ws = await get(`${server.url}/ws`);
    assert(ws.status === 426 && /[Uu]pgrade/.test(ws.body), '426 says what to send');
});

test('a foreign origin is refused, the own and the configured are not', async (context) => {
    const server = await context.server(['--chat-origins', 'https://friend.example']);
    const refused = new Client(server.ws, { headers: { Origin: 'https://evil.example' } });
    await refused.opened().catch(() => {});
    equal(refused.refused?.status, 403, 'foreign');
    for (const origin of [`http://127.0.0.1:${server.port}`, 'https://friend.example']) {
        const client = await new Client(server.ws, { headers: { Origin: origin } }).opened();
        await client.wait('welcome');
        await client.close();
    }
});

test('metrics move and end with EOF', async (context) => {
    const server = await context.server();
    const before = await server.metrics();
    const client = await new Client(server.ws).opened();
    await client.wait('welcome');
    await client.ask({ type: 'join', room: 'lobby' });
    await client.say('lobby', 'count me');
    const after = await server.metrics();
    const sum = (values, start) =>
        [...values].reduce((total, [name, value]) => (name.startsWith(start) ? total + value : total), 0);
    for (const name of ['natter_accepted_total', 'natter_commits_total', 'natter_bytes', 'natter_frames'])
        assert(sum(after, name) > sum(before, name), `${name} moves`);
    equal(sum(after, 'natter_connections{state="open"'), 1, 'open connections');
    const { body, headers } = await get(`http://127.0.0.1:${server.opsPort}/metrics`);
    assert(body.endsWith('# EOF\n') && /openmetrics-text/.test(headers['content-type']), 'OpenMetrics');
    await client.close();
});
