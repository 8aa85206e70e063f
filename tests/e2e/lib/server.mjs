// SPDX-License-Identifier: Apache-2.0
// A real natter as a child process, on a drawn port with a data folder of its own.
import { spawn, execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readlinkSync, readFileSync, rmSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { equal, fail, until } from './harness.mjs';

const run = promisify(execFile);

export function get(url, options = {}) {
    return new Promise((resolve, reject) => {
        const { request: begin } = String(url).startsWith('https:') ? https : http;
        const request = begin(url, { agent: false, ...options }, (response) => {
            const parts = [];
            response.on('data', (part) => parts.push(part));
            response.on('end', () => {
                const bytes = Buffer.concat(parts);
                resolve({ status: response.statusCode, headers: response.headers, bytes, body: bytes.toString() });
            });
        });
        request.on('error', reject);
        request.end(options.body);
    });
}

/** The highest value of each sample that any server of this run showed shortly before its end. */
export const seenMetrics = new Map();
const LOOK_MS = 2000;

export class Server {
    /** `second`: what a second listener expects, "proxy_protocol" say; or "unix", a socket in the data folder. */
    constructor(binary, flags = [], data = null, environment = {}, second = null) {
        this.binary = binary;
        this.flags = flags;
        this.ownsData = data === null;
        this.data = data ?? mkdtempSync(join(tmpdir(), 'natter-e2e-'));
        this.environment = environment;
        this.lines = [];
        this.address = '127.0.0.1';
        this.port = 0;
        this.second = second;
        this.secondPort = 0;
        this.stdio = ['ignore', 'ignore', 'pipe'];
    }

    /** Starts it, and waits until it listens. A later start uses the same port and data. */
    async start() {
        this.spawn();
        return this.listening();
    }

    spawn() {
        const flags = [
            'serve',
            '--listen',
            this.places(),
            '--metrics-listen',
            '127.0.0.1:0',
            '--data',
            this.data,
            ...this.flags,
        ];
        this.exit = null;
        this.heir = null; // the process that took over, if one did
        this.isHandingOver = false;
        this.first = this.lines.length;
        this.child = spawn(this.binary, flags, {
            stdio: this.stdio,
            env: { ...process.env, ...this.environment },
        });
        let rest = '';
        this.child.stderr.setEncoding('utf8');
        this.child.stderr.on('data', (text) => {
            const lines = (rest + text).split('\n');
            rest = lines.pop();
            this.lines.push(...lines);
        });
        this.ended = new Promise((resolve) => {
            this.child.on('exit', (code, signal) => {
                if (this.isHandingOver || this.heir) return resolve({ code, signal });
                this.exit = { code, signal };
                resolve(this.exit);
            });
        });
    }

    async listening() {
        const find = (event, index = 0) => {
            const lines = this.lines.slice(this.first).filter((line) => line.includes(`"event":"${event}"`));
            return lines.length > index ? JSON.parse(lines[index]).address : null;
        };
        const both = () => find('server.listening', this.second ? 1 : 0) && find('ops.listening');
        await until(() => both() || this.exit, 'the server listens');
        if (!both()) fail(`the server ended at start: ${JSON.stringify(this.exit)}\n${this.log()}`);
        this.port = Number(find('server.listening').split(':').pop());
        if (this.second) this.secondPort = Number(find('server.listening', 1).split(':').pop());
        this.opsPort = Number(find('ops.listening').split(':').pop());
        return this;
    }

    /** The process that serves. */
    get pid() {
        return this.heir ?? this.child.pid;
    }

    /** The first line since `from` that tells of that event, as an object. */
    told(event, from) {
        const line = this.lines.slice(from).find((text) => text.includes(`"event":"${event}"`));
        return line ? JSON.parse(line) : null;
    }

    /** SIGUSR2: a new process takes over, or does not. Returns what the two said of it. */
    async handOver({ seconds = 60 } = {}) {
        const from = this.lines.length;
        this.isHandingOver = true;
        process.kill(this.pid, 'SIGUSR2');
        const done = () => this.told('handover.done', from) && this.told('takeover.done', from);
        await until(() => done() || this.told('handover.failed', from), 'the hand-over is over', seconds);
        const result = {
            given: this.told('handover.done', from),
            taken: this.told('takeover.done', from),
            failed: this.told('handover.failed', from),
        };
        if (result.given) this.heir = Number(result.given.pid);
        this.isHandingOver = false;
        return result;
    }

    /** Where it is to listen. */
    places() {
        const first = `${this.address}:${this.port}`;
        if (!this.second) return first;
        if (this.second === 'unix') return `${first}, unix:${join(this.data, 'natter.sock')}`;
        return `${first}, 127.0.0.1:${this.secondPort} ${this.second}`;
    }

    get url() {
        return `http://127.0.0.1:${this.port}`;
    }

    get ws() {
        return `ws://127.0.0.1:${this.port}/ws`;
    }

    log() {
        return this.lines.slice(-40).join('\n');
    }

    async metrics() {
        const { body } = await get(`http://127.0.0.1:${this.opsPort}/metrics`);
        const values = new Map();
        for (const line of body.split('\n')) {
            const match = /^([a-zA-Z_:][^ ]*) (\S+)/.exec(line);
            if (match) values.set(match[1], Number(match[2]));
        }
        return values;
    }

    /** What anyone can check about the server: GET /api/v1/ledger. */
    async ledger() {
        const { status, body } = await get(`http://127.0.0.1:${this.opsPort}/api/v1/ledger`);
        if (status !== 200) fail(`the ledger was answered with ${status}: ${body}`);
        return JSON.parse(body);
    }

    /** P1, P2: the data folder is sound, at rest or live. */
    async checkData() {
        if (!existsSync(this.data)) return;
        const { stdout } = await run(this.binary, ['verify', this.data]).catch((error) => error);
        if (!/ events?: complete, in order, no key twice$/.test(stdout.trim())) fail(`natter verify: ${stdout}`);
    }

    /** P3: accepted = live + ended by reason, and the kernel knows as many sockets as we do. */
    async checkLeaks() {
        const sum = (values, start) =>
            [...values].reduce((total, [name, value]) => (name.startsWith(start) ? total + value : total), 0);
        let found = {};
        await until(
            async () => {
                const values = await this.metrics();
                found = {
                    accepted: sum(values, 'natter_accepted_total'),
                    live: sum(values, 'natter_connections{'),
                    ended: sum(values, 'natter_ended_total{'),
                    sockets: this.establishedSockets(),
                };
                return found.accepted === found.live + found.ended && found.live === 0 && found.sockets === 0;
            },
            'all connections have ended',
            20,
        ).catch(() => {});
        equal(
            [found.accepted - found.ended - found.live, found.live, found.sockets],
            [0, 0, 0],
            `P3 (accepted-ended-live, live, sockets; ${JSON.stringify(found)})`,
        );
    }

    /** Connected TCP sockets of the process on the public port, as the kernel tells. */
    establishedSockets() {
        const inodes = new Set();
        for (const name of readdirSync(`/proc/${this.pid}/fd`)) {
            try {
                const match = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${this.pid}/fd/${name}`));
                if (match) inodes.add(match[1]);
            } catch {
                // closed meanwhile
            }
        }
        const port = this.port.toString(16).toUpperCase().padStart(4, '0');
        let count = 0;
        for (const file of ['/proc/net/tcp', '/proc/net/tcp6']) {
            for (const line of readFileSync(file, 'utf8').split('\n').slice(1)) {
                const fields = line.trim().split(/\s+/);
                if (fields.length > 9 && fields[1].endsWith(`:${port}`) && fields[3] !== '0A' && inodes.has(fields[9]))
                    count++;
            }
        }
        return count;
    }

    /** Keeps what the metrics say, for tests/e2e/metrics.test.mjs. A server that does not answer is passed over. */
    async look() {
        let timer;
        const late = new Promise((resolve) => (timer = setTimeout(resolve, LOOK_MS, new Map())));
        const values = await Promise.race([this.metrics().catch(() => new Map()), late]);
        clearTimeout(timer);
        for (const [name, value] of values) seenMetrics.set(name, Math.max(value, seenMetrics.get(name) ?? 0));
    }

    async kill() {
        process.kill(this.pid, 'SIGKILL');
        await this.heirHasEnded();
        await this.ended;
    }

    /** It is no child of ours: nobody tells us. One that only waits for its end to be noticed has ended. */
    async heirHasEnded() {
        if (!this.heir) return;
        const isThere = () => {
            try {
                return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${this.heir}/status`, 'utf8'));
            } catch {
                return false;
            }
        };
        await until(() => !isThere(), 'the process that took over has ended', 60);
        const last = this.told('server.ended', this.lines.findLastIndex((line) => line.includes('"server.ended"')));
        this.exit = { code: Number(last?.status ?? 1), signal: null };
    }

    /** SIGTERM; the server must leave by itself, with status 0. */
    async stop() {
        if (this.exit) return this.exit;
        await this.look();
        process.kill(this.pid, 'SIGTERM');
        await this.heirHasEnded();
        return this.heir ? this.exit : this.ended;
    }

    async verb(...words) {
        const { stdout } = await run(this.binary, words, { maxBuffer: 64 * 1024 * 1024 });
        return stdout;
    }

    cleanUp() {
        if (!this.exit && this.heir) process.kill(this.heir, 'SIGKILL');
        else if (!this.exit) this.child?.kill('SIGKILL');
        if (this.ownsData) rmSync(this.data, { recursive: true, force: true });
    }
}
