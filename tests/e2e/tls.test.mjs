// SPDX-License-Identifier: Apache-2.0
// TLS in natter itself: with the clients that people have, and with those that should not get in.
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import https from 'node:https';
import net from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import WebSocket from 'ws';

import { assert, equal, test, until } from './lib/harness.mjs';
import { INSECURE, enterSecurely, makeCertificate, refusal, secureServer, shake } from './lib/secure.mjs';
import { get } from './lib/server.mjs';

const run = promisify(execFile);

test('the page and a chat work over TLS, with Secure cookies and HSTS', async (context) => {
    const server = await secureServer(context, ['--tls-hsts', '1h']);
    const url = `https://127.0.0.1:${server.secondPort}`;
    const page = await new Promise((resolve, reject) => {
        const request = https.get(`${url}/`, { ...INSECURE, agent: false }, (response) => {
            response.resume();
            response.on('end', () => resolve(response));
        });
        request.on('error', reject);
    });
    equal([page.statusCode, page.headers['strict-transport-security']], [200, 'max-age=3600'], 'page');
    equal((await get(`${server.url}/`)).headers['strict-transport-security'], undefined, 'not over plain HTTP');
    const [ada, bob] = [await enterSecurely(server, 'ada'), await enterSecurely(server, 'bob')];
    assert(/; Secure/.test(ada.headers['set-cookie'][0]), 'Secure');
    ada.send({ type: 'send', room: 'lobby', text: 'x'.repeat(15000), key: 'k1' });
    equal((await bob.wait('message')).text.length, 15000, 'a long message');
    for (const client of [ada, bob]) {
        client.socket.close();
        const [code] = await once(client.socket, 'close');
        equal(code, 1005, 'closed in order');
    }
    const counted = async () => (await server.metrics()).get('natter_ended_total{reason="peer_closed"}');
    await until(async () => (await counted()) === 2, 'both are counted');
});

test('TLS 1.2 and 1.3 are spoken, older ones and other protocols are not', async (context) => {
    const server = await secureServer(context);
    const port = server.secondPort;
    for (const version of ['TLSv1.2', 'TLSv1.3']) {
        const seen = await shake(port, { minVersion: version, maxVersion: version, ALPNProtocols: ['h2', 'http/1.1'] });
        equal([seen.version, seen.protocol], [version, 'http/1.1'], version);
    }
    const old = { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' };
    assert(/PROTOCOL_VERSION/.test(await refusal(port, old)), 'TLS 1.1');
    assert(/NO_APPLICATION_PROTOCOL/.test(await refusal(port, { ALPNProtocols: ['h2'] })), 'h2 alone');
    await refusal(port, { rejectUnauthorized: true });
    const reasons = async () => {
        const metrics = await server.metrics();
        return ['strange', 'refused'].map((name) => metrics.get(`natter_ended_total{reason="tls_${name}"}`));
    };
    await until(async () => (await reasons())[0] === 2, 'counted');
    const only = await secureServer(context, ['--tls-version-min', '1.3']);
    assert(/PROTOCOL_VERSION/.test(await refusal(only.secondPort, { maxVersion: 'TLSv1.2' })), 'the configured least');
});

test('openssl s_client agrees on modern ciphers and the name picks the certificate', async (context) => {
    const server = await secureServer(context);
    const names = ['a.example', 'b.example'];
    for (const servername of names) equal((await shake(server.secondPort, { servername })).subject, servername, 'name');
    equal((await shake(server.secondPort, { servername: 'c.example' })).subject, 'a.example', 'any other');
    const address = `127.0.0.1:${server.secondPort}`;
    const { stdout } = await run('sh', ['-c', `openssl s_client -connect ${address} -tls1_2 </dev/null 2>&1`]);
    assert(/ECDHE-ECDSA-AES128-GCM-SHA256/.test(stdout), 'cipher');
    assert(/Secure Renegotiation IS supported/.test(stdout) && /Compression: NONE/.test(stdout), 'no surprises');
});

test('sessions are resumed on every shard, also with tickets of the key before', async (context) => {
    const server = await secureServer(context, ['--shards', '2', '--tls-ticket-time', '1s']);
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3']) {
        let { session } = await shake(server.secondPort, { maxVersion });
        for (let i = 0; i < 8; i++) {
            const seen = await shake(server.secondPort, { maxVersion, session });
            assert(seen.isResumed, `${maxVersion}, attempt ${i}`);
            assert(seen.session || maxVersion === 'TLSv1.2', 'each ticket of TLS 1.3 is followed by another');
            session = seen.session ?? session;
        }
    }
    const { session } = await shake(server.secondPort);
    await until(async () => !(await shake(server.secondPort, { session })).isResumed, 'an old key is forgotten');
    assert((await server.metrics()).get('natter_tls_resumed_total') >= 16, 'counted');
});

test('SIGHUP takes a new certificate over and drops nobody; a wrong one changes nothing', async (context) => {
    const server = await secureServer(context);
    const subject = async () => (await shake(server.secondPort, { servername: 'a.example' })).subject;
    const ada = await enterSecurely(server, 'ada');
    const file = join(server.folder, 'a.example.pem');
    const old = readFileSync(file);
    makeCertificate(server.folder, 'a.example', 'renewed');
    server.child.kill('SIGHUP');
    await until(async () => (await subject()) === 'renewed', 'the new one is served');
    writeFileSync(file, old); /* which is not that key's */
    server.child.kill('SIGHUP');
    await until(() => server.lines.some((line) => line.includes('tls.reload_failed')), 'said in the log');
    assert(server.lines.some((line) => line.includes('is not the key of the certificate')), 'with the reason');
    equal(await subject(), 'renewed', 'the one before stays');
    ada.send({ type: 'send', room: 'lobby', text: 'still here', key: 'k1' });
    equal((await ada.wait('ack')).seq, 1, 'the connection lived through both');
    ada.socket.close();
    await once(ada.socket, 'close');
});

