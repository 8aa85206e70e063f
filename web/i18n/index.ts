// SPDX-License-Identifier: Apache-2.0
// Looks texts up in the catalogue of the person's language. To add a language: write `xx.ts` like `en.ts` and put it
// into the table.
import { type Catalogue, en, type Key } from "./en";

export type { Key } from "./en";

const CATALOGUES: Readonly<Record<string, Catalogue>> = { en };
const FALLBACK = "en";

function chosenLanguage(): string {
    const wanted = typeof navigator === "undefined" ? [] : navigator.languages;
    return wanted.map((tag) => tag.split("-")[0] ?? "").find((tag) => tag in CATALOGUES) ?? FALLBACK;
}

export const language = chosenLanguage();
const catalogue: Catalogue = CATALOGUES[language] ?? en;
const plurals = new Intl.PluralRules(language);
const numbers = new Intl.NumberFormat(language);

/** The text for `key`, with its values put in; `count` also chooses the plural form. */
export function t(key: Key, values: Readonly<Record<string, string | number>> = {}): string {
    const found = catalogue[key];
    const text = typeof found === "string" ? found : (found[plurals.select(Number(values.count))] ?? found.other ?? "");
    return text.replace(/\{(\w+)\}/g, (whole, name: string) => {
        const value = values[name];
        if (value === undefined) return whole;
        return typeof value === "number" ? numbers.format(value) : value;
    });
}
