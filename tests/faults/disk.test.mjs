// SPDX-License-Identifier: Apache-2.0
// Disks that are full, fail, forget, are read-only or slow. Nothing is acknowledged that is not kept, readers go on,
// and sending comes back by itself.
import { existsSync, openSync, writeSync, closeSync, rmSync, statfsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { assert, equal, test, until } from '../e2e/lib/harness.mjs';
import { Book } from './lib/book.mjs';
import { lineIn } from './lib/line.mjs';
import { Worker } from './lib/worker.mjs';
import { mountSmall, need, runProgram } from './lib/world.mjs';

const ROOMS = ['ledger', 'letters'];
const WORKERS = 6;
const MIB = 1024 * 1024;

const refusals = (workers, code) => workers.reduce((sum, worker) => sum + (worker.refusals.get(code) ?? 0), 0);
const startWorkers = (server, book, options = {}) =>
    Array.from({ length: WORKERS }, (_, i) => new Worker(server, book, `d${i}`, ROOMS, { pace_ms: 5, ...options }));
const isHealthy = async (server) => (await server.metrics()).get('natter_store_healthy') === 1;

/** Waits, and looks at the workers' own complaints meanwhile. */
async function untilWith(workers, check, what, seconds = 30) {
    await until(
        async () => {
            for (const worker of workers) if (worker.problem) throw worker.problem;
            return check();
        },
        what,
        seconds,
    );
}

/**
 * Once each worker was refused, whatever was acknowledged before has arrived: from then until `count` more refusals
 * have come, not one ack may come.
 */
async function refusesAll(workers, book, code, count = 20) {
    const before = workers.map((worker) => refusals([worker], code));
    const isTold = (worker, i) => refusals([worker], code) > before[i];
    await untilWith(workers, () => workers.every(isTold), `everybody is told ${code}`);
    const acked = book.acked;
    const goal = refusals(workers, code) + count;
    await untilWith(workers, () => refusals(workers, code) >= goal, `${goal} times ${code}`);
    equal(book.acked, acked, `acknowledged while the disk fails (${code})`);
}

/** A full disk still takes what fits into the room that the log of changes has already: only the ledger can tell. */
async function refusesSome(workers, code, count = 20) {
    const goal = refusals(workers, code) + count;
    await untilWith(workers, () => refusals(workers, code) >= goal, `${goal} times ${code}`);
}

async function readersGoOn(reader, server) {
    equal((await reader.ask({ type: 'ping' })).type, 'pong', 'pong');
    equal((await reader.ask({ type: 'who', room: ROOMS[0] })).type, 'members', 'who');
    const page = await reader.ask({ type: 'history', room: ROOMS[0], before: reader.joined.seq + 1, limit: 10 });
    equal([page.type, page.events?.length], ['history', 10], 'history');
    const newcomer = await lineIn(server.ws, ROOMS[0], { join: { history: 10 } });
    equal(newcomer.joined.events.length, 10, 'a newcomer sees the newest');
    await newcomer.end();
    assert(!reader.isClosed, 'the reader is still connected');
}

async function sendingReturns(server, workers, book) {
    const goal = book.acked + 50;
    await untilWith(workers, () => book.acked >= goal, `${goal} acknowledged again`);
    await untilWith(workers, () => isHealthy(server), 'the store is healthy again');
}

async function finish(server, workers, book) {
    await Promise.all(workers.map((worker) => worker.stop()));
    return book.compare(server);
}

const FAULTS = [
    ['disk_full', 'busy'],
    ['write', 'internal'],
    ['torn_write', 'internal'],
    ['sync', 'internal'],
    ['read_only', 'internal'],
];

test('a disk that fails is told as busy or internal, readers go on, sending returns by itself', async (context) => {
    const server = await context.server(['--limits', 'off'], { isFaulty: true });
    const book = new Book(ROOMS);
    const workers = startWorkers(server, book);
    await untilWith(workers, () => book.acked >= 100, 'a hundred acknowledged');
    const reader = await lineIn(server.ws, ROOMS[0]);
    for (const [kind, code] of FAULTS) {
        await server.arm(kind);
        await refusesAll(workers, book, code);
        assert(!(await isHealthy(server)), 'the store knows that it is not healthy');
        await readersGoOn(reader, server);
        assert(await server.disarm(), `${kind} happened`);
        await sendingReturns(server, workers, book);
    }
    await reader.end();
    const events = await finish(server, workers, book);
    context.note(`${FAULTS.length} kinds: ${book.acked} acknowledged, ${events} in the log`);
});

test('single failures anywhere under the database lose and double nothing', async (context) => {
    const server = await context.server(['--limits', 'off', '--store-wal-max', '1MiB'], { isFaulty: true });
    const book = new Book(ROOMS);
    const workers = startWorkers(server, book, { pace_ms: 0 });
    const faults = context.isLong ? context.rounds : 25;
    let struck = 0;
    let goal = 0;
    for (let i = 0; i < faults; i++) {
        goal = book.acked + 60;
        await server.arm(FAULTS[i % FAULTS.length][0], 1 + Math.floor(Math.random() * 12), 'once');
        await untilWith(workers, () => book.acked >= goal, `${goal} acknowledged after fault ${i}`);
        if (await server.disarm()) struck++;
        if (i % 8 === 7) {
            await server.kill();
            await server.start();
        }
    }
    const events = await finish(server, workers, book);
    assert(struck > faults / 2, `${struck} of ${faults} happened`);
    const kills = Math.floor(faults / 8);
    context.note(`${struck} faults, ${kills} kills: ${book.acked} acknowledged, ${events} in the log`);
});

test('killed while the disk fails, it starts again with all that was acknowledged', async (context) => {
    const server = await context.server(['--limits', 'off'], { isFaulty: true });
    const book = new Book(ROOMS);
    const workers = startWorkers(server, book);
    for (const [kind, code] of FAULTS) {
        const goal = book.acked + 50;
        await untilWith(workers, () => book.acked >= goal, `${goal} acknowledged`);
        await server.arm(kind);
        await refusesAll(workers, book, code, 5);
        await server.kill();
        await server.start();
    }
    await sendingReturns(server, workers, book);
    await finish(server, workers, book);
});

test('a disk that cannot be read is told to who asks, and to nobody else', async (context) => {
    const server = await context.server(['--limits', 'off'], { isFaulty: true });
    const book = new Book(ROOMS);
    const workers = startWorkers(server, book, { pace_ms: 0 });
    await untilWith(workers, () => book.acked >= 3000, 'three thousand acknowledged', 60);
    await Promise.all(workers.map((worker) => worker.stop()));
    await server.stop();
    await server.start(); // with nothing in memory but the newest
    const reader = await lineIn(server.ws, ROOMS[0]);
    await server.arm('read');
    const refused = await reader.ask({ type: 'history', room: ROOMS[0], after: 0 });
    equal([refused.type, refused.code], ['error', 'internal'], 'what the reader is told');
    equal((await reader.ask({ type: 'ping' })).type, 'pong', 'pong');
    assert(await server.disarm(), 'a read failed');
    equal((await reader.ask({ type: 'history', room: ROOMS[0], after: 0 })).events?.[0]?.seq, 1, 'when it can be read');
    await reader.end();
    await book.compare(server);
});

test('a slow disk delays acks, and neither pongs nor what is read', async (context) => {
    const server = await context.server(['--limits', 'off', '--store-queue-max', '64'], { isFaulty: true });
    const sender = await lineIn(server.ws, ROOMS[0]);
    await sender.ask({ type: 'ping' }); // the first is answered in order
    await server.order('slow 300');
    const order = [];
    const acks = [];
    for (let i = 0; i < 3; i++) {
        const sent = sender.ask({ type: 'send', room: ROOMS[0], text: 'slowly', key: `slow-${i}` });
        acks.push(sent.then((answer) => order.push(answer.type)));
        await sender.ask({ type: 'ping' }).then((answer) => order.push(answer.type));
        await Promise.all(acks);
    }
    equal(order, ['pong', 'ack', 'pong', 'ack', 'pong', 'ack'], 'the pong does not wait for the disk');
    const crowd = await Promise.all(Array.from({ length: 8 }, () => lineIn(server.ws, ROOMS[0])));
    const answers = crowd.flatMap((line, k) =>
        Array.from({ length: 40 }, (_, i) =>
            line.ask({ type: 'send', room: ROOMS[0], text: 'many', key: `many-${k}-${i}` }),
        ),
    );
    const codes = (await Promise.all(answers)).map((answer) => answer.code ?? answer.type);
    const count = (what) => codes.filter((code) => code === what).length;
    equal(count('ack') + count('busy'), codes.length, `each is acknowledged or told busy: ${new Set(codes)}`);
    assert(count('ack') > 0, 'some are acknowledged');
    equal((await server.metrics()).get('natter_busy_total'), count('busy'), 'busy is counted');
    await server.order('slow 0');
    context.note(`a queue of 64 before a slow disk: ${count('ack')} acknowledged, ${count('busy')} told busy`);
    for (const line of [sender, ...crowd]) await line.end();
});

/** Writes until there is no room left at all. */
function fillUp(path) {
    const file = openSync(path, 'w');
    for (let size = 65536; size >= 1; size = Math.floor(size / 2)) {
        try {
            for (;;) writeSync(file, Buffer.alloc(size));
        } catch (error) {
            if (error.code !== 'ENOSPC') throw error;
        }
    }
    closeSync(file);
}

for (const kind of ['tmpfs', 'ext4']) {
    test(`a real disk that runs full (${kind}): busy, then as before when there is room`, async (context) => {
        const folder = context.folder();
        await mountSmall(context, kind, folder, 24 * MIB);
        const data = join(folder, 'data');
        mkdirSync(data);
        const server = await context.server(['--limits', 'off', '--store-wal-max', '1MiB'], { data });
        const book = new Book(ROOMS);
        const workers = startWorkers(server, book, { size: 2000 });
        await untilWith(workers, () => book.acked >= 100, 'a hundred acknowledged');
        const reader = await lineIn(server.ws, ROOMS[0]);
        for (let times = 0; times < 2; times++) {
            fillUp(join(folder, 'filler'));
            await refusesSome(workers, 'busy');
            await readersGoOn(reader, server);
            rmSync(join(folder, 'filler'));
            await sendingReturns(server, workers, book);
        }
        fillUp(join(folder, 'filler'));
        await refusesSome(workers, 'busy', 1);
        await server.kill();
        rmSync(join(folder, 'filler'));
        await server.start();
        await sendingReturns(server, workers, book);
        await reader.closed;
        const events = await finish(server, workers, book);
        const { bavail, bsize } = statfsSync(folder);
        const left = Math.floor((bavail * bsize) / MIB);
        context.note(`${book.acked} acknowledged, ${events} in the log, ${left} MiB left`);
    });
}

test('a data folder on a read-only disk is refused at start, in words', async (context) => {
    const folder = context.folder();
    await mountSmall(context, 'tmpfs', folder, 8 * MIB);
    const data = join(folder, 'data');
    const server = await context.server([], { data });
    await server.stop();
    await need('mount', ['-o', 'remount,ro', folder], 'no read-only mount');
    const words = ['serve', '--listen', '127.0.0.1:0', '--metrics-listen', 'off', '--data', data];
    const refused = await runProgram(context.binary, words);
    assert(refused.status !== 0 && /read-only|cannot be written/.test(refused.stderr), refused.stderr);
    assert(existsSync(join(data, 'natter.db')), 'the database is still there');
    const history = await runProgram(context.binary, ['rooms', '--data', data]);
    equal(history.status, 0, `reading goes on: ${history.stderr}`);
});
