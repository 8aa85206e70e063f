// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Message } from "../src/log";
import { buildRows, type Draft, type Row, type RowsInput } from "../src/rows";

const NOON = new Date(2024, 4, 14, 12, 0, 0).getTime();
const MINUTE = 60_000;

function message(seq: number, userId: string, at: number, more: Partial<Message> = {}): Message {
    const user = { id: userId, name: userId };
    return {
        id: `${userId}:${seq}`,
        key: String(seq),
        seq,
        at,
        user,
        text: "text",
        isEdited: false,
        isDeleted: false,
        replyTo: undefined,
        mentions: [],
        reactions: [],
        ...more,
    };
}

function draft(key: string, at: number): Draft {
    return {
        id: `me:${key}`,
        key,
        at,
        text: "text",
        replyTo: undefined,
        status: "pending",
        seq: undefined,
        problem: undefined,
    };
}

function shape(input: Partial<RowsInput>): string[] {
    const rows = buildRows({ messages: [], drafts: [], userId: "me", dividerSeq: undefined, ...input });
    return rows.map((row: Row) =>
        row.kind === "message" || row.kind === "draft" ? `${row.kind}${row.isHead ? " head" : ""}` : row.kind,
    );
}

test("messages of one person within five minutes are a group", () => {
    const messages = [
        message(1, "ada", NOON),
        message(2, "ada", NOON + 4 * MINUTE),
        message(3, "ada", NOON + 10 * MINUTE),
        message(4, "bob", NOON + 10 * MINUTE),
    ];
    assert.deepEqual(shape({ messages }), ["day", "message head", "message", "message head", "message head"]);
});

test("a reply and a new name begin a group", () => {
    const messages = [
        message(1, "ada", NOON),
        message(2, "ada", NOON, { replyTo: 1 }),
        message(3, "ada", NOON, { user: { id: "ada", name: "Ada L." } }),
    ];
    assert.deepEqual(shape({ messages }), ["day", "message head", "message head", "message head"]);
});

test("each day has its divider", () => {
    const messages = [
        message(1, "ada", NOON - 1440 * MINUTE),
        message(2, "ada", NOON),
        message(3, "ada", NOON + MINUTE),
    ];
    assert.deepEqual(shape({ messages }), ["day", "message head", "day", "message head", "message"]);
});

test("what is new begins at the first message of somebody else that was not read", () => {
    const messages = [
        message(1, "ada", NOON),
        message(2, "me", NOON),
        message(3, "ada", NOON),
        message(4, "ada", NOON),
    ];
    assert.deepEqual(shape({ messages, dividerSeq: 1 }), [
        "day",
        "message head",
        "message head",
        "new",
        "message head",
        "message",
    ]);
});

test("nothing new, no divider", () => {
    const messages = [message(1, "ada", NOON), message(2, "me", NOON)];
    assert.ok(!shape({ messages, dividerSeq: 1 }).includes("new"));
    assert.ok(!shape({ messages, dividerSeq: 9 }).includes("new"));
    assert.ok(!shape({ messages, dividerSeq: undefined }).includes("new"));
});

test("what is not sent yet goes on from one's own last message", () => {
    const messages = [message(1, "ada", NOON), message(2, "me", NOON)];
    assert.deepEqual(shape({ messages, drafts: [draft("a", NOON), draft("b", NOON)] }), [
        "day",
        "message head",
        "message head",
        "draft",
        "draft",
    ]);
});

test("a clock that is behind does not break a group", () => {
    assert.deepEqual(shape({ messages: [message(1, "me", NOON)], drafts: [draft("a", NOON - 20 * MINUTE)] }), [
        "day",
        "message head",
        "draft",
    ]);
});

test("every row has an id of its own", () => {
    const messages = [
        message(1, "ada", NOON - 2880 * MINUTE),
        message(2, "ada", NOON - 1440 * MINUTE),
        message(3, "bob", NOON),
    ];
    const ids = buildRows({ messages, drafts: [draft("a", NOON)], userId: "me", dividerSeq: 2 }).map(({ id }) => id);
    assert.equal(new Set(ids).size, ids.length);
});
