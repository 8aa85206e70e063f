// SPDX-License-Identifier: Apache-2.0
// TLS under fire. A storm of handshakes, of which most are begun by who never meant to end them: they cost the server a
// thousand times as much as the other side. And certificates that are renewed again and again while everybody talks.
import { writeFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import tls from 'node:tls';

import { assert, equal, test, until } from '../e2e/lib/harness.mjs';
import { INSECURE, makeCertificate, secureServer, shake } from '../e2e/lib/secure.mjs';
import { ended } from './lib/faulty_server.mjs';
import { lineIn } from './lib/line.mjs';

const ROOM = '~storm';
const READERS = 40;
const AT_ONCE = 200;
const WINDOW = 400;
const WINDOWS = 5;
const DRIBBLERS = 60;
const HANDSHAKE_MS = 4000;

/** One who reads a room, and knows whether each came once and in order. */
async function readerOf(url) {
    const reader = { last: 0, problem: null };
    const onFrame = (frame) => {
        if (frame.type !== 'message') return;
        if (frame.seq !== reader.last + 1) reader.problem ??= `saw ${frame.seq} after ${reader.last}`;
        reader.last = frame.seq;
    };
    reader.line = await lineIn(url, ROOM, { onFrame, secure: INSECURE });
    return reader;
}

async function readersOf(server) {
    const urls = [server.ws, `wss://127.0.0.1:${server.secondPort}/ws`];
    const made = Array.from({ length: READERS }, (_, i) => readerOf(urls[i % 2]));
    return Promise.all(made);
}

/** Speaks all the time, one after the other; `stop()` gives how many were said. */
async function speakerOf(server) {
    const line = await lineIn(server.ws, ROOM);
    const speaker = { said: 0 };
    let isOver = false;
    const talk = (async () => {
        while (!isOver) {
            const key = `s${speaker.said}`;
            const answer = await line.ask({ type: 'send', room: ROOM, text: `number ${speaker.said}`, key });
            equal(answer.type, 'ack', `a message in the storm (${JSON.stringify(answer)})`);
            speaker.said += 1;
        }
    })();
    speaker.stop = async () => {
        isOver = true;
        await talk;
        await line.end();
        return speaker.said;
    };
    return speaker;
}

/** The first bytes of a client of TLS. */
function helloOf() {
    return new Promise((resolve) => {
        const listener = net.createServer((socket) =>
            socket.once('data', (hello) => {
                socket.destroy();
                listener.close();
                resolve(hello);
            }),
        );
        listener.listen(0, '127.0.0.1', () => {
            tls.connect({ port: listener.address().port, host: '127.0.0.1' }).on('error', () => {});
        });
    });
}

/** So many at once say hello, make the server work, and leave at its answer; and so again and again. */
class Storm {
    constructor(port, hello) {
        Object.assign(this, { port, hello, answered: 0, isOver: false, sockets: new Set() });
        for (let i = 0; i < AT_ONCE; i++) this.begin();
    }

    begin() {
        const socket = net.connect({ port: this.port, host: '127.0.0.1' }, () => socket.write(this.hello));
        this.sockets.add(socket);
        socket.on('error', () => {});
        socket.once('data', () => {
            this.answered += 1;
            socket.resetAndDestroy();
        });
        socket.on('close', () => {
            this.sockets.delete(socket);
            if (!this.isOver) this.begin();
        });
    }

    async end() {
        this.isOver = true;
        for (const socket of this.sockets) socket.destroy();
        await until(() => this.sockets.size === 0, 'the storm is over');
    }
}

/** Says hello a byte at a time, much more slowly than it may; resolves when the server has had enough. */
function dribble(port, hello) {
    return new Promise((resolve) => {
        const socket = net.connect(port, '127.0.0.1');
        let at = 0;
        const timer = setInterval(() => socket.write(hello.subarray(at, ++at)), HANDSHAKE_MS / 10);
        socket.on('error', () => {});
        socket.resume().on('close', () => {
            clearInterval(timer);
            resolve();
        });
    });
}

async function end(readers, said) {
    const isThere = (reader) => reader.last === said || reader.problem;
    await until(() => readers.every(isThere), 'all have everything', 60).catch(() => {});
    for (const reader of readers) equal([reader.problem, reader.last], [null, said], 'what a reader has seen');
    for (const reader of readers) assert(!reader.line.isClosed, 'nobody was dropped');
    await Promise.all(readers.map((reader) => reader.line.end()));
}

test('a room goes on through a storm of handshakes, and slow ones end by their deadline', async (context) => {
    const server = await secureServer(context, [
        ...['--limits', 'off', '--shards', '1', '--tls-handshake-time', `${HANDSHAKE_MS}ms`],
    ]);
    const hello = await helloOf();
    const readers = await readersOf(server);
    const speaker = await speakerOf(server);
    const slow = Array.from({ length: DRIBBLERS }, () => dribble(server.secondPort, hello));
    const storm = new Storm(server.secondPort, hello);
    const counts = [];
    for (let window = 1; window <= WINDOWS; window++) {
        const before = Math.min(...readers.map((reader) => reader.last));
        await until(() => storm.answered >= window * WINDOW, 'handshakes are answered', 60);
        await shake(server.secondPort); // somebody who means it gets through as well
        counts.push(Math.min(...readers.map((reader) => reader.last)) - before);
    }
    await storm.end();
    await Promise.all(slow);
    context.note(`messages to each of ${READERS} readers in each window of ${WINDOW} handshakes: ${counts}`);
    for (const count of counts) assert(count > 0, `the room stood still while ${WINDOW} shook hands: ${counts}`);
    // Handshakes that were all done before anything else would leave it two or three in each.
    const total = counts.reduce((sum, count) => sum + count, 0);
    assert(total >= WINDOWS * 6, `the room was hardly served while others shook hands: ${counts}`);
    await end(readers, await speaker.stop());
    equal(await ended(server, 'tls_timeout'), DRIBBLERS, 'slow ones end by their deadline, and are counted');
    assert((await server.metrics()).get('natter_tls_put_off_total') > 0, 'some had to wait for the others');
}, { seconds: 120 });

test('certificates are renewed under load again and again, and nobody is dropped', async (context) => {
    const server = await secureServer(context, ['--limits', 'off']);
    const readers = await readersOf(server);
    const speaker = await speakerOf(server);
    const reloads = () => server.lines.filter((line) => line.includes('"event":"tls.reloaded"')).length;
    for (let i = 1; i <= 8; i++) {
        makeCertificate(server.folder, 'a.example', `renewed ${i}`);
        const before = Math.min(...readers.map((reader) => reader.last));
        server.child.kill('SIGHUP');
        await until(() => reloads() === i, 'it is read');
        // Each shard takes it over when its letter comes.
        const isNew = async () => (await shake(server.secondPort)).subject === `renewed ${i}`;
        await until(async () => (await isNew()) && (await isNew()), 'and served');
        await until(() => readers.every((reader) => reader.last > before), 'and all goes on');
    }
    writeFileSync(join(server.folder, 'a.example.pem'), 'none of this is a certificate');
    server.child.kill('SIGHUP');
    await until(() => server.lines.some((line) => line.includes('tls.reload_failed')), 'a wrong one is refused');
    equal((await shake(server.secondPort)).subject, 'renewed 8', 'and the one before stays');
    await end(readers, await speaker.stop());
}, { seconds: 120 });
