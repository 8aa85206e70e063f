// SPDX-License-Identifier: Apache-2.0
// A connection of natter.v1 that keeps nothing: frames go to a handler, answers to whoever asked.
import WebSocket from 'ws';

export class Gone extends Error {}

let refs = 0;

export class Line {
    constructor(url, { token = null, deflate = false, onFrame = () => {}, agent, localAddress, secure = {} } = {}) {
        this.asked = new Map(); // ref → resolve, reject
        this.isClosed = false;
        this.socket = new WebSocket(url, ['natter.v1'], {
            headers: token ? { Authorization: `Bearer ${token}` } : {},
            perMessageDeflate: deflate,
            skipUTF8Validation: true,
            agent,
            localAddress,
            ...secure,
        });
        this.closed = new Promise((resolve) => {
            this.socket.on('close', (code) => {
                this.isClosed = true;
                this.code = code;
                for (const { reject } of this.asked.values()) reject(new Gone('closed'));
                this.asked.clear();
                resolve(code);
            });
        });
        this.socket.on('error', (error) => (this.error = error));
        this.socket.on('unexpected-response', (request, response) => {
            this.status = response.statusCode;
            request.destroy();
        });
        this.welcomed = new Promise((resolve, reject) => {
            this.onWelcome = resolve;
            this.closed.then(() => reject(new Gone(`refused: ${this.status ?? this.error?.message}`)));
        });
        this.welcomed.catch(() => {}); // whoever waits for it is told; nobody need wait
        this.socket.on('message', (data) => {
            const frame = JSON.parse(data.toString());
            if (frame.type === 'welcome') this.onWelcome(frame);
            onFrame(frame);
            const waiting = frame.ref && this.asked.get(frame.ref);
            if (waiting) {
                this.asked.delete(frame.ref);
                waiting.resolve(frame);
            }
        });
    }

    send(frame) {
        if (this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(frame));
    }

    /** The direct answer, whatever it is. Rejects with Gone if the connection ends before. */
    ask(frame) {
        return new Promise((resolve, reject) => {
            if (this.isClosed) {
                reject(new Gone('closed'));
                return;
            }
            const ref = `q${++refs}`;
            this.asked.set(ref, { resolve, reject });
            this.send({ ...frame, ref });
        });
    }

    async end() {
        if (this.socket.readyState === WebSocket.OPEN) this.socket.close(1000);
        else this.socket.terminate();
        await this.closed;
    }

    /** Without a word: the kernel resets it. */
    async reset() {
        this.socket._socket?.resetAndDestroy();
        this.socket.terminate();
        await this.closed;
    }
}

export async function welcomedLine(url, options) {
    const line = new Line(url, options);
    line.welcome = await line.welcomed;
    return line;
}

/** Welcomed, and in the room. */
export async function lineIn(url, room, options = {}) {
    const line = await welcomedLine(url, options);
    line.joined = await line.ask({ type: 'join', room, ...options.join });
    if (line.joined.type !== 'joined') throw new Error(`not joined: ${JSON.stringify(line.joined)}`);
    return line;
}
