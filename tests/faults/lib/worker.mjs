// SPDX-License-Identifier: Apache-2.0
// A client that does what chat clients do in several rooms at once, and whatever happens to its connection, comes back,
// resumes, fills its holes and sends again, with the same key, what was not answered. It puts all that it is told into
// the book.
import { textOf } from './book.mjs';
import { Gone, Line } from './line.mjs';

const PAGE_EVENTS = 200;
const EMOJI = ['👍', '🎉', '😀'];
const pick = (list) => list[Math.floor(Math.random() * list.length)];
export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** What a worker knows of a room. */
class Place {
    constructor(book) {
        this.book = book;
        this.last = 0; // the newest event that was shown, or told to be skipped
        this.holes = []; // [from, to], to be fetched
        this.held = 0;
        this.own = []; // own messages, newest last
        this.any = 0; // a message of anybody
    }
}

export class Worker {
    /**
   * `windowSize` commands are in flight; `pace_ms` lies between two of them. `onLatency` gets the time from sending to
   * one's own copy, for what was sent once.
   */
    constructor(server, book, name, rooms, { windowSize = 4, pace_ms = 0, deflate = false, size = 0, onLatency } = {}) {
        Object.assign(this, { server, book, name, windowSize, pace_ms, deflate, size, onLatency });
        this.settle = () => {};
        this.places = new Map(rooms.map((room) => [room, new Place(book.room(room))]));
        this.waiting = new Map(); // key → { frame, sent_ms, tries }
        this.counter = 0;
        this.sessions = 0;
        this.refusals = new Map(); // code → how often
        this.isStopping = false;
        this.problem = null;
        this.done = this.run();
    }

    async run() {
        while (!this.problem && !this.isFinished) {
            try {
                await this.session();
            } catch (error) {
                if (!(error instanceof Gone)) this.problem ??= error;
            }
            if (!this.problem) await pause(10 + Math.random() * 40);
        }
    }

    hasHoles() {
        return [...this.places.values()].some((place) => place.holes.length > 0 || place.held > 0);
    }

    get isFinished() {
        return this.isStopping && this.waiting.size === 0 && !this.hasHoles();
    }

    async stop() {
        this.isStopping = true;
        if (this.line?.isReady) this.settle();
        await this.done;
        if (this.problem) throw this.problem;
    }

    async session() {
        const line = new Line(this.server.ws, {
            token: this.token,
            deflate: this.deflate,
            onFrame: (frame) => this.guard(() => this.take(frame)),
        });
        this.line = line;
        try {
            const welcome = await line.welcomed;
            if (this.user && welcome.user.id !== this.user) throw new Error(`${this.name} came back as another user`);
            this.user = welcome.user.id;
            this.token = welcome.token;
            await Promise.all([...this.places].map(([room, place]) => this.enter(line, room, place)));
            this.sessions++;
            for (const order of this.waiting.values()) this.post(order);
            line.isReady = true;
            this.fill();
            const finished = new Promise((resolve) => (this.settle = () => this.isFinished && resolve()));
            await Promise.race([line.closed, finished]);
            if (!line.isClosed) await line.end();
        } finally {
            line.isReady = false;
            line.socket.terminate();
            await line.closed;
        }
    }

    /** Handlers run inside the socket's own; what they find must not be lost there. */
    guard(act) {
        try {
            act();
        } catch (error) {
            this.problem ??= error;
            this.line.socket.terminate();
        }
    }

    async enter(line, room, place) {
        for (;;) {
            const epoch = place.book.epoch ?? undefined;
            const answer = await line.ask({ type: 'join', room, after: place.last, epoch });
            if (answer.type === 'joined') break;
            if (!['busy', 'internal', 'rate_limited'].includes(answer.code))
                throw new Error(`${this.name} is not let in: ${JSON.stringify(answer)}`);
            await pause(answer.retry_after ?? 50);
        }
        for (const hole of place.holes.splice(0)) this.fetch(line, room, place, hole);
    }

    take(frame) {
        const place = this.places.get(frame.room);
        switch (frame.type) {
        case 'ack': return this.acknowledged(place, frame);
        case 'joined': return this.joined(place, frame);
        case 'gap': return this.skipped(place, frame);
        case 'error': return this.refused(frame);
        case 'message':
        case 'edited':
        case 'deleted':
        case 'reaction': return this.event(place, frame);
        }
    }

    joined(place, frame) {
        place.book.lives(frame.epoch);
        if (frame.seq < place.last)
            throw new Error(`${frame.room}: the log ends at ${frame.seq}, ${place.last} was seen`);
        const first = frame.events[0]?.seq ?? frame.seq + 1;
        if (first > place.last + 1) {
            if (!frame.truncated) throw new Error(`${frame.room}: ${place.last + 1} to ${first - 1} are not replayed`);
            this.skipped(place, { room: frame.room, from: place.last + 1, to: first - 1 });
        }
        for (const event of frame.events) this.event(place, event);
        if (place.last !== frame.seq) throw new Error(`${frame.room}: replayed to ${place.last}, not to ${frame.seq}`);
    }

