// SPDX-License-Identifier: Apache-2.0
// The first half has kills and restarts; in the second one process lives through everything else, and must not grow.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

import { mebibytes, milliseconds, percentile } from '../faults/lib/context.mjs';
import { Book } from '../faults/lib/book.mjs';
import { FaultyServer, settledBytes, sumOf } from '../faults/lib/faulty_server.mjs';
import { lineIn } from '../faults/lib/line.mjs';
import { pause, Worker } from '../faults/lib/worker.mjs';
import { startCrowd } from './crowd.mjs';
import { FAULTS, startFaults } from './faults.mjs';
import { draw } from './plot.mjs';
import { Sampler } from './sampler.mjs';

const ROOMS = ['hall', 'garden', 'kitchen', 'Küche', 'attic', 'cellar'];
const WORKERS = 12;
const FLAGS = [
    ...['--limits', 'off', '--connection-heartbeat', '2s', '--connection-write-time', '3s'],
    ...['--store-wal-max', '4MiB', '--feed-max', '256KiB'],
];
const GROWTH_SHARE = 1.2; // between the second and the last quarter of the life that is watched
const GROWTH_BYTES_MIB = 8;
const GROWTH_DESCRIPTORS = 20; // who is here at a time varies by so many

class Soak {
    constructor(binary, seconds, out) {
        Object.assign(this, { seconds, out, rooms: ROOMS, marks: [], violations: [], passages: 0, workers: [] });
        this.server = new FaultyServer(join(dirname(binary), 'tests', 'faults', 'natter_faulty'), FLAGS);
        this.book = new Book(ROOMS);
        this.sampler = new Sampler(this);
        this.over = new Promise((resolve) => (this.finish = resolve));
        this.started = performance.now();
        this.digests = 0;
    }

    second() {
        return Math.floor((performance.now() - this.started) / 1000);
    }

    mayRestart() {
        return this.second() < this.seconds / 2;
    }

    violate(what) {
        console.error(`VIOLATION ${what}`);
        this.violations.push(`${this.second()} s: ${what}`);
    }

    guard(act) {
        try {
            act();
        } catch (error) {
            this.violate(error.message);
        }
    }

    startWorkers() {
        for (let i = 0; i < WORKERS; i++) {
            const rooms = [...new Set([ROOMS[i % ROOMS.length], ROOMS[(i * 5 + 1) % ROOMS.length]])];
            const onLatency = (ms) => this.sampler.latencies.push(ms);
            const options = { deflate: i % 3 === 0, size: i % 4 === 0 ? 1500 : 0, pace_ms: 60, windowSize: 8 };
            this.workers.push(new Worker(this.server, this.book, `w${i}`, rooms, { ...options, onLatency }));
        }
    }

    /** What clients can check of a running server: digests against what was shown. */
    async checkDigests() {
        while (!this.isOver) {
            await Promise.race([pause(1500), this.over]);
            const name = ROOMS[Math.floor(Math.random() * ROOMS.length)];
            await this.checkDigest(name).catch(() => {}); // the connection was lost on the way
        }
    }

    async checkDigest(name) {
        const room = this.book.room(name);
        const to = room.keys.length - 1;
        const from = Math.max(1, to - Math.floor(Math.random() * 5000));
        const line = await lineIn(this.server.ws, name);
        const answer = await line.ask({ type: 'digest', room: name, from, to });
        await line.end();
        const expected = room.digest(from, to);
        if (answer.type !== 'digest' || expected === null) return;
        this.digests++;
        if (answer.sha256 !== expected) this.violate(`digest of ${name} from ${from} to ${to} differs`);
    }

    watchWorkers() {
        const timer = setInterval(() => {
            for (const worker of this.workers.filter((one) => one.problem && !one.isTold)) {
                worker.isTold = true;
                this.violate(worker.problem.message);
            }
            if (this.server.exit && !this.isRestarting) {
                this.violate(`the server ended: ${JSON.stringify(this.server.exit)} ${this.server.log()}`);
                this.finish();
            }
        }, 500);
        return () => clearInterval(timer);
    }

