// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { foldRoomName, hashOf, roomOf } from "../src/router";

test("an address and its room lead to each other", () => {
    for (const room of ["lobby", "~scratch", "käse", "部屋", "a.b-c_d"]) assert.equal(roomOf(hashOf(room)), room);
});

test("an address that names no room leads to the lobby", () => {
    for (const hash of ["", "#", "#/", "#/room/", "#/room/%", "#/room/a%2Fb", "#/room/<b>", `#/room/${"x".repeat(65)}`])
        assert.equal(roomOf(hash), "lobby", hash);
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
