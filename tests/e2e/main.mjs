// SPDX-License-Identifier: Apache-2.0
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';

import { Context } from './lib/context.mjs';
import { runAll } from './lib/harness.mjs';

const words = process.argv.slice(2);
const option = (name) => (words.includes(name) ? words[words.indexOf(name) + 1] : null);
const binary = resolve(option('--natter') ?? 'build/natter');
if (!existsSync(binary)) {
    console.error(`tests/e2e/run: there is no ${binary}; build it first, or name another with --natter`);
    process.exit(2);
}

const suites = ['chat', 'durable', 'bad_input', 'http', 'walk_in', 'limits', 'operation', 'schema', 'diagnosis'];
for (const suite of [...suites, 'browser']) await import(`./${suite}.test.mjs`);
const failed = await runAll(() => new Context(binary), option('--only'), Number(process.env.TEST_TIME_SCALE ?? 1));
/** What a test gets: servers that are looked at, and ended, when it is over. */
class Context {
    constructor() {
        this.servers = [];
        this.closers = [];
    }

    get binary() {
        return binary;
    }

    async server(flags = [], options = {}) {
        const { data, environment, second } = options;
        const server = new Server(binary, flags, data, environment, second);
        this.servers.push(server);
        await server.start();
        return server;
    }

    /** Something to end before the servers are looked at. */
    onEnd(closer) {
        this.closers.push(closer);
    }

    async end(hasFailed) {
        try {
            for (const close of this.closers.reverse()) await close();
            for (const server of this.servers) {
                if (server.exit) continue;
                if (!hasFailed) await server.checkLeaks();
                const exit = await server.stop();
                if (!hasFailed && (exit.code !== 0 || exit.signal))
                    throw new Error(`the server ended with ${JSON.stringify(exit)}`);
            }
        } finally {
            for (const server of this.servers) server.cleanUp();
        }
    }

    log() {
        return this.servers.map((server) => server.log()).join('\n');
    }
}

const SUITES = 'chat durable bad_input http walk_in limits operation schema proxy browser';
for (const suite of SUITES.split(' ')) await import(`./${suite}.test.mjs`);
const failed = await runAll(() => new Context(), option('--only'), Number(process.env.TEST_TIME_SCALE ?? 1));
process.exit(failed ? 1 : 0);
