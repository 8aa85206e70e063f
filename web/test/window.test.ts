// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import {
    around,
    type Bounds,
    extendedDown,
    extendedUp,
    pinned,
    SHOWN_MAX,
    TAIL,
    TAIL_COUNT,
    visibleRange,
} from "../src/window";

/** Only every second event is a message. */
const messages = Array.from({ length: 1_000 }, (_, index) => ({ seq: index * 2 + 1 }));

function size(bounds: Bounds): number {
    const [start, end] = visibleRange(messages, bounds);
    return end - start;
}

test("the tail shows the newest, however few there are", () => {
    assert.deepEqual(visibleRange(messages, TAIL), [1_000 - TAIL_COUNT, 1_000]);
    assert.deepEqual(visibleRange(messages.slice(0, 3), TAIL), [0, 3]);
    assert.deepEqual(visibleRange([], TAIL), [0, 0]);
});

test("going up reaches the first message and never shows too many", () => {
    let bounds = pinned(messages, TAIL);
    let steps = 0;
    for (let next = extendedUp(messages, bounds); next; next = extendedUp(messages, bounds)) {
        bounds = next;
        assert.ok(size(bounds) <= SHOWN_MAX);
        assert.ok((steps += 1) < 100);
    }
    assert.equal(visibleRange(messages, bounds)[0], 0);
});

test("going down again reaches the tail and never shows too many", () => {
    let bounds = around(messages, 201);
    for (let next = extendedDown(messages, bounds); next; next = extendedDown(messages, bounds)) {
        bounds = next;
        assert.ok(size(bounds) <= SHOWN_MAX);
    }
    assert.equal(bounds.toSeq, undefined);
    assert.equal(visibleRange(messages, bounds)[1], 1_000);
});

test("what is pinned stays when older and newer messages come", () => {
    const middle = messages.slice(100, 400);
    const bounds = pinned(middle, TAIL);
    const [start, end] = visibleRange(middle, bounds);
    const [later] = visibleRange(messages, bounds);
    assert.equal(messages[later], middle[start]);
    assert.equal(end, 300);
});

test("a message that is jumped to is among those shown", () => {
    for (const seq of [1, 3, 999, 1_999]) {
        const [start, end] = visibleRange(messages, around(messages, seq));
        assert.ok(
            messages.slice(start, end).some((one) => one.seq === seq),
            String(seq),
        );
    }
});
