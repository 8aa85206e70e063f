// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { completed, completionAt, fit, ranked } from "../src/completion";

test("what can be completed is found in front of the caret", () => {
    const cases: [string, string | undefined, string?][] = [
        ["@", "user", ""],
        ["hello @An", "user", "an"],
        ["(@an", "user", "an"],
        ["an@example", undefined],
        ["#", "room", ""],
        ["see #~Scr", "room", "~scr"],
        ["/jo", "command", "jo"],
        ["a /jo", undefined],
        ["/join x", undefined],
        [":ta", "emoji", "ta"],
        ["at 10:30", undefined],
        [":a", undefined],
        ["http://", undefined],
    ];
    for (const [text, kind, query] of cases) {
        const found = completionAt(text, text.length);
        assert.deepEqual([found?.kind, found?.query], [kind, query], text);
    }
    assert.equal(completionAt("@ada and more", 4)?.query, "ada");
});

test("what begins with the query comes first, then words within, then parts", () => {
    const names = ["Bertrand", "Eva Berg", "Ober", "Berta", "Anna"];
    const candidates = names.map((name) => ({ names: [name] }));
    assert.deepEqual(
        ranked("ber", candidates).map((one) => one.names[0]),
        ["Bertrand", "Berta", "Eva Berg", "Ober"],
    );
    assert.equal(fit("bd", "Bertrand"), 4);
    assert.equal(fit("+1", "+1"), 0);
    assert.deepEqual(ranked("bd", candidates), []);
    assert.equal(ranked("bd", candidates, { isFuzzy: true }).length, 1);
});

test("a candidate replaces what was typed and leaves the rest", () => {
    const text = "so @ad, right";
    const completion = completionAt(text, 6);
    assert.ok(completion);
    assert.deepEqual(completed(text, completion, "@Ada"), { text: "so @Ada , right", caret: 8 });
    const emoji = completionAt(":tada", 5);
    assert.ok(emoji);
    assert.deepEqual(completed(":tada", emoji, "🎉"), { text: "🎉 ", caret: 3 });
});
