// SPDX-License-Identifier: Apache-2.0
// What was seen of a room, the newest part of it: which key each `seq` had. From it follows whether something is
// missing, and a digest that the server can be asked for as well.
import type { RoomEvent } from "./codec.js";
import { sha256 } from "./sha256.js";

/** Events of a room's log, from one `seq` to another, both included. */
export interface Hole {
    from: number;
    to: number;
}

/** So many of the newest are remembered; some 100 bytes each. */
export const TRAIL_MAX = 1_000;

export class Trail {
    private readonly keys = new Map<number, string>();
    private newest = 0;
    private oldest = Infinity;

    get first(): number | undefined {
        return this.keys.size > 0 ? this.oldest : undefined;
    }

    get last(): number | undefined {
        return this.keys.size > 0 ? this.newest : undefined;
    }

    note({ seq, key = "" }: RoomEvent): void {
        if (seq <= this.newest - TRAIL_MAX) return;
        this.keys.set(seq, key);
        this.newest = Math.max(this.newest, seq);
        this.oldest = Math.min(this.oldest, seq);
        while (this.oldest <= this.newest - TRAIL_MAX) this.keys.delete(this.oldest++);
    }

    /** A page of older events: it counts where it connects to what was seen; looking back makes no hole. */
    notePage(events: readonly RoomEvent[]): void {
        const last = events[events.length - 1];
        if (last && last.seq >= this.oldest - 1) for (const event of events) this.note(event);
    }

    keyOf(seq: number): string | undefined {
        return this.keys.get(seq);
    }

    forget(): void {
        this.keys.clear();
        this.newest = 0;
        this.oldest = Infinity;
    }

    /** What is missing between the first and the last, or up to `end` if that is further. */
    holes(end: number): Hole[] {
        if (this.keys.size === 0) return [];
        return rangesOf(this.oldest, Math.max(this.newest, end), (seq) => !this.keys.has(seq));
    }

    /** As the server makes it, over `seq:key\n` of each. There must be no hole. */
    digest(from: number, to: number): string {
        let lines = "";
        for (let seq = from; seq <= to; seq += 1) lines += `${seq}:${this.keys.get(seq)}\n`;
        return sha256(lines);
    }
}

/** The ranges of all `seq` from `from` to `to` for which `fits` holds. */
export function rangesOf(from: number, to: number, fits: (seq: number) => boolean): Hole[] {
    const found: Hole[] = [];
    for (let seq = from; seq <= to; seq += 1) {
        if (!fits(seq)) continue;
        const open = found[found.length - 1];
        if (open && open.to === seq - 1) open.to = seq;
        else found.push({ from: seq, to: seq });
    }
    return found;
}
