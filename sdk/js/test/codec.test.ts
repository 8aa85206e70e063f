// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeFrame, encodeCommand, isRoomEvent, wellFormed } from "../src/codec.js";

const user = { id: "u1", name: "Ada" };
const message = { type: "message", room: "lobby", seq: 3, at: 1, user, text: "hi", key: "k" };

test("a well-formed frame is passed on as it is", () => {
    assert.deepEqual(decodeFrame(JSON.stringify(message)), message);
});

test("a frame with a field of the wrong kind is dropped", () => {
    const cases: unknown[] = [
        { ...message, seq: "3" },
        { ...message, seq: -1 },
        { ...message, seq: 1.5 },
        { ...message, user: "Ada" },
        { ...message, user: { id: 1, name: "Ada" } },
        { ...message, text: null },
        { type: "joined", room: "lobby", epoch: "1", seq: 1, events: [{ type: "message" }], members: [], count: 0 },
        { type: "presence", room: "lobby", joined: [1], left: [], count: 0 },
        { type: "rooms", rooms: {} },
        { type: 1 },
        {},
        [],
        null,
        "message",
    ];
    for (const value of cases) assert.equal(decodeFrame(JSON.stringify(value)), undefined, JSON.stringify(value));
});

test("text that is not JSON is dropped", () => {
    for (const text of ["", "{", "hello", "\u0000"]) assert.equal(decodeFrame(text), undefined);
});

test("an unknown type without a place in a log is dropped", () => {
    assert.equal(decodeFrame(JSON.stringify({ type: "sparkle" })), undefined);
    assert.equal(decodeFrame(JSON.stringify({ type: "constructor" })), undefined);
    assert.equal(decodeFrame(JSON.stringify({ type: "__proto__", room: "lobby" })), undefined);
});

test("an event of a later protocol keeps its place in the order", () => {
    const frame = decodeFrame(JSON.stringify({ type: "pinned", room: "lobby", seq: 4, at: 1, user, target: 3 }));
    assert.ok(frame && isRoomEvent(frame));
    assert.equal(frame.seq, 4);
});

test("a ref is put on a command only where there is one", () => {
    assert.equal(encodeCommand({ type: "ping" }), '{"type":"ping"}');
    assert.equal(encodeCommand({ type: "ping" }, "a"), '{"type":"ping","ref":"a"}');
});

test("half a surrogate pair never reaches the wire", () => {
    assert.equal(wellFormed("a\ud83d b\udc00 \u{1F44D}"), "a\uFFFD b\uFFFD \u{1F44D}");
});