    event(place, event) {
        if (event.seq !== place.last + 1)
            throw new Error(`${this.name} in ${event.room}: saw ${event.seq} after ${place.last}`);
        place.last = event.seq;
        this.shown(place, event);
    }

    shown(place, event) {
        place.book.show(event);
        this.book.deliveries++;
        if (event.type !== 'message' || event.deleted) return;
        place.any = event.seq;
        if (event.user.id !== this.user) return;
        place.own.push(event.seq);
        if (place.own.length > 50) place.own.shift();
        const order = this.waiting.get(event.key) ?? this.newest;
        if (order?.key === event.key && order.tries === 1) this.onLatency?.(performance.now() - order.sent_ms);
    }

    skipped(place, { room, from, to }) {
        if (from !== place.last + 1) throw new Error(`${room}: a gap from ${from} after ${place.last}`);
        place.last = to;
        this.fetch(this.line, room, place, [from, to]);
    }

    /** What was skipped, page by page. What a lost connection leaves is fetched on the next. */
    async fetch(line, room, place, hole) {
        place.held++;
        try {
            while (hole[0] <= hole[1]) {
                const page = await line.ask({ type: 'history', room, after: hole[0] - 1, limit: PAGE_EVENTS });
                if (page.type !== 'history') {
                    await pause(page.retry_after ?? 50);
                    continue;
                }
                this.guard(() => this.takePage(room, place, hole, page.events));
            }
        } catch {
            place.holes.push(hole);
        }
        place.held--;
        this.settle();
    }

    takePage(room, place, hole, events) {
        if (events.length === 0) throw new Error(`${room}: history has nothing from ${hole[0]} on`);
        for (const event of events) {
            if (event.seq > hole[1]) break;
            if (event.seq !== hole[0]) throw new Error(`${room}: history has ${event.seq}, not ${hole[0]}`);
            hole[0]++;
            this.shown(place, event);
        }
    }

    acknowledged(place, frame) {
        const order = this.waiting.get(frame.key);
        place.book.ack(this.user, frame.key, frame.seq);
        if (frame.duplicate) this.book.duplicates++;
        if (!order) return;
        if (frame.duplicate && order.tries === 1) throw new Error(`${frame.key} was sent once and is a duplicate`);
        if (order.frame.type === 'delete') place.own = place.own.filter((seq) => seq !== order.frame.seq);
        this.waiting.delete(frame.key);
        this.newest = order;
        this.settle();
        this.fill();
    }

    /** Not now is tried again, never is never. */
    refused(frame) {
        const order = this.waiting.get(frame.key);
        this.refusals.set(frame.code, (this.refusals.get(frame.code) ?? 0) + 1);
        if (!order) return;
        if (['busy', 'internal', 'rate_limited'].includes(frame.code)) {
            const line = this.line;
            setTimeout(() => line.isReady && this.waiting.has(frame.key) && this.post(order), frame.retry_after ?? 100);
            return;
        }
        if (frame.code !== 'not_found' || order.frame.type === 'send')
            throw new Error(`${this.name}: ${JSON.stringify(order.frame)} was refused: ${JSON.stringify(frame)}`);
        this.places.get(order.frame.room).book.refuse(this.user, frame.key);
        this.waiting.delete(frame.key);
        this.settle();
        this.fill();
    }

    post(order) {
        order.tries++;
        order.sent_ms = performance.now();
        this.line.send(order.frame);
    }

    fill() {
        const line = this.line;
        if (!line.isReady) return;
        if (this.pace_ms > 0) {
            this.timer ??= setTimeout(() => {
                this.timer = null;
                if (!this.isStopping && this.line.isReady && this.waiting.size < this.windowSize) this.act();
                if (!this.isStopping) this.fill();
            }, this.pace_ms * (0.5 + Math.random()));
            return;
        }
        while (!this.isStopping && line.isReady && this.waiting.size < this.windowSize) this.act();
    }

    act() {
        const [room, place] = pick([...this.places]);
        const key = `${this.name}-${++this.counter}`;
        const order = { key, frame: { ...this.draw(place, key), room, key }, tries: 0 };
        this.waiting.set(key, order);
        this.post(order);
    }

    draw(place, key) {
        const chance = Math.random();
        if (chance < 0.1 && place.own.length > 0) return { type: 'edit', seq: pick(place.own), text: textOf(key) };
        if (chance < 0.17 && place.own.length > 0) return { type: 'delete', seq: pick(place.own) };
        if (chance < 0.3 && place.any > 0)
            return { type: 'react', seq: place.any, emoji: pick(EMOJI), on: Math.random() < 0.7 };
        if (chance < 0.4 && place.any > 0) return { type: 'send', text: textOf(key, this.size), reply_to: place.any };
        return { type: 'send', text: textOf(key, this.size) };
    }
}
