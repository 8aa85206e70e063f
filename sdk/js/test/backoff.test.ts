// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { Backoff } from "../src/backoff.js";
import { closeMeaning } from "../src/codes.js";

const OPTIONS = { min: 500, max: 20_000 };

test("the ceiling doubles with each attempt and never exceeds the maximum", () => {
    const backoff = new Backoff(OPTIONS, () => 1);
    const delays = Array.from({ length: 8 }, () => backoff.next());
    assert.deepEqual(delays, [500, 1000, 2000, 4000, 8000, 16_000, 20_000, 20_000]);
});

test("the whole delay is random, so that clients spread over all of it", () => {
    assert.equal(new Backoff(OPTIONS, () => 0).next(), 0);
    assert.equal(new Backoff(OPTIONS, () => 0.5).next(), 250);
});

test("a floor that the server asked for comes on top of the random part", () => {
    assert.equal(new Backoff(OPTIONS, () => 0.5).next(3000), 3250);
});

test("a reset starts from the first ceiling again", () => {
    const backoff = new Backoff(OPTIONS, () => 1);
    backoff.next();
    backoff.next();
    backoff.reset();
    assert.equal(backoff.attempts, 0);
    assert.equal(backoff.next(), 500);
});

test("each range of close codes asks for what the protocol says", () => {
    const cases: [number, string, string][] = [
        [1000, "retry", "lost"],
        [1001, "retry", "shutdown"],
        [1006, "retry", "lost"],
        [1012, "pause", "shutdown"],
        [1013, "pause", "overloaded"],
        [4000, "stop", "removed"],
        [4001, "stop", "unauthorized"],
        [4003, "stop", "removed"],
        [4099, "stop", "removed"],
        [4100, "pause", "lost"],
        [4108, "pause", "too_slow"],
        [4199, "pause", "lost"],
        [4200, "retry", "lost"],
    ];
    for (const [code, action, reason] of cases) assert.deepEqual(closeMeaning(code), { action, reason }, String(code));
});
