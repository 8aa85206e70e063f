// SPDX-License-Identifier: Apache-2.0
// What is offered to a client of TLS, looked at from outside with openssl's own list of everything it knows; and the
// PROXY header before a handshake, in both of its versions, with the name that the client asks for.
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import tls from 'node:tls';
import { promisify } from 'node:util';
import WebSocket from 'ws';

import { assert, equal, test, until } from './lib/harness.mjs';
import { INSECURE, secureServer } from './lib/secure.mjs';

const run = promisify(execFile);
const ANY = '@SECLEVEL=0:ALL:COMPLEMENTOFALL';
const MODERN = /^(ECDHE-(ECDSA|RSA)-(AES(128|256)-GCM-SHA(256|384)|CHACHA20-POLY1305)|TLS_(AES|CHACHA20)_\S+)$/;

/** openssl's client, with everything allowed that it can do; what it says. */
async function ask(server, ...words) {
    const address = `127.0.0.1:${server.secondPort}`;
    const line = ['s_client', '-connect', address, ...words].map((word) => `'${word}'`).join(' ');
    const { stdout } = await run('sh', ['-c', `echo Q | timeout 20 openssl ${line} 2>&1 || true`]);
    return stdout;
}

const agreed = (said) => /Cipher is (\S+)/.exec(said)?.[1] ?? '(NONE)';

/** Takes away what was agreed on until nothing is left: so all that the server would ever agree on. */
async function offeredIn(server, version) {
    const found = [];
    for (;;) {
        const left = [ANY, ...found.map((one) => `!${one}`)].join(':');
        const cipher = agreed(await ask(server, `-${version}`, '-cipher', left));
        if (cipher === '(NONE)' || found.includes(cipher)) return found;
        found.push(cipher);
    }
}

async function suitesOf13(server) {
    const all = ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256',
        'TLS_AES_128_CCM_SHA256', 'TLS_AES_128_CCM_8_SHA256'];
    const found = [];
    for (const suite of all)
        if (agreed(await ask(server, '-tls1_3', '-ciphersuites', suite)) === suite) found.push(suite);
    return found;
}

test('only modern ciphers of TLS 1.2 and 1.3 are offered, whatever a client can do', async (context) => {
    const server = await secureServer(context);
    for (const version of ['tls1', 'tls1_1'])
        equal(agreed(await ask(server, `-${version}`, '-cipher', ANY)), '(NONE)', version);
    const offered = await offeredIn(server, 'tls1_2');
    equal(offered.filter((cipher) => !MODERN.test(cipher)), [], 'old ciphers of TLS 1.2');
    assert(offered.length >= 3, `ciphers of TLS 1.2: ${offered}`);
    equal((await suitesOf13(server)).filter((suite) => /CCM/.test(suite)), [], 'odd ones of TLS 1.3');
    const weak = await ask(server, '-tls1_2', '-groups', 'P-521', '-cipher', 'ECDHE-ECDSA-AES128-GCM-SHA256');
    equal(agreed(weak), '(NONE)', 'a group that is not offered');
});

test('nothing is compressed, renegotiated, or taken early', async (context) => {
    const server = await secureServer(context);
    const old = await ask(server, '-tls1_2', '-comp');
    assert(/Compression: NONE/.test(old) && /Secure Renegotiation IS supported/.test(old), old);
    const address = `127.0.0.1:${server.secondPort}`;
    // R asks for another handshake in the middle.
    const again = `(sleep 0.3; echo R; sleep 0.7) | timeout 20 openssl s_client -connect ${address} -tls1_2 2>&1`;
    const { stdout } = await run('sh', ['-c', `${again} || true`]);
    assert(/RENEGOTIATING[\s\S]*(no renegotiation|ssl handshake failure|error)/i.test(stdout), stdout.slice(-500));
    assert(/Early data was not sent|Max Early Data: 0/.test(await ask(server, '-tls1_3')), 'no early data');
});

// ---- the PROXY header, and then TLS ----

const SIGNATURE_2 = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
const FROM_192_0_2_9 = [0x21, 0x11, 0, 12, 192, 0, 2, 9, 10, 0, 0, 1, 0x12, 0x67, 0x01, 0xbb];
const HEADERS = {
    'version 1': Buffer.from('PROXY TCP4 192.0.2.9 10.0.0.1 4711 443\r\n'),
    'version 2': Buffer.concat([SIGNATURE_2, Buffer.from(FROM_192_0_2_9)]),
};

/** A socket to the port that says `header` first, in pieces of `size` bytes. */
async function behind(server, header, size = header.length) {
    const socket = net.connect(server.secondPort, '127.0.0.1');
    socket.setNoDelay(true);
    await once(socket, 'connect');
    for (let at = 0; at < header.length; at += size) {
        socket.write(header.subarray(at, at + size));
        if (size < header.length) await new Promise((resolve) => setImmediate(resolve));
    }
    return socket;
}

async function upgraded(server, socket, servername) {
    const url = `wss://${servername}:${server.secondPort}/ws?doctor`;
    const secure = tls.connect({ socket, servername, ...INSECURE });
    await once(secure, 'secureConnect');
    const chat = new WebSocket(url, { createConnection: () => secure });
    const [message] = await once(chat, 'message');
    return { chat, subject: secure.getPeerCertificate().subject.CN, report: JSON.parse(message.toString()) };
}

for (const [version, header] of Object.entries(HEADERS)) {
    test(`a PROXY header of ${version} comes before TLS, and the name still picks the certificate`, async (context) => {
        const trusted = ['--trusted-proxies', '127.0.0.1'];
        const server = await secureServer(context, trusted, 'tls proxy_protocol');
        for (const [servername, size] of [['a.example', header.length], ['b.example', 3]]) {
            const { chat, subject, report } = await upgraded(server, await behind(server, header, size), servername);
            equal(subject, servername, 'the certificate');
            equal([report.scheme, report.client, report.behind], ['https', 'forwarded', 'proxy_header'], 'seen');
            chat.close();
            await once(chat, 'close');
        }
        // Header and handshake in one piece: not a byte of the second is the first one's.
        const hello = await helloOf();
        const whole = await behind(server, Buffer.concat([header, hello]));
        const [answer] = await once(whole, 'data');
        equal(answer[0], 0x16, 'a handshake is answered with a handshake');
        whole.destroy();
        // Without a header, TLS is not what is expected.
        const bare = await behind(server, hello);
        await new Promise((resolve) => bare.on('error', () => {}).on('close', resolve).resume());
        const refused = async () => (await server.metrics()).get('natter_ended_total{reason="proxy_header"}');
        await until(async () => (await refused()) === 1, 'counted');
    });
}

/** The first bytes of a client of TLS. */
async function helloOf() {
    const listener = net.createServer();
    listener.listen(0, '127.0.0.1');
    await once(listener, 'listening');
    const client = tls.connect({ port: listener.address().port, host: '127.0.0.1', servername: 'a.example' });
    client.on('error', () => {});
    const [socket] = await once(listener, 'connection');
    const [hello] = await once(socket, 'data');
    socket.destroy();
    listener.close();
    return hello;
}
