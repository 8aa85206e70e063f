// SPDX-License-Identifier: Apache-2.0
// Those who come and go: visitors, walk-ins of plain text, readers that stall or are slow. Whatever goes wrong with
// their connections is a part of the life that they lead; what they are shown is held against the book.
import { WALK_IN_TEXT } from '../faults/lib/book.mjs';
import { welcomedLine } from '../faults/lib/line.mjs';
import { frame, PONG, TEXT, upgradeText, Raw } from '../faults/lib/raw.mjs';
import { pause } from '../faults/lib/worker.mjs';

const EVENTS = new Set(['message', 'edited', 'deleted', 'reaction']);
const pick = (list) => list[Math.floor(Math.random() * list.length)];

/** Somebody with a browser: looks around in two rooms, says a word, goes. */
async function visit(soak) {
    const show = (event) => EVENTS.has(event.type) && soak.book.room(event.room)?.show(event);
    const line = await welcomedLine(soak.server.ws, {
        deflate: Math.random() < 0.5,
        onFrame: (frame) => soak.guard(() => (show(frame), frame.events?.forEach(show))),
    });
    try {
        for (const room of [pick(soak.rooms), pick(soak.rooms)]) {
            const joined = await line.ask({ type: 'join', room, history: 30 });
            if (joined.type !== 'joined') continue;
            await line.ask({ type: 'history', room, before: Math.max(1, joined.seq - 20), limit: 50 });
            line.send({ type: 'typing', room });
            await line.ask({ type: 'who', room });
            await line.ask({ type: 'read', room, seq: joined.seq });
            await pause(Math.random() * 1500);
            if (Math.random() < 0.5) await line.ask({ type: 'leave', room });
        }
        await line.ask({ type: 'rooms' });
    } finally {
        if (Math.random() < 0.3) await line.reset();
        else await line.end();
    }
}

/** Ten lines of any language: plain text into a room, and away, often without a word. */
async function walkInAndOut(soak) {
    const raw = new Raw(soak.server);
    raw.write(upgradeText(`/ws?room=${encodeURIComponent(pick(soak.rooms))}`));
    await pause(200 + Math.random() * 500);
    raw.write(frame(TEXT, WALK_IN_TEXT));
    await pause(Math.random() * 1000);
    if (Math.random() < 0.5) raw.reset();
    else raw.socket.end();
    raw.socket.resume();
    await pause(200);
    raw.socket.destroy();
}

/** In a room, and never reads: is ended as slow, or by the heartbeat. */
async function stall(soak) {
    const raw = new Raw(soak.server);
    raw.write(upgradeText(`/ws?room=${encodeURIComponent(pick(soak.rooms))}`));
    await pause(300);
    raw.socket.pause();
    await Promise.race([pause(20000 + Math.random() * 10000), soak.over]);
    raw.reset();
}

/** Reads, but only now and then. */
async function dawdle(soak) {
    const raw = new Raw(soak.server);
    raw.write(upgradeText(`/ws?room=${encodeURIComponent(pick(soak.rooms))}`));
    const end = performance.now() + 15000;
    while (!raw.isEnded && !soak.isOver && performance.now() < end) {
        raw.socket.pause();
        await pause(300 + Math.random() * 900);
        raw.socket.resume();
        raw.write(frame(PONG));
        await pause(10);
    }
    raw.reset();
}

/** Keeps `count` of them going until the soak is over. */
async function keep(soak, count, act, rest_ms) {
    const one = async () => {
        while (!soak.isOver) {
            await act(soak).catch(() => {}); // the server was killed, or we were thrown out: that happens here
            soak.passages++;
            await pause(Math.random() * rest_ms);
        }
    };
    await Promise.all(Array.from({ length: count }, one));
}

export function startCrowd(soak) {
    return Promise.all([
        keep(soak, 6, visit, 500),
        keep(soak, 3, walkInAndOut, 1000),
        keep(soak, 4, stall, 500),
        keep(soak, 4, dawdle, 500),
    ]);
}