test('slow, wrong and plain beginnings each end for their reason', async (context) => {
    const server = await secureServer(context, ['--tls-handshake-time', '200ms']);
    const talk = async (bytes) => {
        const socket = net.connect(server.secondPort, '127.0.0.1');
        const parts = [];
        socket.on('data', (part) => parts.push(part));
        socket.on('error', () => {});
        socket.write(bytes);
        await new Promise((resolve) => socket.on('close', resolve));
        return Buffer.concat(parts).toString('latin1');
    };
    equal(await talk('\x16\x03\x01'), '', 'slow');
    assert((await talk('\x80garbage, and more of it\r\n\r\n')).length < 20, 'garbage: at most an alert');
    const plain = await talk('GET /x?y HTTP/1.1\r\nHost: h:1\r\n\r\n');
    assert(plain.startsWith('HTTP/1.1 308') && plain.includes('Location: https://h:1/x?y\r\n'), 'plain HTTP');
    const socket = new WebSocket(`ws://127.0.0.1:${server.secondPort}/ws`);
    const [, response] = await once(socket.on('error', () => {}), 'unexpected-response');
    equal(response.statusCode, 400, 'a plain WebSocket');
    socket.terminate();
    const metrics = async () => {
        const values = await server.metrics();
        const names = ['tls_timeout', 'tls_broken', 'plain_http'];
        return names.map((name) => values.get(`natter_ended_total{reason="${name}"}`));
    };
    await until(async () => JSON.stringify(await metrics()) === '[1,1,2]', 'each is counted').catch(async () =>
        equal(await metrics(), [1, 1, 2], 'reasons'),
    );
});

test('natter bench measures over TLS, and checks who answers', async (context) => {
    const server = await secureServer(context, ['--limits', 'off']);
    const words = ['--subscribers', '20', '--duration', '0.5', '--warmup', '0.1', '--json', '--quiet'];
    const url = `wss://127.0.0.1:${server.secondPort}/ws`;
    const report = JSON.parse(await server.verb('bench', ...words, '--insecure', url));
    assert(JSON.stringify(report).includes('deliver'), 'a report');
    equal((await server.metrics()).get('natter_tls_handshakes_total'), 21, 'each connection shook hands');
    const refused = await server.verb('bench', ...words, url).catch((error) => error);
    assert(/certificate verify failed/.test(`${refused.stdout}${refused.stderr}`), 'nobody vouches for it');
});

test('a port that redirects sends pages to https', async (context) => {
    const server = await secureServer(context, ['--public-url', 'https://chat.example:8443/c'], 'redirect');
    const headers = { Host: 'chat.example:80' };
    const answer = await get(`http://127.0.0.1:${server.secondPort}/c/page?x`, { headers });
    equal([answer.status, answer.headers.location], [308, 'https://chat.example:8443/c/page?x'], 'redirect');
});

test('a reader over TLS that stalls is moved forward and told, alone', async (context) => {
    const flags = ['--limits', 'off', '--feed-max', '65536', '--connection-write-time', '60s'];
    const server = await secureServer(context, flags);
    const slow = await enterSecurely(server, 'slow');
    const fast = await enterSecurely(server, 'fast');
    slow.socket.pause();
    slow.socket._socket.pause();
    const text = 'x'.repeat(8000);
    const acks = () => fast.frames.filter((frame) => frame.type === 'ack').length;
    slow.send({ type: 'join', room: '~loud' });
    fast.send({ type: 'join', room: '~loud' });
    await until(() => fast.frames.filter((frame) => frame.type === 'joined').length === 2, 'joined');
    await until(async () => (await server.metrics()).get('natter_subscriptions') === 4, 'both are in');
    // How much the kernel holds for the one who does not read is its own affair.
    const isLapped = async () => (await server.metrics()).get('natter_feed_lapped_total') > 0;
    let count = 0;
    for (let isDone = false; !isDone; isDone = count >= 9000 || (count >= 1500 && (await isLapped()))) {
        for (let i = 0; i < 50; i++) fast.send({ type: 'send', room: '~loud', text, key: `m${count++}` });
        await until(() => acks() >= count, 'acks');
    }
    assert(await isLapped(), 'lapped');
    slow.socket._socket.resume();
    slow.socket.resume();
    await slow.wait('gap');
    const reaches = (frame) => (frame.type === 'message' ? frame.seq : frame.type === 'gap' ? frame.to : 0);
    await until(() => slow.frames.some((frame) => reaches(frame) === count), 'it is at the end');
    const received = slow.frames.filter((frame) => frame.type === 'message' || frame.type === 'gap');
    let next = 1;
    for (const frame of received) {
        equal(frame.type === 'gap' ? frame.from : frame.seq, next, 'nothing is missing or double');
        next = (frame.type === 'gap' ? frame.to : frame.seq) + 1;
    }
    for (const client of [slow, fast]) {
        client.socket.close();
        await once(client.socket, 'close');
    }
});
