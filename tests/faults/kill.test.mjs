// SPDX-License-Identifier: Apache-2.0
// kill -9 at random instants, also while it starts, under clients that come back and send again (P1, P2).
import { assert, equal, test, until } from '../e2e/lib/harness.mjs';
import { Book } from './lib/book.mjs';
import { lineIn } from './lib/line.mjs';
import { pause, Worker } from './lib/worker.mjs';
import { runProgram } from './lib/world.mjs';

const ROOMS = ['Alpha', 'beta', 'Gämma', 'delta'];
const WORKERS = 10;
const COMPARE_ROUNDS = 25; // so often the log is read while the server is dead

const some = (list, count) => [...list].sort(() => Math.random() - 0.5).slice(0, count);

function throwProblems(workers) {
    for (const worker of workers) if (worker.problem) throw worker.problem;
}

/** One kill in six hits a start, before or while the log is opened. */
async function killAtRandom(server) {
    const isAtStart = Math.random() < 1 / 6;
    if (!isAtStart) await pause(Math.random() * 350);
    await server.kill();
    if (!isAtStart) return 1;
    server.spawn();
    await pause(Math.random() * 25);
    await server.kill();
    return 2;
}

async function compareDigests(server, book) {
    for (const [name, room] of book.rooms) {
        const line = await lineIn(server.ws, name);
        const to = room.keys.length - 1;
        const from = Math.max(1, to - 50000);
        const answer = await line.ask({ type: 'digest', room: name, from, to });
        const what = `digest of ${name} from ${from} to ${to}: ${JSON.stringify(answer)}`;
        equal(answer.sha256, room.digest(from, to), what);
        await line.end();
    }
}

test(
    'kill -9 at any instant loses nothing, doubles nothing, and the log is whole',
    async (context) => {
        const server = await context.server(['--limits', 'off', '--store-wal-max', '1MiB']);
        const book = new Book(ROOMS);
        const workers = Array.from(
            { length: WORKERS },
            (_, i) => new Worker(server, book, `w${i}`, some(ROOMS, 1 + (i % 3)), { deflate: i % 3 === 0 }),
        );
        let kills = 0;
        for (let round = 1; round <= context.rounds; round++) {
            const goal = book.acked + 1 + Math.floor(Math.random() * 100);
            const isMoving = () => book.acked >= goal || workers.some((worker) => worker.problem);
            await until(isMoving, `${goal} acknowledged in round ${round}`, 60);
            throwProblems(workers);
            kills += await killAtRandom(server);
            if (round % COMPARE_ROUNDS === 0) {
                await book.compare(server);
                context.note(`${kills} kills, ${book.acked} acknowledged, ${book.deliveries} deliveries`);
            }
            await server.start();
        }
        await Promise.all(workers.map((worker) => worker.stop()));
        await compareDigests(server, book);
        const events = await book.compare(server);
        const integrity = await runProgram('sqlite3', [`${server.data}/natter.db`, 'pragma integrity_check']);
        equal(integrity.stdout.trim(), 'ok', 'integrity of the database');
        assert(
            workers.every((worker) => worker.sessions > 1),
            'everybody was thrown out and came back',
        );
        assert(book.acked > context.rounds * 10, `${book.acked} acknowledged`);
        context.note(
            `${kills} kills: ${book.acked} acknowledged, ${book.deliveries} deliveries, ${book.duplicates} retries ` +
                `recognised, ${book.refused} refused, ${events} in the log; lost 0, doubled 0`,
        );
    },
    { seconds: 90 },
);
