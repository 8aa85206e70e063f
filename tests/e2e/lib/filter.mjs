// SPDX-License-Identifier: Apache-2.0
// Something between a client and a server that is not quite transparent: what no real proxy of the tests can be made to
// do, and what some box on the way may do all the same.
import net from 'node:net';

export class Filter {
    /** `make(up, down)`: called for each connection; gives `up` and `down`, each called with the bytes that come. */
    constructor(port, make) {
        this.sockets = new Set();
        this.listener = net.createServer((client) => {
            const server = net.connect(port, '127.0.0.1');
            for (const socket of [client, server]) {
                this.sockets.add(socket);
                socket.on('error', () => {});
                socket.on('close', () => {
                    this.sockets.delete(socket);
                    hooks.end?.();
                    client.destroy();
                    server.destroy();
                });
            }
            const hooks = make({ client, server });
            client.on('data', (bytes) => (hooks.up ? hooks.up(bytes) : server.write(bytes)));
            server.on('data', (bytes) => (hooks.down ? hooks.down(bytes) : client.write(bytes)));
        });
    }

    start() {
        return new Promise((resolve) => this.listener.listen(0, '127.0.0.1', () => resolve(this)));
    }

    get url() {
        return `http://127.0.0.1:${this.listener.address().port}/`;
    }

    stop() {
        for (const socket of this.sockets) socket.destroy();
        return new Promise((resolve) => this.listener.close(resolve));
    }
}

/** Bytes towards the client wait for each other. */
export const holdingBack = (ms) => ({ client }) => {
    let held = [];
    const timer = setInterval(() => {
        if (held.length > 0) client.write(Buffer.concat(held));
        held = [];
    }, ms);
    return { down: (bytes) => held.push(bytes), end: () => clearInterval(timer) };
};

/** More than so many bytes in a row, in one direction, and the connection is cut. Heads of HTTP are let through. */
export const cuttingLarge = (direction, max) => ({ client, server }) => {
    let run = 0;
    let isOpen = false; // after the upgrade
    const hooks = {
        up: (bytes) => {
            if (direction === 'up') run += isOpen ? bytes.length : 0;
            else run = 0;
            if (run > max) client.destroy();
            else server.write(bytes);
        },
        down: (bytes) => {
            if (direction === 'down') run += isOpen ? bytes.length : 0;
            else run = 0;
            if (run > max) client.destroy();
            else client.write(bytes);
            isOpen ||= bytes.includes('101 Switching');
        },
    };
    return hooks;
};

/** Cuts when one side has said nothing for so long, whatever the other one says. */
export const cuttingSilent = (direction, ms) => ({ client, server }) => {
    let timer = setTimeout(() => {}, 0);
    const heard = () => {
        clearTimeout(timer);
        timer = setTimeout(() => client.destroy(), ms);
    };
    return {
        up: (bytes) => {
            if (direction === 'up') heard();
            server.write(bytes);
        },
        down: (bytes) => {
            if (direction === 'down') heard();
            client.write(bytes);
        },
        end: () => clearTimeout(timer),
    };
};

/** Replaces one text by another of any length, in heads towards the client. */
export const replacing = (from, to) => ({ client }) => ({
    down: (bytes) => client.write(Buffer.from(bytes.toString('latin1').replace(from, to), 'latin1')),
});

/** Changes the payload of compressed frames towards the server: the first byte behind the mask. */
export const spoilingCompressed = () => ({ server }) => ({
    up: (bytes) => {
        const isCompressedFrame = bytes[0] === 0xc2 && bytes.length > 20;
        if (isCompressedFrame) bytes[12] ^= 0xff;
        server.write(bytes);
    },
});

/** Changes the heads of requests; `change` gives the new text, or null where the filter answers 404 by itself. */
export const changingHeads = (change) => ({ client, server }) => ({
    up: (bytes) => {
        const text = bytes.toString('latin1');
        const next = text.startsWith('GET ') ? change(text) : text;
        if (next === null) client.end('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
        else server.write(Buffer.from(next, 'latin1'));
    },
});

export const isForSocket = (head) => /^GET \/ws[ ?]/.test(head);
export const withoutUpgrade = (head) => head.replace(/^(Upgrade|Connection): .*\r\n/gim, '');
export const withField = (head, field) => head.replace('\r\n', `\r\n${field}\r\n`);
