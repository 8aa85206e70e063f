// SPDX-License-Identifier: Apache-2.0
// Sockets without a library: bytes when and as a test wants them, and readers that do not read.
import net from 'node:net';

import { until } from '../../e2e/lib/harness.mjs';

const RECEIVED_MAX = 65536; // what came first is kept

export class Raw {
    constructor(server, { localAddress, onread } = {}) {
        this.isEnded = false;
        this.received = '';
        this.socket = net.connect({ host: '127.0.0.1', port: server.port, localAddress, onread });
        this.socket.setNoDelay(true);
        this.socket.on('error', (error) => (this.error = error));
        this.socket.on('close', () => (this.isEnded = true));
        if (onread) return;
        this.socket.on('data', (data) => {
            if (this.received.length < RECEIVED_MAX) this.received += data.toString('latin1');
        });
    }

    write(data) {
        if (!this.socket.destroyed) this.socket.write(data);
    }

    async connected() {
        await until(() => this.socket.readyState === 'open' || this.isEnded, 'connected');
        return this;
    }

    /** The kernel resets it. */
    reset() {
        this.socket.resetAndDestroy();
    }

    get status() {
        return Number(/^HTTP\/1\.1 (\d+)/.exec(this.received)?.[1] ?? 0);
    }
}

export function upgradeText(path = '/ws', protocol = null) {
    return [
        `GET ${path} HTTP/1.1`,
        'Host: localhost',
        'Connection: Upgrade',
        'Upgrade: websocket',
        'Sec-WebSocket-Version: 13',
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
        ...(protocol ? [`Sec-WebSocket-Protocol: ${protocol}`] : []),
        '',
        '',
    ].join('\r\n');
}

export const TEXT = 0x1;
export const CONTINUATION = 0x0;
export const CLOSE = 0x8;
export const PING = 0x9;
export const PONG = 0xa;

/** A masked frame, of at most 64 KiB. The mask is zeros: what is on the wire can be read. */
export function frame(opcode, payload = '', isFinal = true) {
    const body = Buffer.from(payload);
    const head = [opcode | (isFinal ? 0x80 : 0)];
    if (body.length < 126) head.push(0x80 | body.length);
    else head.push(0x80 | 126, body.length >> 8, body.length & 0xff);
    return Buffer.concat([Buffer.from([...head, 0, 0, 0, 0]), body]);
}

/** An open WebSocket in a room, as a walk-in. */
export async function walkIn(server, room, options = {}) {
    const raw = new Raw(server, options);
    await raw.connected();
    raw.write(upgradeText(`/ws?room=${encodeURIComponent(room)}`));
    if (!options.onread) await until(() => raw.received.includes('"joined"') || raw.isEnded, 'the walk-in is in');
    return raw;
}