    async run() {
        await this.server.start();
        this.startWorkers();
        this.sampler.start();
        const unwatch = this.watchWorkers();
        const progress = setInterval(() => this.progress(), 30000);
        const others = [startCrowd(this), startFaults(this), this.checkDigests()];
        await Promise.race([pause(this.seconds * 1000), this.over]);
        this.isOver = true;
        this.finish();
        await Promise.all(others);
        clearInterval(progress);
        unwatch();
        this.sampler.stop();
        await this.checkEnd();
    }

    progress() {
        const last = this.sampler.samples.at(-1) ?? {};
        console.log(
            `${this.second()} s: ${this.book.acked} acknowledged, ${this.book.deliveries} deliveries, ` +
                `${this.marks.length} faults, ${(last.resident_mib ?? 0).toFixed(1)} MiB, ` +
                `${last.descriptors ?? 0} descriptors`,
        );
    }

    /** All leave; then the log, the counters and memory are looked at. */
    async checkEnd() {
        const attempt = (what, act) => act().catch((error) => this.violate(`${what}: ${error.message}`));
        await attempt('a worker', () => Promise.all(this.workers.map((worker) => worker.stop())));
        await attempt('the log', async () => (this.events = await this.book.compare(this.server)));
        await attempt('P3', () => this.server.checkLeaks());
        await attempt('memory', async () => (this.settled = await settledBytes(this.server)));
        await attempt('metrics', async () => (this.metrics = await this.server.metrics()));
        const exit = await this.server.stop();
        if (exit.code !== 0) this.violate(`it did not end cleanly: ${JSON.stringify(exit)}`);
        this.checkGrowth('resident_mib', 'memory (MiB)', GROWTH_BYTES_MIB);
        this.checkGrowth('descriptors', 'descriptors', GROWTH_DESCRIPTORS);
    }

    /** In the life of the second half: its second quarter against its last. */
    checkGrowth(name, what, slack) {
        const half = this.seconds / 2;
        const quarter = (number) => {
            const from = half + (half / 4) * number;
            const inside = ({ second }) => second >= from && second < from + half / 4;
            return this.values(name, this.sampler.samples.filter(inside));
        };
        const [early, late] = [quarter(1), quarter(3)];
        if (early.length === 0 || late.length === 0) return;
        const [before, after] = [percentile(early, 0.5), percentile(late, 0.5)];
        this.growth = { ...this.growth, [name]: [before, after] };
        if (after > before * GROWTH_SHARE + slack) this.violate(`${what} grow from ${before} to ${after}`);
    }

    values(name, samples) {
        return samples.map((sample) => sample[name] ?? null).filter((value) => value !== null);
    }

    summary() {
        const { samples } = this.sampler;
        const of = (name) => this.values(name, samples);
        const count = (kind) => this.marks.filter((mark) => mark.kind === kind).length;
        const [memory, open] = [this.growth?.resident_mib, this.growth?.descriptors];
        const shown = (pair) => (pair ? pair.map((value) => value.toFixed(1)).join(' → ') : 'not measured');
        return [
            `${(this.second() / 60).toFixed(1)} minutes: ${this.book.acked} acknowledged, ` +
                `${this.book.deliveries} deliveries, ${this.events ?? '?'} in the log; ${this.passages} visits`,
            `faults: ${FAULTS.map(({ name }) => `${count(name)} × ${name}`).join(', ')}`,
            `retries recognised ${this.book.duplicates}, commands refused ${this.book.refused}, ` +
                `digests compared ${this.digests}`,
            `delay, half ${milliseconds(percentile(of('p50_ms'), 0.5))}, p99 of a typical second ` +
                `${milliseconds(percentile(of('p99_ms'), 0.5))} (includes the disk, and faults)`,
            `longest turn of a loop in a typical second ${milliseconds(percentile(of('turn_ms'), 0.5))}, ever ` +
                `${milliseconds(Math.max(...of('turn_ms')))}; slow turns ${of('slow_turns').at(-1)}`,
            `memory at most ${Math.max(...of('resident_mib')).toFixed(1)} MiB, ` +
                `${mebibytes(this.settled ?? 0)} when all had left; in the second half ${shown(memory)} MiB, ` +
                `descriptors ${shown(open)}`,
            `ended connections of the last life: ${this.endings()}`,
            this.violations.length === 0 ? 'violations: none' : `VIOLATIONS:\n  ${this.violations.join('\n  ')}`,
            '',
        ].join('\n');
    }

