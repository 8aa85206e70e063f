// SPDX-License-Identifier: Apache-2.0
// A part of a room's log far from its end, around one message: what a link to an old message opens. Grows at both ends,
// and is over once it touches what the page has of the end.
import type { Room, RoomEvent } from "natter-client";
import { Log } from "./log";

export type LoadState = "idle" | "loading" | "failed";

const PAGE = 80;

export class Far {
    readonly log = new Log();
    /** As they came, for whoever takes this part over. */
    readonly events: RoomEvent[] = [];
    olderState: LoadState = "idle";
    newerState: LoadState = "idle";
    isAtStart = false;

    constructor(
        private readonly room: Room,
        private readonly changed: () => void,
    ) {}

    /** Rejects where the server does not answer. */
    async open(seq: number): Promise<void> {
        const [older, newer] = await Promise.all([
            this.room.history({ before: seq + 1, limit: PAGE }),
            this.room.history({ after: seq, limit: PAGE }),
        ]);
        this.isAtStart = !older.more;
        this.take([...older.events, ...newer.events]);
    }

    get hasOlder(): boolean {
        return !this.isAtStart && (this.log.first ?? 1) > 1;
    }

    async loadOlder(): Promise<void> {
        const before = this.log.first;
        if (before === undefined || !this.hasOlder || this.olderState === "loading") return;
        this.olderState = "loading";
        this.changed();
        try {
            const page = await this.room.history({ before, limit: PAGE });
            this.take(page.events);
            this.isAtStart = page.events.length === 0 || !page.more;
            this.olderState = "idle";
        } catch {
            this.olderState = "failed";
        }
        this.changed();
    }

    async loadNewer(): Promise<void> {
        const after = this.log.last;
        if (after === undefined || this.newerState === "loading") return;
        this.newerState = "loading";
        try {
            this.take((await this.room.history({ after, limit: PAGE })).events);
            this.newerState = "idle";
        } catch {
            this.newerState = "failed";
        }
        this.changed();
    }

    private take(events: readonly RoomEvent[]): void {
        for (const event of events) this.log.add(event);
        this.events.push(...events);
    }
}
