// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseEmoji, searchEmoji } from "../src/emoji";

const TEXT = "#Faces\n😀\tgrinning\tsmile,happy\n#Things\n#️⃣\thash\tnumber\n🎉\ttada\tparty\n";

test("emoji are found by their names and by what they stand for", () => {
    const all = parseEmoji(TEXT);
    assert.deepEqual(
        all.map(({ emoji, category }) => [emoji, category]),
        [["😀", "Faces"], ["#️⃣", "Things"], ["🎉", "Things"]],
    );
    assert.deepEqual(searchEmoji(all, ":ta", 5).map(({ emoji }) => emoji), ["🎉"]);
    assert.deepEqual(searchEmoji(all, "happy", 5).map(({ emoji }) => emoji), ["😀"]);
    assert.deepEqual(searchEmoji(all, "nothing", 5), []);
});
