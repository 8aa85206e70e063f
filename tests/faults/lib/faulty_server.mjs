// SPDX-License-Identifier: Apache-2.0
// A server whose disk and clock take orders, and what a test wants to know of its process.
import { readFileSync, readdirSync } from 'node:fs';
import { createInterface } from 'node:readline';

import { until, equal } from '../../e2e/lib/harness.mjs';
import { Server } from '../../e2e/lib/server.mjs';

/** natter_faulty: see faulty.c for the orders. */
export class FaultyServer extends Server {
    constructor(binary, flags, data, environment) {
        super(binary, flags, data, environment);
        this.stdio = ['ignore', 'ignore', 'pipe', 'pipe', 'pipe'];
    }

    spawn() {
        super.spawn();
        this.answers = [];
        this.child.stdio[3].on('error', () => {}); // it was killed: its end is waited for elsewhere
        createInterface({ input: this.child.stdio[4] }).on('line', (line) => this.answers.shift()?.(line));
    }

    order(text) {
        return new Promise((resolve) => {
            this.answers.push(resolve);
            this.child.stdio[3].write(`${text}\n`);
        });
    }

    async arm(kind, number = 1, how = 'lasts') {
        equal(await this.order(`arm ${kind} ${number} ${how}`), 'armed', `arm ${kind}`);
    }

    async disarm() {
        return (await this.order('disarm')) === 'struck';
    }
}

export const statusField = (pid, name) =>
    Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]);

export const residentBytes = (server) => statusField(server.child.pid, 'VmRSS') * 1024;
export const descriptors = (server) => readdirSync(`/proc/${server.child.pid}/fd`).length;

/** CPU time of the process, user and system, in seconds. */
export function cpuSeconds(server) {
    const fields = readFileSync(`/proc/${server.child.pid}/stat`, 'utf8').split(') ')[1].split(' ');
    return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** All samples of a metric that has labels. */
export function sumOf(metrics, start) {
    return [...metrics].reduce((total, [name, value]) => (name.startsWith(start) ? total + value : total), 0);
}

export const ended = async (server, reason) =>
    (await server.metrics()).get(`natter_ended_total{reason="${reason}"}`) ?? 0;

/** Everybody has left, and so has what they needed; memory goes back to the system when a server is quiet. */
export async function settledBytes(server) {
    await until(async () => sumOf(await server.metrics(), 'natter_connections{') === 0, 'everybody has left', 30);
    let least = residentBytes(server);
    let unchanged = 0;
    await until(
        async () => {
            await new Promise((resolve) => setTimeout(resolve, 50));
            const now = residentBytes(server);
            unchanged = now < least ? 0 : unchanged + 1;
            least = Math.min(least, now);
            return unchanged >= 10;
        },
        'memory is settled',
        30,
    );
    return least;
}
