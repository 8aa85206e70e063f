// SPDX-License-Identifier: Apache-2.0
// TLS from the client's side, and servers that speak it with certificates of the moment.
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import tls from 'node:tls';
import WebSocket from 'ws';

import { assert, until } from './harness.mjs';

export const INSECURE = { rejectUnauthorized: false };

/** A certificate for that name, signed by itself, and its key. */
export function makeCertificate(folder, name, subject = name) {
    const [certificate, key] = [join(folder, `${name}.pem`), join(folder, `${name}.key`)];
    const names = `subjectAltName=DNS:${name}`;
    const words = 'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -keyout'.split(' ');
    execFileSync('openssl', [...words, key, '-out', certificate, '-subj', `/CN=${subject}`, '-addext', names], {
        stdio: 'ignore',
    });
    chmodSync(key, 0o600);
    return `${certificate} ${key}`;
}

/** A server with a second listener for TLS, and certificates for two names. */
export async function secureServer(context, flags = [], second = 'tls') {
    const folder = mkdtempSync(join(tmpdir(), 'natter-tls-'));
    context.onEnd(() => rmSync(folder, { recursive: true, force: true }));
    const pairs = [makeCertificate(folder, 'a.example'), makeCertificate(folder, 'b.example')];
    const server = await context.server(['--tls-certificates', pairs.join(', '), ...flags], { second });
    server.folder = folder;
    return server;
}

/** Shakes hands, asks once, and tells what was spoken. */
export async function shake(port, options = {}) {
    const socket = tls.connect({ host: '127.0.0.1', port, ...INSECURE, ...options });
    let session = null;
    socket.on('session', (one) => (session = one));
    await once(socket, 'secureConnect');
    const seen = {
        version: socket.getProtocol(),
        subject: socket.getPeerCertificate().subject?.CN,
        isResumed: socket.isSessionReused(),
        protocol: socket.alpnProtocol,
    };
    socket.write('GET /healthz HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n');
    const parts = [];
    socket.on('data', (part) => parts.push(part));
    await once(socket, 'end');
    socket.end();
    assert(Buffer.concat(parts).toString().startsWith('HTTP/1.1 200'), 'answered');
    return { ...seen, session };
}

export async function refusal(port, options) {
    const socket = tls.connect({ host: '127.0.0.1', port, ...INSECURE, ...options });
    const [error] = await once(socket, 'error');
    return error.code ?? error.message;
}

export async function enterSecurely(server, name) {
    const socket = new WebSocket(`wss://127.0.0.1:${server.secondPort}/ws?name=${name}`, ['natter.v1'], INSECURE);
    const client = { socket, frames: [] };
    socket.on('message', (data) => client.frames.push(JSON.parse(data.toString())));
    socket.on('upgrade', (response) => (client.headers = response.headers));
    await once(socket, 'open');
    client.send = (frame) => socket.send(JSON.stringify(frame));
    client.wait = (type) => until(() => client.frames.find((frame) => frame.type === type), `frame ${type}`);
    await client.wait('welcome');
    client.send({ type: 'join', room: 'lobby' });
    await client.wait('joined');
    return client;
}
