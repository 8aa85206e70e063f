// SPDX-License-Identifier: Apache-2.0
// How long to wait before the next attempt: full jitter under a doubling ceiling, so that thousands of clients that
// lost the same server do not come back at the same moment.

export interface BackoffOptions {
    /** The ceiling of the first delay, in ms. */
    min: number;
    /** The ceiling that no delay exceeds, in ms; a floor that the server asked for comes on top. */
    max: number;
}

export class Backoff {
    private count = 0;

    constructor(
        private readonly options: BackoffOptions,
        private readonly random: () => number,
    ) {}

    /** Attempts since the last reset. */
    get attempts(): number {
        return this.count;
    }

    /** The delay in ms: `floorMs` plus a random part of min(max, min · 2^attempts). */
    next(floorMs = 0): number {
        const ceiling = Math.min(this.options.max, this.options.min * 2 ** Math.min(this.count, 20));
        this.count += 1;
        return floorMs + Math.round(this.random() * ceiling);
    }

    reset(): void {
        this.count = 0;
    }
}
