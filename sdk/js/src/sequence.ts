// SPDX-License-Identifier: Apache-2.0
// Puts a room's events in order: each `seq` once, rising, and what is missing is fetched before what follows is shown.
import type { RoomEvent } from "./codec.js";

export interface SequenceOptions {
    /** The events behind `after`, oldest first. */
    fetch(after: number): Promise<RoomEvent[]>;
    deliver(event: RoomEvent): void;
    /** These will not come: too many to fetch, or no longer there. */
    skipped(from: number, to: number): void;
    /** A hole wider than this is told, not fetched. */
    gapLimit: number;
}

/** More events than this are not kept while a hole is being filled; the later ones are fetched again. */
const WAITING_MAX = 2_000;

export class Sequence {
    /** The newest `seq` delivered; undefined before the first join. */
    last: number | undefined;
    private waiting: RoomEvent[] = [];
    private isHeld = true;
    private isFilling = false;
    private known = 0;
    /** Counts starts, so that an answer to an earlier connection's question is recognised. */
    private life = 0;

    constructor(private readonly options: SequenceOptions) {}

    /** Nothing is on its way that is known to be missing. */
    get isSettled(): boolean {
        return !this.isHeld && !this.isFilling;
    }

    /** From here on events are only kept, until `start` says where they connect. */
    hold(): void {
        this.life += 1;
        this.isHeld = true;
        this.isFilling = false;
        this.waiting = [];
    }

    /** `last` was seen; `events` follow it; the log reaches to `known`. */
    start(last: number, events: readonly RoomEvent[], known: number): void {
        const early = this.waiting;
        this.life += 1;
        this.last = last;
        this.known = known;
        this.waiting = [];
        this.isHeld = false;
        this.isFilling = false;
        for (const event of [...events, ...early]) this.take(event);
        this.reach(known);
    }

    take(event: RoomEvent): void {
        this.known = Math.max(this.known, event.seq);
        if (this.isHeld || this.isFilling) {
            if (this.waiting.length < WAITING_MAX) this.waiting.push(event);
            return;
        }
        const last = this.last ?? event.seq - 1;
        if (event.seq <= last) return;
        if (event.seq > last + 1) {
            this.waiting.push(event);
            void this.fill();
            return;
        }
        this.last = event.seq;
        this.options.deliver(event);
    }

    /** The log is known to reach this far, whether or not its events have come. */
    reach(to: number): void {
        this.known = Math.max(this.known, to);
        if (!this.isHeld && !this.isFilling && this.last !== undefined && this.known > this.last) void this.fill();
    }

    private async fill(): Promise<void> {
        this.isFilling = true;
        const life = this.life;
        try {
            await this.fetchUpTo(life);
        } catch {
            if (life === this.life) this.skip(this.nextWaiting());
        }
        if (life !== this.life) return;
        this.isFilling = false;
        const rest = this.waiting.sort((a, b) => a.seq - b.seq);
        this.waiting = [];
        for (const event of rest) this.take(event);
        this.reach(this.known);
    }

    /** Fetches until what waits connects, or all that is known has come. */
    private async fetchUpTo(life: number): Promise<void> {
        for (;;) {
            const last = this.last ?? 0;
            const to = this.nextWaiting();
            if (last >= to) return;
            if (to - last > this.options.gapLimit) {
                this.skip(to);
                return;
            }
            const events = await this.options.fetch(last);
            if (life !== this.life) return;
            const fresh = events.filter((event) => event.seq > last).sort((a, b) => a.seq - b.seq);
            if (fresh.length === 0) this.skip(to);
            for (const event of fresh) this.give(event);
        }
    }

    /** The last `seq` that is missing before what waits. */
    private nextWaiting(): number {
        const last = this.last ?? 0;
        const ahead = this.waiting.map((event) => event.seq).filter((seq) => seq > last);
        return ahead.length > 0 ? Math.min(...ahead) - 1 : this.known;
    }

    private give(event: RoomEvent): void {
        const last = this.last ?? 0;
        if (event.seq <= last) return;
        if (event.seq > last + 1) this.options.skipped(last + 1, event.seq - 1);
        this.last = event.seq;
        this.options.deliver(event);
    }

    private skip(to: number): void {
        const last = this.last ?? 0;
        if (to <= last) return;
        this.options.skipped(last + 1, to);
        this.last = to;
    }
}
