// SPDX-License-Identifier: Apache-2.0
import { Server } from './server.mjs';

/** What a test gets: servers that are looked at, and ended, when it is over. */
export class Context {
    constructor(binary) {
        this.binary = binary;
        this.servers = [];
        this.closers = [];
    }

    async server(flags = [], options = {}) {
        const { data, environment, second } = options;
        const server = new Server(this.binary, flags, data, environment, second);
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
                if (!hasFailed) await server.checkData();
            }
        } finally {
            for (const server of this.servers) server.cleanUp();
        }
    }

    log() {
        return this.servers.map((server) => server.log()).join('\n');
    }
}
