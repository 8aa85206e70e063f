// SPDX-License-Identifier: Apache-2.0
// What a test gets, and what is looked at after every one of them: P3 by counters and descriptors, service without a
// restart, and a clean end.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { equal, fail } from '../../e2e/lib/harness.mjs';
import { Server } from '../../e2e/lib/server.mjs';
import { FaultyServer, settledBytes } from './faulty_server.mjs';
import { lineIn } from './line.mjs';

const PLATEAU_SHARE = 1.25;
const PLATEAU_BYTES = 6 * 1024 * 1024; // a page cache of SQLite, a heap's arena: what one run may still have warmed up

export class Context {
    constructor(options) {
        Object.assign(this, options); // binary, faulty, isLong, rounds, isSanitized
        this.servers = [];
        this.closers = [];
    }

    async server(flags = [], { data = null, environment = {}, isFaulty = false, binary, second = null } = {}) {
        const server = isFaulty
            ? new FaultyServer(this.faulty, flags, data, environment)
            : new Server(binary ?? this.binary, flags, data, environment, second);
        this.servers.push(server);
        await server.start();
        return server;
    }

    folder() {
        const path = mkdtempSync(join(tmpdir(), 'natter-faults-'));
        this.onEnd(() => rmSync(path, { recursive: true, force: true }));
        return path;
    }

    onEnd(closer) {
        this.closers.push(closer);
    }

    note(text) {
        console.log(`# ${text}`);
    }

    /**
   * The same load three times: the first warms up, and the third must leave no more behind than the second did. Under
   * a sanitizer once, as freed memory is kept there.
   */
    async plateau(server, load) {
        await load();
        if (this.isSanitized) return;
        await load();
        const before = await settledBytes(server);
        await load();
        const after = await settledBytes(server);
        this.note(`memory after the load: ${mebibytes(before)}, after the same again: ${mebibytes(after)}`);
        if (after > before * PLATEAU_SHARE + PLATEAU_BYTES) fail(`memory grows: ${before}, then ${after} bytes`);
    }

    async checkService(server) {
        const line = await lineIn(server.ws, 'service-goes-on');
        let shown = null;
        line.socket.on('message', (data) => {
            const frame = JSON.parse(data.toString());
            if (frame.type === 'message') shown = frame.key;
        });
        const key = `service-${Math.random()}`;
        const ack = await line.ask({ type: 'send', room: 'service-goes-on', text: 'here', key });
        equal(ack.type, 'ack', `an answer to a new client (${JSON.stringify(ack)})`);
        await line.ask({ type: 'ping' });
        for (let i = 0; i < 500 && shown === null; i++) await new Promise((resolve) => setTimeout(resolve, 10));
        equal(shown, key, 'what a new client is shown');
        await line.end();
    }

    async end(hasFailed) {
        try {
            for (const server of this.servers) {
                if (server.exit || hasFailed) continue;
                await this.checkService(server);
                await server.checkLeaks();
                const exit = await server.stop();
                equal([exit.code, exit.signal], [0, null], 'how the server ended');
            }
        } finally {
            for (const server of this.servers) {
                if (server.child && !server.exit) await server.kill();
            }
            for (const close of this.closers.reverse()) await close();
            for (const server of this.servers) server.cleanUp();
        }
    }

    log() {
        return this.servers.map((server) => server.log()).join('\n');
    }
}

export const mebibytes = (bytes) => `${(bytes / (1024 * 1024)).toFixed(1)} MiB`;

export function percentile(values, share) {
    const sorted = [...values].sort((a, b) => a - b);
    return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}

export const milliseconds = (value) => `${value.toFixed(value < 10 ? 2 : 0)} ms`;
