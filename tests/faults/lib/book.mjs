// SPDX-License-Identifier: Apache-2.0
// The ledger of many rooms: every ack, every refusal and every event that anybody was shown, in whatever way, held
// against one another as they come and against the log afterwards (P1, P2).
import { createHash } from 'node:crypto';

import { fail } from '../../e2e/lib/harness.mjs';

/** What an event says for ever. Texts are apart from it: a deletion takes them away. */
function identity(event) {
    return [event.type, event.user.id, event.key, event.target ?? '', event.emoji ?? '', event.on ?? ''].join('|');
}

/** Texts are made from the key, so that a text under a wrong key shows. */
export function textOf(key, size = 0) {
    return `text of ${key} `.padEnd(size, 'natter ');
}

/** What walk-ins say: the server draws their keys. */
export const WALK_IN_TEXT = 'hello from a walk-in';

class RoomBook {
    constructor(name) {
        this.name = name;
        this.acks = new Map(); // user and key → seq
        this.refused = new Set(); // user and key
        this.seen = []; // seq → identity, what anybody was shown
        this.keys = []; // seq → key
        this.deletedBy = new Map(); // target → seq of the deletion that was acknowledged
        this.epoch = null;
    }

    check(condition, message) {
        if (!condition) fail(`${this.name}: ${message}`);
    }

    show(event) {
        const mark = identity(event);
        const before = this.seen[event.seq];
        this.check(before === undefined || before === mark, `seq ${event.seq} was shown as ${before} and as ${mark}`);
        this.seen[event.seq] = mark;
        this.keys[event.seq] = event.key;
        this.checkText(event);
    }

    checkText(event) {
        if (event.type !== 'message' && event.type !== 'edited') return;
        const texts = event.deleted ? [''] : [textOf(event.key), WALK_IN_TEXT];
        const fits = texts.some((text) => event.text.startsWith(text) && (text !== '' || event.text === ''));
        this.check(fits, `seq ${event.seq} has key ${event.key} and text ${event.text.slice(0, 60)}`);
    }

    ack(user, key, seq) {
        const who = `${user}|${key}`;
        const before = this.acks.get(who);
        this.check(before === undefined || before === seq, `${key} was acknowledged as ${before} and as ${seq}`);
        this.check(!this.refused.has(who), `${key} was refused, then acknowledged as ${seq}`);
        this.acks.set(who, seq);
    }

    refuse(user, key) {
        const who = `${user}|${key}`;
        this.check(!this.acks.has(who), `${key} was acknowledged, then refused`);
        this.refused.add(who);
    }

    lives(epoch) {
        this.check(this.epoch === null || this.epoch === epoch, `the epoch was ${this.epoch} and is ${epoch}`);
        this.epoch = epoch;
    }

    /** What `digest` must answer, as far as everything in between was shown to somebody; null otherwise. */
    digest(from, to) {
        const sum = createHash('sha256');
        for (let seq = from; seq <= to; seq++) {
            if (this.keys[seq] === undefined) return null;
            sum.update(`${seq}:${this.keys[seq]}\n`);
        }
        return sum.digest('hex');
    }

    /** `events`: the whole log in order. Returns how many promises were compared. */
    compare(events) {
        const bySender = new Map();
        const deleted = new Set();
        events.forEach((event, index) => {
            const who = `${event.user.id}|${event.key}`;
            this.check(event.seq === index + 1, `a hole: ${event.seq} stands at place ${index + 1}`);
            this.check(!bySender.has(who), `doubled: ${event.key} is ${bySender.get(who)} and ${event.seq}`);
            this.check(!this.refused.has(who), `${event.key} was refused and is in the log as ${event.seq}`);
            bySender.set(who, event.seq);
            this.show(event);
            if (event.type === 'deleted') deleted.add(event.target);
        });
        for (const event of events) {
            const isGone = deleted.has(event.type === 'edited' ? event.target : event.seq);
            if (event.type === 'message' || event.type === 'edited')
                this.check(isGone === (event.deleted === true), `${event.seq}: deleted ${isGone}, ${event.deleted}`);
        }
        for (const [who, seq] of this.acks)
            this.check(bySender.get(who) === seq, `lost: ${who} was acknowledged as ${seq}, is ${bySender.get(who)}`);
        this.check(this.seen.length <= events.length + 1, `${this.seen.length - 1} was shown and is not in the log`);
        return this.acks.size;
    }
}

export class Book {
    constructor(rooms) {
        this.rooms = new Map(rooms.map((room) => [room, new RoomBook(room)]));
        this.deliveries = 0;
        this.duplicates = 0; // retries that were recognised
    }

    room(name) {
        return this.rooms.get(name);
    }

    get acked() {
        return [...this.rooms.values()].reduce((sum, room) => sum + room.acks.size, 0);
    }

    get refused() {
        return [...this.rooms.values()].reduce((sum, room) => sum + room.refused.size, 0);
    }

    /** Against the log, read by another process. Returns the number of events in it. */
    async compare(server) {
        let count = 0;
        for (const [name, room] of this.rooms) {
            const events = await readLog(server, name);
            room.compare(events);
            count += events.length;
        }
        return count;
    }
}

export async function readLog(server, room) {
    const words = ['history', room, '--data', server.data, '--json', '--limit', '100000'];
    const events = [];
    for (;;) {
        const text = await server.verb(...words, '--after', String(events.length));
        const page = text.split('\n').filter(Boolean);
        for (const line of page) events.push(JSON.parse(line));
        if (page.length < 100000) return events;
    }
}
