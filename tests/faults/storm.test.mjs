// SPDX-License-Identifier: Apache-2.0
// Everybody comes back at once: the server was killed, and all resume in one durable room.
import { readFileSync } from 'node:fs';

import { assert, equal, skip, test, until } from '../e2e/lib/harness.mjs';
import { sumOf } from './lib/faulty_server.mjs';
import { lineIn, welcomedLine } from './lib/line.mjs';
import { milliseconds, percentile } from './lib/context.mjs';
import { pause } from './lib/worker.mjs';

const ROOM = 'everybody';

/** One who only reads, and knows exactly what it saw. */
class Reader {
    constructor(server) {
        Object.assign(this, { server, last: 0, problem: null, epoch: undefined });
    }

    take(frame) {
        if (frame.type === 'joined') {
            this.epoch = frame.epoch;
            if (frame.truncated) this.problem ??= 'a truncated replay';
            frame.events.forEach((event) => this.see(event.seq));
            if (this.last !== frame.seq) this.problem ??= `replayed to ${this.last}, not to ${frame.seq}`;
        } else if (frame.type === 'gap') {
            this.problem ??= 'a gap';
        } else if (frame.seq && frame.type === 'message') {
            this.see(frame.seq);
        }
    }

    see(seq) {
        if (seq !== this.last + 1) this.problem ??= `saw ${seq} after ${this.last}`;
        this.last = seq;
    }

    async enter() {
        for (;;) {
            try {
                const onFrame = (frame) => this.take(frame);
                const line = await welcomedLine(this.server.ws, { token: this.token, onFrame });
                this.line = line;
                this.token = line.welcome.token;
                const joined = await line.ask({ type: 'join', room: ROOM, after: this.last, epoch: this.epoch });
                if (joined.type === 'joined') return;
                line.socket.terminate();
                await pause(joined.retry_after ?? 50);
            } catch {
                await pause(20 + Math.random() * 50);
            }
        }
    }
}

const openFilesMax = () => Number(/Max open files\s+(\d+)/.exec(readFileSync('/proc/self/limits', 'utf8'))[1]);

async function send(line, count, from) {
    for (let i = 0; i < count; i++) {
        const key = `e${from + i}`;
        const answer = await line.ask({ type: 'send', room: ROOM, text: `to everybody, ${key}`, key });
        equal(answer.type, 'ack', `sending while all come back (${JSON.stringify(answer)})`);
    }
}

test(
    'a storm of readers that all resume at once sees no hole, no repeat, and hardly touches the disk',
    async (context) => {
        const count = context.isLong ? 4000 : 400;
        if (openFilesMax() < count + 200) skip(`${openFilesMax()} open files are too few for ${count} readers`);
        const server = await context.server(['--limits', 'off', '--connections-max', '20000']);
        const readers = Array.from({ length: count }, () => new Reader(server));
        let sent = 0;
        const sender = await lineIn(server.ws, ROOM);
        await send(sender, 20, sent);
        sent += 20;
        for (let i = 0; i < count; i += 100)
            await Promise.all(readers.slice(i, i + 100).map((reader) => reader.enter()));
        await sender.end();
        for (let storm = 0; storm < 3; storm++) {
            readers.forEach((reader, i) => i % 3 === 0 && reader.line.socket.terminate()); // some miss what follows
            const speaker = await lineIn(server.ws, ROOM);
            await send(speaker, 50, sent);
            sent += 50;
            const hasSeen = (reader, i) => i % 3 === 0 || reader.last === sent;
            await until(() => readers.every(hasSeen), 'the others see it', 60);
            await server.kill();
            await Promise.all(readers.map((reader) => reader.line.closed));
            await server.start();
            const before = await server.metrics();
            const started = performance.now();
            const times = [];
            const all = readers.map((reader) => reader.enter().then(() => times.push(performance.now() - started)));
            const late = await lineIn(server.ws, ROOM);
            await send(late, 20, sent);
            sent += 20;
            await Promise.all(all);
            const isThere = (reader) => reader.last === sent || reader.problem;
            await until(() => readers.every(isThere), 'all are up to date', 60);
            readers.forEach((reader) => equal(reader.problem, null, 'a reader'));
            const after = await server.metrics();
            const rise = (name) => sumOf(after, name) - sumOf(before, name);
            const disk = rise('natter_store_reads_total');
            const took = (share) => milliseconds(percentile(times, share));
            context.note(
                `${count} resumed in ${took(1)} (half in ${took(0.5)}): ` +
                    `${rise('natter_replays_from_memory_total')} replays from memory, ` +
                    `${rise('natter_replays_from_disk_total')} from disk, ${disk} look-ups in the database`,
            );
            equal(rise('natter_replays_from_disk_total'), 0, 'replays from disk');
            assert(disk < count * 1.5, `${disk} look-ups for ${count} readers: one each, for the name, by its key`);
            await late.end();
        }
        readers.forEach((reader) => reader.line.socket.terminate());
    },
    { seconds: 120 },
);
