// SPDX-License-Identifier: Apache-2.0
// Asks the server whether what was seen of a room is all that there is, once and in order.
import type { Command, DigestFrame, HistoryFrame, RoomEvent, ServerFrame } from "./codec.js";
import { ChatError } from "./errors.js";
import { type Hole, rangesOf, type Trail } from "./trail.js";

export type Verification =
    /** Nothing is missing, doubled or exchanged between these two. */
    | { state: "complete"; from: number; to: number }
    /** These are missing, or are not what the server has; `fill` loads them. */
    | { state: "incomplete"; holes: Hole[] }
    /** It cannot be told now: not in the room, nothing seen yet, or the server no longer has that part. */
    | { state: "unknown" };

export interface VerifyOptions {
    readonly trail: Trail;
    room(): string;
    isJoined(): boolean;
    /** Up to where events came, or were skipped. */
    last(): number;
    request(command: Command): Promise<ServerFrame>;
    wait(ms: number): Promise<void>;
}

/** What was committed a moment ago may still be on its way here. */
const ON_ITS_WAY_MS = 2_000;
const PAGE = 200;

async function eventsAfter(options: VerifyOptions, after: number, limit: number): Promise<RoomEvent[]> {
    const command: Command = { type: "history", room: options.room(), after, limit };
    return ((await options.request(command)) as HistoryFrame).events;
}

/** What the room has behind the last that was seen, and that does not come by itself. */
async function missingAtEnd(options: VerifyOptions): Promise<Hole | undefined> {
    const [next] = await eventsAfter(options, options.last(), 1);
    if (!next) return undefined;
    await options.wait(ON_ITS_WAY_MS);
    const last = options.last();
    if (last >= next.seq) return undefined;
    const events = await eventsAfter(options, last, PAGE);
    const end = events[events.length - 1];
    return end && { from: last + 1, to: end.seq };
}

async function hasSameDigest(options: VerifyOptions, from: number, to: number): Promise<boolean> {
    const frame = (await options.request({ type: "digest", room: options.room(), from, to })) as DigestFrame;
    return frame.sha256 === options.trail.digest(from, to);
}

/** The digests differ: which events do? */
async function differing(options: VerifyOptions, from: number, to: number): Promise<Hole[]> {
    const found = new Map<number, string>();
    for (let after = from - 1; after < to; ) {
        const events = await eventsAfter(options, after, PAGE);
        const end = events[events.length - 1];
        if (!end) break;
        for (const { seq, key = "" } of events) found.set(seq, key);
        after = end.seq;
    }
    return rangesOf(from, to, (seq) => found.get(seq) !== options.trail.keyOf(seq));
}

async function look(options: VerifyOptions): Promise<Verification> {
    const { trail } = options;
    const atEnd = await missingAtEnd(options);
    const holes = trail.holes(options.last());
    const { first, last } = trail;
    if (first !== undefined && last !== undefined && holes.length === 0 && !(await hasSameDigest(options, first, last)))
        holes.push(...(await differing(options, first, last)));
    if (atEnd) holes.push(atEnd);
    if (!options.isJoined()) return { state: "unknown" };
    if (holes.length > 0) return { state: "incomplete", holes };
    if (first === undefined || last === undefined) return { state: "unknown" };
    return { state: "complete", from: first, to: last };
}

export async function verify(options: VerifyOptions): Promise<Verification> {
    if (!options.isJoined()) return { state: "unknown" };
    try {
        return await look(options);
    } catch (problem) {
        // An ephemeral room forgets; a busy server, or a connection that is lost, says so elsewhere.
        if (problem instanceof ChatError) return { state: "unknown" };
        throw problem;
    }
}
