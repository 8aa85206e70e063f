// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { foldRoomName, hashOf, routeOf } from "../src/router";

test("an address and its room lead to each other", () => {
    for (const room of ["lobby", "~scratch", "käse", "部屋", "a.b-c_d"]) assert.equal(routeOf(hashOf(room)).room, room);
});

test("an address that names no room leads to the lobby", () => {
    for (const hash of ["", "#", "#/", "#/room/", "#/room/%", "#/room/a%2Fb", "#/room/<b>", `#/room/${"x".repeat(65)}`])
        assert.equal(routeOf(hash).room, "lobby", hash);
});

test("what people type becomes a name where it can", () => {
    const cases: [string, string | undefined][] = [
        [" Tea Room ", "tea-room"],
        ["#Lobby", "lobby"],
        ["~Scratch", "~scratch"],
        ["ＬＯＢＢＹ", "lobby"],
        ["a/b", undefined],
        ["", undefined],
        ["~", undefined],
        ["x".repeat(64), "x".repeat(64)],
        ["x".repeat(65), undefined],
    ];
    for (const [typed, name] of cases) assert.equal(foldRoomName(typed), name, typed);
});

test("an address can name one message of the room", () => {
    assert.deepEqual(routeOf(hashOf("部屋", 12)), { room: "部屋", seq: 12 });
    for (const seq of ["0", "-1", "1.5", "x", "", "1".repeat(16)])
        assert.deepEqual(routeOf(`#/room/lobby/${seq}`), { room: "lobby" }, seq);
});