    endings() {
        const isReason = ([name, value]) => name.startsWith('natter_ended_total{') && value > 0;
        const reasons = [...(this.metrics ?? [])].filter(isReason);
        const each = reasons.map(([name, value]) => `${/"(.*)"/.exec(name)[1]} ${value}`).join(', ');
        return `${sumOf(this.metrics ?? [], 'natter_accepted_total')} accepted = ${each}`;
    }

    plot() {
        const curve = (name) => this.sampler.curve(name, this.seconds);
        const rise = (value, i, all) => (value === null || !all[i - 1] ? null : Math.max(0, value - all[i - 1]));
        const rates = curve('acked').map(rise);
        const one = (name, color, values) => ({ name, color, values });
        return draw({
            title: 'natter under a soak',
            subtitle:
                `${WORKERS} senders, visitors, walk-ins, stalled and slow readers; ` +
                'kills and restarts in the first half only',
            seconds: this.seconds,
            marks: this.marks,
            kinds: FAULTS,
            panels: [
                { title: 'Resident memory, MiB', series: [one('', '#1565c0', curve('resident_mib'))] },
                {
                    title: 'Open at a time',
                    series: [
                        one('descriptors', '#c62828', curve('descriptors')),
                        one('connections', '#2e7d32', curve('connections')),
                    ],
                },
                {
                    title: 'From sending to one\'s own copy, ms',
                    isLog: true,
                    series: [one('p99', '#ef6c00', curve('p99_ms')), one('p50', '#1565c0', curve('p50_ms'))],
                },
                {
                    title: 'Longest turn of a loop in each second, ms',
                    isLog: true,
                    series: [one('', '#6a1b9a', curve('turn_ms'))],
                },
                { title: 'Acknowledged per second', series: [one('', '#2e7d32', rates)] },
                { title: 'The log on disk, MiB', series: [one('', '#795548', curve('log_mib'))] },
            ],
        });
    }

    write() {
        mkdirSync(this.out, { recursive: true });
        writeFileSync(join(this.out, 'soak.svg'), this.plot());
        writeFileSync(join(this.out, 'summary.txt'), this.summary());
        writeFileSync(join(this.out, 'samples.json'), JSON.stringify(this.sampler.samples));
        console.log(`${this.summary()}plot: ${join(this.out, 'soak.svg')}`);
    }
}

const words = process.argv.slice(2);
const option = (name, otherwise) => (words.includes(name) ? words[words.indexOf(name) + 1] : otherwise);
const binary = resolve(option('--natter', 'build/natter'));
if (!existsSync(binary)) {
    console.error(`tests/soak/run: there is no ${binary}; build it first, or name another with --natter`);
    process.exit(2);
}
const seconds = Number(option('--seconds', 0)) || Number(option('--minutes', 10)) * 60;
const soak = new Soak(binary, Math.round(seconds), resolve(option('--out', 'build/soak')));
try {
    await soak.run();
} catch (error) {
    soak.violate(error.stack);
}
soak.write();
soak.server.cleanUp();
process.exit(soak.violations.length > 0 ? 1 : 0);
