// SPDX-License-Identifier: Apache-2.0
// The binary is replaced while everybody talks (P8): no connect is refused, no connection ends, nothing is lost,
// doubled or reordered; and when the new process comes to nothing, the old one goes on as if nothing had been.
import { chmodSync, copyFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { assert, equal, test, until } from '../e2e/lib/harness.mjs';
import { get } from '../e2e/lib/server.mjs';
import { Book } from './lib/book.mjs';
import { milliseconds, percentile } from './lib/context.mjs';
import { lineIn } from './lib/line.mjs';
import { pause, Worker } from './lib/worker.mjs';

const ROOMS = ['Alpha', 'beta', 'Gämma', 'delta'];
const WORKERS = 12;
const SLOW = 3; // workers that stop reading now and then
const ROUNDS = 10;

const some = (list, count) => [...list].sort(() => Math.random() - 0.5).slice(0, count);

/** Clients of all sorts, who must not notice. */
class Crowd {
    constructor(server) {
        this.server = server;
        this.book = new Book(ROOMS);
        this.workers = Array.from(
            { length: WORKERS },
            (_, i) =>
                new Worker(server, this.book, `w${i}`, some(ROOMS, 1 + (i % 3)), {
                    pace_ms: i % 2 ? 5 : 0,
                    deflate: i % 3 === 0,
                    size: i % 4 === 0 ? 900 : 0,
                }),
        );
        this.connects = 0;
        this.refused = [];
        this.left = [];
        this.troubles = [];
        this.whispers = 0;
        this.isStopping = false;
    }

    async begin() {
        this.watcher = await lineIn(this.server.ws, ROOMS[0], { onFrame: (frame) => this.watch(frame) });
        this.whisperer = await lineIn(this.server.ws, '~whispers');
        await until(() => this.workers.every((worker) => worker.sessions === 1), 'everybody is in');
        const loops = [this.connect(), this.askPages(), this.whisper(), this.stall()];
        this.loops = loops.map((loop) => loop.catch((error) => this.troubles.push(error.message)));
    }

    watch(frame) {
        if (frame.type === 'presence') this.left.push(...(frame.left ?? []));
    }

    /** New connections all the time, so that some come in every moment of a hand-over. */
    async connect() {
        while (!this.isStopping) {
            try {
                const line = await lineIn(this.server.ws, 'visitors');
                this.connects++;
                await line.end();
            } catch (error) {
                this.refused.push(`upgrade: ${error.message}`);
            }
        }
    }

    async askPages() {
        while (!this.isStopping) {
            const answer = await get(`${this.server.url}/livez`).catch((error) => ({ status: error.message }));
            if (answer.status === 200) this.connects++;
            else this.refused.push(`page: ${answer.status}`);
            await pause(2);
        }
    }

    /** An ephemeral room lives in memory alone, and goes along. */
    async whisper() {
        while (!this.isStopping) {
            const key = `whisper-${this.whispers}`;
            const ack = await this.whisperer.ask({ type: 'send', room: '~whispers', text: 'psst', key });
            equal([ack.type, ack.seq], ['ack', ++this.whispers], 'the next whisper');
            await pause(3);
        }
    }

    async stall() {
        while (!this.isStopping) {
            for (const worker of this.workers.slice(0, SLOW)) worker.line.socket.pause();
            await pause(100 + Math.random() * 500);
            for (const worker of this.workers.slice(0, SLOW)) worker.line.socket.resume();
            await pause(100);
        }
    }

    /** So many more are acknowledged. */
    async moves(count) {
        const goal = this.book.acked + count;
        const isDone = () => this.book.acked >= goal || this.workers.some((worker) => worker.problem);
        await until(isDone, `${goal} acknowledged`, 60);
        for (const worker of this.workers) if (worker.problem) throw worker.problem;
    }

    /** Everything that was promised, and the log. */
    async end() {
        this.isStopping = true;
        await Promise.all(this.loops);
        await Promise.all(this.workers.map((worker) => worker.stop()));
        assert(!this.watcher.isClosed && !this.whisperer.isClosed, 'who only listens stays connected');
        await this.watcher.end();
        await this.whisperer.end();
        equal(this.troubles, [], 'troubles');
        equal(this.refused, [], 'refused connects');
        equal(this.workers.map((worker) => worker.sessions), Array(WORKERS).fill(1), 'sessions of each');
        equal(this.left, [], 'who was said to have left');
        return this.book.compare(this.server);
    }

    tell(events) {
        return (
            `${this.book.acked} acknowledged, ${this.book.deliveries} deliveries, ${events} in the log, ` +
            `${this.connects} connects, ${this.whispers} whispers; refused 0, lost 0, doubled 0, disconnected 0`
        );
    }
}

async function crowdOf(context, flags = [], options = {}) {
    const server = await context.server(['--limits', 'off', ...flags], options);
    const crowd = new Crowd(server);
    await crowd.begin();
    return { server, crowd };
}

test(
    'a hand-over under load is noticed by nobody',
    async (context) => {
        const { server, crowd } = await crowdOf(context);
        const rounds = context.rounds > 20 ? context.rounds : ROUNDS;
        const pauses = [];
        for (let round = 1; round <= rounds; round++) {
            await crowd.moves(1 + Math.floor(Math.random() * 60));
            const { taken, failed } = await server.handOver();
            assert(taken, `hand-over ${round} failed: ${failed?.reason}\n${server.log()}`);
            equal(taken.farewells, '0', 'connections that could not go on');
            pauses.push(Number(taken.pause_us) / 1000);
        }
        await crowd.moves(50);
        const metrics = await server.metrics();
        equal(metrics.get('natter_handovers_total{result="done"}'), rounds, 'natter_handovers_total');
        assert(metrics.get('natter_handover_connections{what="passed"}') >= WORKERS, 'passed on');
        assert(metrics.get('natter_taken_over_total') >= WORKERS, 'natter_taken_over_total');
        assert(metrics.get('natter_handover_pause_seconds') > 0, 'natter_handover_pause_seconds');
        context.note(`${rounds} hand-overs: ${crowd.tell(await crowd.end())}`);
        context.note(
            `nothing served for ${milliseconds(percentile(pauses, 0.5))} in the middle, ` +
                `${milliseconds(percentile(pauses, 0.95))} at 95 %, ${milliseconds(Math.max(...pauses))} at the most`,
        );
    },
    { seconds: 120 },
);

/** A natter at a path of its own, so that another program can be put in its place. */
function ownProgram(context) {
    const folder = context.folder();
    const path = join(folder, 'natter');
    copyFileSync(context.binary, path);
    return {
        path,
        put(text) {
            writeFileSync(`${path}.new`, text);
            chmodSync(`${path}.new`, 0o755);
            renameSync(`${path}.new`, path);
        },
        restore() {
            copyFileSync(context.binary, `${path}.new`);
            renameSync(`${path}.new`, path);
        },
    };
}

/** A program that speaks as a new natter does, up to that step. */
const impostor = (steps) => `#!/usr/bin/env python3
import os, signal, socket, sys, time
channel = socket.socket(fileno=int(os.environ['CHANNEL_OF_NATTER']))
channel.setblocking(True)
def take():
    return socket.recv_fds(channel, 65536, 253)[0]
def take_all():
    while take()[:1] != b'E':
        pass
def hang():
    time.sleep(3600)
def die():
    os.kill(os.getpid(), signal.SIGKILL)
${steps}
`;

const FAILURES = [
    ['a program that ends at once', '#!/bin/sh\nexit 3\n', /status 3/],
    ['a program that is none', 'neither one thing nor the other', /could not be started|status/],
    ['one that never gets ready', impostor('take(); hang()'), /too long/],
    ['one that has another format', impostor("take(); channel.send(b'Nanother format'); hang()"), /another format/],
    ['one that is killed before it is ready', impostor('take(); die()'), /status 137/],
    ['one that is killed when it is ready', impostor("take(); channel.send(b'R'); die()"), /status 137/],
    ['one that takes nothing', impostor("take(); channel.send(b'R'); hang()"), /too long/],
    ['one that is killed with a part of it', impostor("take(); channel.send(b'R'); take(); die()"), /status 137/],
    ['one that is killed with all of it', impostor("take(); channel.send(b'R'); take_all(); die()"), /status 137/],
    ['one that keeps all of it to itself', impostor("take(); channel.send(b'R'); take_all(); hang()"), /too long/],
    ['one that refuses it', impostor("take(); channel.send(b'R'); take_all(); channel.send(b'Nno')"), /no/],
    ['one that talks nonsense', impostor("take(); channel.send(b'R'); take_all(); channel.send(b'?')"), /not speak/],
];

test(
    'after a hand-over that comes to nothing the old process goes on',
    async (context) => {
        const program = ownProgram(context);
        const flags = ['--handover-prepare-time', '3s', '--handover-take-time', '2s'];
        const { server, crowd } = await crowdOf(context, flags, { binary: program.path });
        const pid = server.pid;
        for (const [name, text, why] of FAILURES) {
            program.put(text);
            const { given, failed } = await server.handOver();
            // On a machine that is busy enough any of them may be out of time before it comes to its point.
            const isTold = why.test(failed?.reason) || /too long/.test(failed?.reason);
            assert(!given && isTold, `${name}: ${JSON.stringify(failed ?? given)}`);
            await crowd.moves(20);
        }
        equal(server.pid, pid, 'the process that serves');
        const metrics = await server.metrics();
        equal(metrics.get('natter_handovers_total{result="failed"}'), FAILURES.length, 'natter_handovers_total');
        program.restore();
        const { taken } = await server.handOver();
        assert(taken, 'then one that is right');
        await crowd.moves(20);
        equal((await server.metrics()).get('natter_handovers_total{result="failed"}'), FAILURES.length, 'goes along');
        context.note(`${FAILURES.length} failures and one success: ${crowd.tell(await crowd.end())}`);
    },
    { seconds: 90 },
);
