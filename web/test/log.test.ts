// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import type { RoomEvent } from "natter-client";
import { Log } from "../src/log";

const ada = { id: "u1", name: "Ada" };
const bob = { id: "u2", name: "Bob" };

const message = (seq: number, text: string, more: object = {}): RoomEvent => ({
    type: "message",
    room: "lobby",
    seq,
    at: seq * 1000,
    user: ada,
    text,
    key: `k${seq}`,
    ...more,
});
const edited = (seq: number, target: number, text: string): RoomEvent => ({
    type: "edited",
    room: "lobby",
    seq,
    at: 1,
    user: ada,
    target,
    text,
});
const deleted = (seq: number, target: number): RoomEvent => ({
    type: "deleted",
    room: "lobby",
    seq,
    at: 1,
    user: ada,
    target,
});
const reaction = (seq: number, target: number, emoji: string, user = bob, on = true): RoomEvent => ({
    type: "reaction",
    room: "lobby",
    seq,
    at: 1,
    user,
    target,
    emoji,
    on,
});

/** Each order of a few events. */
function orders<T>(items: readonly T[]): T[][] {
    if (items.length <= 1) return [[...items]];
    return items.flatMap((item, index) =>
        orders([...items.slice(0, index), ...items.slice(index + 1)]).map((rest) => [item, ...rest]),
    );
}

test("the fold is the same in whatever order the events come", () => {
    const events = [
        message(1, "first"),
        edited(2, 1, "second"),
        edited(3, 1, "third"),
        reaction(4, 1, "a"),
        reaction(5, 1, "a", bob, false),
        reaction(6, 1, "b", ada),
    ];
    for (const order of orders(events)) {
        const log = new Log();
        for (const event of order) log.add(event);
        const found = log.get(1);
        assert.equal(found?.text, "third");
        assert.equal(found?.isEdited, true);
        assert.deepEqual(found?.reactions, [{ emoji: "b", users: [ada] }]);
    }
});

test("an event that comes again changes nothing", () => {
    const log = new Log();
    log.add(message(1, "one"));
    const before = log.messages;
    log.add(message(1, "one"));
    assert.equal(log.messages, before);
    assert.equal(log.messages.length, 1);
});

test("a deleted message keeps its place and loses its words", () => {
    for (const order of orders([message(1, "secret"), deleted(3, 1), edited(2, 1, "more"), reaction(4, 1, "a")])) {
        const log = new Log();
        for (const event of order) log.add(event);
        const found = log.get(1);
        assert.deepEqual([found?.isDeleted, found?.text, found?.isEdited, found?.reactions], [true, "", false, []]);
    }
});

test("a replayed message that was deleted earlier is a deleted one", () => {
    const log = new Log();
    log.add(message(1, "", { deleted: true }));
    assert.equal(log.get(1)?.isDeleted, true);
});

test("older pages come in front", () => {
    const log = new Log();
    for (const seq of [5, 6, 3, 4, 1, 2]) log.add(message(seq, String(seq)));
    assert.deepEqual(
        log.messages.map(({ seq }) => seq),
        [1, 2, 3, 4, 5, 6],
    );
    assert.deepEqual([log.first, log.last], [1, 6]);
});

test("a message that changes is another object, and the others stay the same", () => {
    const log = new Log();
    log.add(message(1, "one"));
    log.add(message(2, "two"));
    const [one, two] = log.messages;
    log.add(edited(3, 1, "changed"));
    assert.notEqual(log.messages[0], one);
    assert.equal(log.messages[1], two);
});

test("reactions stand in the order in which each came first", () => {
    const log = new Log();
    log.add(message(1, "one"));
    log.add(reaction(2, 1, "a"));
    log.add(reaction(3, 1, "b", ada));
    log.add(reaction(4, 1, "a", ada));
    assert.deepEqual(log.get(1)?.reactions, [
        { emoji: "a", users: [bob, ada] },
        { emoji: "b", users: [ada] },
    ]);
});
