// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { t } from "../i18n";
import { hueClass, initials, preview } from "../src/format";

test("initials are the first letters of the first and the last word", () => {
    const cases: [string, string][] = [
        ["Ada Lovelace", "AL"],
        ["ada", "A"],
        ["  jean-luc  picard ", "JP"],
        ["יעל כהן", "יכ"],
        ["小明", "小"],
        ["42", "4"],
        ["***", "?"],
        ["", "?"],
    ];
    for (const [name, expected] of cases) assert.equal(initials(name), expected, name);
});

test("a user has the same colour everywhere", () => {
    assert.equal(hueClass("u-1"), hueClass("u-1"));
    assert.match(hueClass(""), /^hue-\d+$/);
});

test("a preview is one line without marks", () => {
    assert.equal(preview("**a**\n\n```js\nb\n```"), "a b");
    assert.equal([...preview("x".repeat(500))].length, 141);
});

test("a text chooses its plural form and keeps what it does not know", () => {
    assert.equal(t("rooms.unread", { count: 1 }), "1 unread message");
    assert.equal(t("rooms.unread", { count: 2 }), "2 unread messages");
    assert.equal(t("name.keep", { name: "{count}" }), "Continue as {count}");
    assert.equal(t("name.keep"), "Continue as {name}");
});
