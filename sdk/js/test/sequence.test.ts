// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import type { RoomEvent } from "../src/codec.js";
import { Sequence } from "../src/sequence.js";
import { until } from "./world.js";

const user = { id: "u1", name: "Ada" };

function event(seq: number): RoomEvent {
    return { type: "message", room: "lobby", seq, at: seq, user, text: `text ${seq}`, key: `k${seq}` };
}

function range(from: number, to: number): RoomEvent[] {
    return Array.from({ length: to - from + 1 }, (_, index) => event(from + index));
}

function setUp(fetch: (after: number) => Promise<RoomEvent[]>) {
    const seen: number[] = [];
    const skipped: [number, number][] = [];
    const sequence = new Sequence({
        fetch,
        deliver: ({ seq }) => void seen.push(seq),
        skipped: (from, to) => void skipped.push([from, to]),
        gapLimit: 100,
    });
    return { seen, skipped, sequence };
}

const never = (): Promise<RoomEvent[]> => Promise.reject(new Error("nothing to fetch"));

test("each event is delivered once, whatever comes again", () => {
    const { seen, sequence } = setUp(never);
    sequence.start(0, range(1, 3), 3);
    for (const one of [event(2), event(3), event(4), event(4), event(1), event(5)]) sequence.take(one);
    assert.deepEqual(seen, [1, 2, 3, 4, 5]);
});

test("events that come before the join is answered find their place behind it", () => {
    const { seen, sequence } = setUp(never);
    sequence.hold();
    sequence.take(event(4));
    sequence.take(event(5));
    sequence.start(0, range(1, 4), 4);
    assert.deepEqual(seen, [1, 2, 3, 4, 5]);
});

test("a hole is fetched, in as many pages as it takes, before what follows is delivered", async () => {
    const asked: number[] = [];
    const { seen, skipped, sequence } = setUp(async (after) => {
        asked.push(after);
        return range(after + 1, after + 2);
    });
    sequence.start(2, [], 2);
    sequence.take(event(8));
    sequence.take(event(9));
    await until(() => seen.length >= 7);
    assert.deepEqual(seen, [3, 4, 5, 6, 7, 8, 9]);
    assert.deepEqual(asked, [2, 4, 6]);
    assert.deepEqual(skipped, []);
});

test("an announced hole is fetched although nothing follows it", async () => {
    const { seen, sequence } = setUp(async (after) => range(after + 1, 6));
    sequence.start(2, [], 2);
    sequence.reach(6);
    await until(() => seen.length === 4);
    assert.deepEqual(seen, [3, 4, 5, 6]);
});

test("a second hole that opens while the first is filled is filled as well", async () => {
    let release: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (release = resolve));
    const { seen, sequence } = setUp(async (after) => {
        await gate;
        return range(after + 1, after + 3);
    });
    sequence.start(0, [], 0);
    sequence.take(event(3));
    sequence.take(event(7));
    release();
    await until(() => seen.length === 7);
    assert.deepEqual(seen, [1, 2, 3, 4, 5, 6, 7]);
});

test("a hole that the server cannot fill is told, and the rest goes on", async () => {
    const { seen, skipped, sequence } = setUp(async () => []);
    sequence.start(1, [], 1);
    sequence.take(event(5));
    await until(() => seen.length === 1);
    assert.deepEqual(seen, [5]);
    assert.deepEqual(skipped, [[2, 4]]);
});

test("a hole wider than the limit is told, not fetched", async () => {
    const { seen, skipped, sequence } = setUp(never);
    sequence.start(1, [], 1);
    sequence.take(event(500));
    await until(() => seen.length === 1);
    assert.deepEqual(skipped, [[2, 499]]);
});

test("a page with a hole of its own tells of it", async () => {
    const { seen, skipped, sequence } = setUp(async () => [event(4), event(5)]);
    sequence.start(1, [], 1);
    sequence.take(event(6));
    await until(() => seen.length === 3);
    assert.deepEqual(seen, [4, 5, 6]);
    assert.deepEqual(skipped, [[2, 3]]);
});

test("an answer that comes after a new start changes nothing", async () => {
    let release: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (release = resolve));
    const { seen, sequence } = setUp(async () => {
        await gate;
        return range(1, 9);
    });
    sequence.start(5, [], 5);
    sequence.take(event(8));
    sequence.hold();
    sequence.start(5, range(6, 8), 8);
    release();
    await new Promise((resolve) => setImmediate(resolve));
    sequence.take(event(9));
    assert.deepEqual(seen, [6, 7, 8, 9]);
});
