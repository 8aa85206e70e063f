// SPDX-License-Identifier: Apache-2.0
// Is what the page shows of a room all that there is? Asked in moments of rest, and not often: the room that is looked
// at, some time after the last event. What is missing is known as holes, each of which can be loaded.
import type { Hole, Room } from "natter-client";

/** After the last event, and between two questions at least. */
const QUIET_MS = 15_000;
const AGAIN_MS = 300_000;
const SOON_MS = 1_000;

export class Watch {
    isComplete = false;
    isLoading = false;
    /** Told by the room when it skipped them. */
    private skipped: Hole[] = [];
    /** Found when the room was asked. */
    private found: Hole[] = [];
    private isOpen = false;
    private askedAt = -Infinity;
    private timer: number | undefined;

    constructor(
        private readonly room: Room,
        private readonly changed: () => void,
    ) {}

    /** Oldest first, each once. */
    get holes(): Hole[] {
        const isTold = ({ from, to }: Hole): boolean =>
            this.skipped.some((told) => told.from <= from && to <= told.to);
        return [...this.skipped, ...this.found.filter((hole) => !isTold(hole))].sort((a, b) => a.from - b.from);
    }

    open(): void {
        this.isOpen = true;
        this.arm(QUIET_MS);
    }

    close(): void {
        this.isOpen = false;
        window.clearTimeout(this.timer);
    }

    /** An event came: not now. */
    touched(): void {
        if (this.isOpen) this.arm(Math.max(QUIET_MS, this.askedAt + AGAIN_MS - Date.now()));
    }

    /** The room said that it will not bring these by itself. */
    skip(hole: Hole): void {
        this.skipped.push(hole);
        this.isComplete = false;
        this.changed();
    }

    /** The room began afresh. */
    reset(): void {
        this.skipped = [];
        this.found = [];
        this.isComplete = false;
        this.askedAt = -Infinity;
        this.touched();
    }

    async load(): Promise<void> {
        if (this.isLoading) return;
        this.isLoading = true;
        this.changed();
        try {
            for (const hole of this.holes) await this.room.fill(hole);
            this.skipped = [];
            this.found = [];
            this.arm(SOON_MS);
        } catch {
            // The holes are still there, and so is the button.
        }
        this.isLoading = false;
        this.changed();
    }

    private arm(ms: number): void {
        window.clearTimeout(this.timer);
        this.timer = window.setTimeout(() => void this.ask(), ms);
    }

    private async ask(): Promise<void> {
        if (!this.isOpen || this.isLoading) return;
        this.arm(AGAIN_MS);
        if (document.visibilityState !== "visible") return;
        this.askedAt = Date.now();
        const verdict = await this.room.verify();
        if (verdict.state === "unknown") return;
        this.found = verdict.state === "incomplete" ? verdict.holes : [];
        this.isComplete = this.holes.length === 0;
        this.changed();
    }
}
