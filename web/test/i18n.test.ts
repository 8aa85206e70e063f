// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { ar } from "../i18n/ar";
import { type Catalogue, en, type Key, type Text } from "../i18n/en";
import { zh } from "../i18n/zh";

function forms(text: Text): [string, string][] {
    return typeof text === "string" ? [["other", text]] : Object.entries(text);
}

function places(text: string): string[] {
    return [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? "").sort();
}

for (const [tag, catalogue] of Object.entries({ zh, ar }) as [string, Catalogue][]) {
    test(`the catalogue of ${tag} has the texts, the values and the plural forms that it needs`, () => {
        assert.deepEqual(Object.keys(catalogue).sort(), Object.keys(en).sort());
        const needed = new Intl.PluralRules(tag).resolvedOptions().pluralCategories;
        for (const key of Object.keys(en) as Key[]) {
            const wanted = places(forms(en[key]).find(([name]) => name === "other")?.[1] ?? "");
            const found = forms(catalogue[key]);
            assert.ok(found.some(([name]) => name === "other"), key);
            for (const [name, text] of found) {
                assert.ok((needed as string[]).includes(name), `${key}: ${name}`);
                assert.notEqual(text.trim(), "", key);
                // "one message", "two messages": the number may be a word.
                const may = name === "other" ? wanted : [...new Set([...places(text), "count"])];
                for (const place of places(text)) assert.ok(wanted.includes(place), `${key}: ${place}`);
                if (name === "other") assert.deepEqual(places(text), may, key);
            }
        }
    });
}
