// SPDX-License-Identifier: Apache-2.0
// A ledger of what a server promised: every ack, every delivery, held against the log afterwards (P1, P2).
import { Client } from './client.mjs';
import { equal, fail, until } from './harness.mjs';

/** The whole log of a room, as the database has it. */
export async function history(server, room) {
    const text = await server.verb('history', room, '--data', server.data, '--json', '--limit', '1000000');
    return text
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line));
}

export class Ledger {
    constructor(room) {
        this.room = room;
        this.acks = new Map(); // key → seq
        this.seen = new Map(); // seq → key: what anybody was shown
    }

    ack(key, seq) {
        const before = this.acks.get(key);
        if (before !== undefined && before !== seq) fail(`key ${key} was acknowledged as ${before} and as ${seq}`);
        this.acks.set(key, seq);
    }

    show(seq, key) {
        const before = this.seen.get(seq);
        if (before !== undefined && before !== key) fail(`seq ${seq} was shown as ${before} and as ${key}`);
        this.seen.set(seq, key);
    }

    /** `events`: the whole log, {seq, key}, in order. */
    check(events) {
        events.forEach((event, index) => equal(event.seq, index + 1, 'seq without holes'));
        const keys = new Set(events.map((event) => event.key));
        equal(keys.size, events.length, 'keys are unique');
        const bySeq = new Map(events.map((event) => [event.seq, event.key]));
        for (const [key, seq] of this.acks) equal(bySeq.get(seq), key, `acknowledged seq ${seq}`);
        for (const [seq, key] of this.seen) equal(bySeq.get(seq), key, `shown seq ${seq}`);
    }
}

/**
 * A client that sends one message after the other until told to stop, and after any loss comes back, resumes and
 * retries with the same key.
 */
export class Persistent {
    constructor(server, ledger, name, windowSize = 4) {
        Object.assign(this, { server, ledger, name, windowSize });
        this.last = 0;
        this.epoch = undefined;
        this.token = undefined;
        this.counter = 0;
        this.waiting = new Map(); // key → text
        this.isStopping = false;
        this.reconnects = 0;
        this.problem = null;
        this.done = this.run().catch((error) => (this.problem = error));
    }

    async run() {
        while (!this.isStopping || this.waiting.size > 0) {
            try {
                await this.session();
            } catch (error) {
                if (error.isFatal) throw error;
                this.reconnects++;
                await new Promise((resolve) => setTimeout(resolve, 20 + Math.random() * 30));
            }
        }
    }

    fatal(message) {
        const error = new Error(`${this.name}: ${message}`);
        error.isFatal = true;
        this.problem = error;
        throw error;
    }

    take(frame) {
        if (frame.type === 'ack') {
            this.ledger.ack(frame.key, frame.seq);
            this.waiting.delete(frame.key);
        } else if (frame.type === 'message') {
            this.event(frame);
        } else if (frame.type === 'joined') {
            this.epoch = frame.epoch;
            if (frame.truncated && this.last > 0) this.held = [];
            for (const event of frame.events) this.event(event);
        } else if (frame.type === 'gap') {
            this.last = frame.to;
        }
    }

    event(event) {
        if (this.held) {
            this.held.push(event); // older ones are fetched first
            return;
        }
        if (event.seq !== this.last + 1) this.fatal(`saw ${event.seq} after ${this.last}`);
        this.last = event.seq;
        this.ledger.show(event.seq, event.key);
    }

    // The replay did not reach back to what was seen last: history has what is between.
    async catchUp(client) {
        while (this.held.length > 0 && this.held[0].seq > this.last + 1) {
            const page = await client.ask({ type: 'history', room: this.ledger.room, after: this.last });
            if (page.type !== 'history' || page.events.length === 0) throw new Error('no page of history');
            const held = this.held;
            this.held = null;
            for (const event of page.events) if (event.seq < held[0].seq) this.event(event);
            this.held = held;
        }
        const held = this.held;
        this.held = null;
        for (const event of held) this.event(event);
    }

    async session() {
        this.held = null;
        const headers = this.token ? { Authorization: `Bearer ${this.token}` } : {};
        const client = new Client(this.server.ws, {
            headers,
            socket: this.server.socketOptions,
            onFrame: (frame) => {
                try {
                    this.take(frame);
                } catch (error) {
                    this.problem = error;
                }
            },
        });
        try {
            await client.opened();
            this.token = (await client.wait('welcome')).token;
            const joined = await client.ask({
                type: 'join',
                room: this.ledger.room,
                after: this.last,
                epoch: this.epoch,
            });
            if (joined.type !== 'joined') throw new Error(`not joined: ${JSON.stringify(joined)}`);
            if (this.held) await this.catchUp(client);
            const send = (key) =>
                client.send({ type: 'send', room: this.ledger.room, text: this.waiting.get(key), key });
            for (const key of this.waiting.keys()) send(key);
            while (!this.isStopping || this.waiting.size > 0) {
                if (this.problem) throw this.problem;
                if (client.closed) throw new Error('closed');
                while (!this.isStopping && this.waiting.size < this.windowSize) {
                    const key = `${this.name}-${++this.counter}`;
                    this.waiting.set(key, `message ${this.counter} of ${this.name}`);
                    send(key);
                }
                await new Promise((resolve) => setImmediate(resolve));
            }
        } finally {
            client.socket.terminate();
            await until(() => client.closed, 'closed');
        }
    }

    async stop() {
        this.isStopping = true;
        await this.done;
        if (this.problem) throw this.problem;
    }
}
