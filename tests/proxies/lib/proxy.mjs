// SPDX-License-Identifier: Apache-2.0
// A real proxy as a child process on a drawn port, in front of a server, with a fitted copy of a shipped configuration.
import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { fail, until } from '../../e2e/lib/harness.mjs';
import { kinds } from './kinds.mjs';

const deploy = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..', 'deploy');

/** A port that was free a moment ago. */
function drawPort() {
    return new Promise((resolve, reject) => {
        const listener = net.createServer();
        listener.on('error', reject);
        listener.listen(0, '127.0.0.1', () => {
            const { port } = listener.address();
            listener.close(() => resolve(port));
        });
    });
}

function isListening(port) {
    return new Promise((resolve) => {
        const socket = net.connect(port, '127.0.0.1');
        socket.on('connect', () => {
            socket.destroy();
            resolve(true);
        });
        socket.on('error', () => resolve(false));
    });
}

/** Replaces each text or pattern, once; what is not there is a fault of the test. */
export function replaceAll(text, replacements, what) {
    let result = text;
    for (const [from, to] of replacements) {
        const next = result.replace(from, () => to);
        if (next === result && from !== to) fail(`${what}: there is no ${from} to replace`);
        result = next;
    }
    return result;
}

export class Proxy {
    /**
     * `place`: "root" or "subpath". `edits`: further replacements in the shipped text. `client`: the address that
     * clients come from.
     */
    constructor(
        kind,
        server,
        certificate,
        { place = 'root', edits = [], modules = [], scheme = 'https', client } = {},
    ) {
        Object.assign(this, { kind: kinds[kind], name: kind, server, certificate, place, edits, modules, scheme });
        this.socketOptions = { ca: certificate.text, localAddress: client };
        this.folder = mkdtempSync(join(tmpdir(), `natter-${kind}-`));
        chmodSync(this.folder, 0o755);
        this.file = join(this.folder, 'proxy.conf');
        this.output = '';
        this.exit = null;
    }

    get url() {
        return `${this.scheme}://127.0.0.1:${this.port}${this.place === 'subpath' ? '/chat' : ''}`;
    }

    get ws() {
        return `${this.url.replace('http', 'ws')}/ws`;
    }

    write() {
        const { kind, port, server, certificate, folder, modules } = this;
        const shipped = readFileSync(join(deploy, kind.files[this.place]), 'utf8');
        // The files are fitted last: an edit names what the shipped text says.
        const edited = replaceAll(shipped, this.edits, kind.files[this.place]);
        const fitting = kind.fit({ port, backend: server.port, certificate });
        const fitted = replaceAll(edited, fitting, kind.files[this.place]);
        writeFileSync(this.file, kind.wrap(fitted, { folder, modules }));
    }

    /** The drawn port may be taken before the proxy has it: then another is drawn. */
    async start() {
        for (let tries = 0; tries < 3; tries++) {
            await this.run();
            if (!this.exit) return this;
        }
        return fail(`${this.name} ended at start: ${JSON.stringify(this.exit)}\n${this.log()}`);
    }

    async run() {
        this.exit = null;
        this.port = await drawPort();
        this.write();
        const { kind, file, folder } = this;
        this.environment = { ...process.env, ...kind.environment?.({ folder }) };
        this.child = spawn(kind.program, kind.start(file, { folder }), {
            env: this.environment,
            cwd: folder,
            stdio: ['ignore', 'pipe', 'pipe'],
        });
        for (const stream of [this.child.stdout, this.child.stderr])
            stream.on('data', (text) => (this.output = (this.output + text).slice(-20000)));
        this.ended = new Promise((resolve) => {
            this.child.on('exit', (code, signal) => resolve((this.exit = { code, signal })));
            this.child.on('error', (error) => resolve((this.exit = { error: error.message })));
        });
        await until(async () => this.exit || (await isListening(this.port)), `${this.name} listens`);
    }

    /** Reads its configuration again, as an operator's reload does. */
    reload() {
        this.kind.reload(this);
    }

    async stop() {
        if (!this.exit) this.child.kill(this.kind.stopSignal);
        const timer = setTimeout(() => this.child.kill('SIGKILL'), 10000);
        await this.ended;
        clearTimeout(timer);
        rmSync(this.folder, { recursive: true, force: true });
    }

    log() {
        let text = this.output;
        try {
            if (this.kind.log) text += readFileSync(join(this.folder, this.kind.log), 'utf8');
        } catch {
            // it has written none
        }
        return text.split('\n').slice(-30).join('\n');
    }
}
