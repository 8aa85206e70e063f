// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { highlight, type Kind } from "../src/highlight";

function found(text: string, language: string): [string, Kind][] {
    const pieces = highlight(text, language) ?? [];
    assert.equal(pieces.map((piece) => piece.text).join(""), text, "nothing is lost");
    return pieces.flatMap(({ text: part, kind }): [string, Kind][] => (kind ? [[part, kind]] : []));
}

test("what stands out in code is found, and the text stays what it is", () => {
    assert.deepEqual(found('int x = 0x1F; // "no"\n', "c"), [
        ["int", "keyword"],
        ["0x1F", "number"],
        ['// "no"', "comment"],
    ]);
    assert.deepEqual(found('const a = `b\nc` + "d\\"e"', "ts"), [
        ["const", "keyword"],
        ["`b\nc`", "string"],
        ['"d\\"e"', "string"],
    ]);
    assert.deepEqual(found("def f(): # why\n  return '''x\ny'''", "python"), [
        ["def", "keyword"],
        ["# why", "comment"],
        ["return", "keyword"],
        ["'''x\ny'''", "string"],
    ]);
    assert.equal(found("SELECT a FROM b -- all", "sql").length, 3);
    assert.deepEqual(found("<!-- open", "html"), [["<!-- open", "comment"]]);
});

test("an unknown language and a huge text stay plain", () => {
    assert.equal(highlight("a", "klingon"), undefined);
    assert.equal(highlight("a", ""), undefined);
    assert.equal(highlight("1 ".repeat(20_000), "c"), undefined);
});
