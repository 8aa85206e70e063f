// SPDX-License-Identifier: Apache-2.0
// One interest in a room, to be closed on its own; also the room's events as an async iterator.
import type { RoomEvent } from "./codec.js";
import { ChatError } from "./errors.js";
import type { JoinedEvent } from "./room.js";

/** A reader of the iterator that falls behind by more than this is told so instead of filling the memory. */
const BUFFER_MAX = 10_000;

interface Reader {
    buffer: RoomEvent[];
    wake: (() => void) | undefined;
    problem: ChatError | undefined;
}

export class Subscription implements AsyncIterable<RoomEvent> {
    /** Resolves when the room was joined first; rejects where the server refuses. */
    readonly joined: Promise<JoinedEvent>;
    private settle!: { resolve(event: JoinedEvent): void; reject(problem: ChatError): void };
    private readonly readers = new Set<Reader>();
    private isClosed = false;

    /** @internal */
    constructor(private readonly onClose: (subscription: Subscription) => void) {
        this.joined = new Promise((resolve, reject) => (this.settle = { resolve, reject }));
        this.joined.catch(() => undefined);
    }

    close(): void {
        if (this.isClosed) return;
        this.end(new ChatError("cancelled", "The subscription was closed."));
        this.onClose(this);
    }

    /** @internal */
    enter(event: JoinedEvent): void {
        this.settle.resolve(event);
    }

    /** @internal */
    end(problem: ChatError): void {
        this.isClosed = true;
        this.settle.reject(problem);
        for (const reader of this.readers) reader.wake?.();
    }

    /** @internal */
    give(event: RoomEvent): void {
        for (const reader of this.readers) {
            if (reader.buffer.length < BUFFER_MAX) reader.buffer.push(event);
            else reader.problem = new ChatError("too_slow", "The events were not read as fast as they came.");
            reader.wake?.();
        }
    }

    /** Events from now on; the loop ends when the subscription is closed. */
    async *[Symbol.asyncIterator](): AsyncGenerator<RoomEvent, void, undefined> {
        const reader: Reader = { buffer: [], wake: undefined, problem: undefined };
        this.readers.add(reader);
        try {
            for (;;) {
                while (reader.buffer.length > 0) yield reader.buffer.shift() as RoomEvent;
                if (reader.problem) throw reader.problem;
                if (this.isClosed) return;
                await new Promise<void>((resolve) => (reader.wake = resolve));
                reader.wake = undefined;
            }
        } finally {
            this.readers.delete(reader);
        }
    }
}
