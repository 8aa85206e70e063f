// SPDX-License-Identifier: Apache-2.0
// A client of natter.v1 in a few lines, over the `ws` package: keeps every frame, and lets a test wait for the next
// that fits.
import WebSocket from 'ws';

import { fail, until } from './harness.mjs';

let refs = 0;

export class Client {
    constructor(
        url,
        { protocol = 'natter.v1', headers = {}, deflate = false, onFrame = null, socket = {} } = {},
    ) {
        this.frames = [];
        this.next = 0;
        this.closed = null;
        this.error = null;
        this.socket = new WebSocket(url, protocol ? [protocol] : [], {
            headers,
            perMessageDeflate: deflate,
            ...socket,
        });
        this.socket.on('message', (data, isBinary) => {
            const frame = isBinary ? { binary: data } : JSON.parse(data.toString());
            this.frames.push(frame);
            onFrame?.(frame);
        });
        this.socket.on('close', (code, reason) => (this.closed = { code, reason: reason.toString() }));
        this.socket.on('error', (error) => (this.error = error));
        this.socket.on('upgrade', (response) => (this.headers = response.headers));
        this.socket.on('unexpected-response', (request, response) => {
            this.refused = { status: response.statusCode, headers: response.headers };
            request.destroy();
            this.closed = { code: 1006, reason: '' };
        });
    }

    async opened() {
        await until(() => this.socket.readyState === WebSocket.OPEN || this.closed || this.error, 'the socket is open');
        if (this.socket.readyState !== WebSocket.OPEN)
            fail(`not opened: ${this.refused?.status ?? this.error?.message ?? this.closed?.code}`);
        return this;
    }

    send(frame) {
        this.socket.send(typeof frame === 'string' ? frame : JSON.stringify(frame));
    }

    /**
   * The next frame, from where the last wait ended, for which `fits` holds (a type's name, or a function). Frames
   * passed over stay in `frames`.
   */
    async wait(fits, what = String(fits), seconds = 20) {
        const test = typeof fits === 'string' ? (frame) => frame.type === fits : fits;
        return until(
            () => {
                while (this.next < this.frames.length) {
                    const frame = this.frames[this.next++];
                    if (test(frame)) return frame;
                }
                if (this.closed)
                    fail(
                        `closed with ${this.closed.code} ${this.closed.reason} while waiting for ${what}; ` +
            `frames: ${JSON.stringify(this.frames.slice(-5))}`,
                    );
                return null;
            },
            `frame ${what}; frames: ${JSON.stringify(this.frames.slice(-5))}`,
            seconds,
        );
    }

    /** Sends a command and waits for its direct answer. */
    async ask(command) {
        const ref = `r${++refs}`;
        this.send({ ...command, ref });
        return until(
            () => {
                const answer = this.frames.find((frame) => frame.ref === ref);
                if (!answer && this.closed)
                    fail(`closed with ${this.closed.code} while waiting for the answer to ${command.type}`);
                return answer;
            },
            `the answer to ${JSON.stringify(command)}`,
        );
    }

    async say(room, text, key = `k${++refs}-${Math.random()}`) {
        return this.ask({ type: 'send', room, text, key });
    }

    messages(room) {
        return this.frames.filter((frame) => frame.type === 'message' && frame.room === room);
    }

    async close(code = 1000) {
        if (this.socket.readyState === WebSocket.OPEN) this.socket.close(code);
        else this.socket.terminate();
        await until(() => this.closed, 'closed');
        return this.closed;
    }
}

/** Opened, welcomed, and in the room. */
export async function enter(server, room, options = {}) {
    const client = new Client(options.url ?? server.ws, { socket: server.socketOptions, ...options });
    await client.opened();
    client.welcome = await client.wait('welcome');
    client.joined = await client.ask({ type: 'join', room, ...options.join });
    if (client.joined.type !== 'joined') fail(`not joined: ${JSON.stringify(client.joined)}`);
    return client;
}
