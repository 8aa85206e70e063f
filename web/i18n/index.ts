// SPDX-License-Identifier: Apache-2.0
// Looks texts up in the catalogue of the person's language. English comes with the page; others are loaded before the
// first text is shown. To add a language: write `xx.ts` like `en.ts` and put it into the table.
import { type Catalogue, en, type Key } from "./en";

export type { Key } from "./en";

interface Language {
    tag: string;
    /** As those who speak it write it. */
    name: string;
    direction: "ltr" | "rtl";
    load: () => Promise<Catalogue>;
}

const ENGLISH: Language = { tag: "en", name: "English", direction: "ltr", load: () => Promise.resolve(en) };

export const LANGUAGES: readonly Language[] = [
    ENGLISH,
    { tag: "zh", name: "简体中文", direction: "ltr", load: () => import("./zh").then(({ zh }) => zh) },
    { tag: "ar", name: "العربية", direction: "rtl", load: () => import("./ar").then(({ ar }) => ar) },
];

let chosen = ENGLISH;
let catalogue: Catalogue = en;
let plurals = new Intl.PluralRules("en");
let numbers = new Intl.NumberFormat("en");

/** The language of the page's texts. */
export function language(): string {
    return chosen.tag;
}

/** For dates and for sorting: the person's own locale where it fits the language, or where that has no catalogue. */
export function locale(): string {
    const own = typeof navigator === "undefined" ? "en" : navigator.language;
    const isChosen = chosen !== ENGLISH || own.startsWith("en");
    return isChosen && !own.startsWith(chosen.tag) ? chosen.tag : own;
}

function find(tag: string): Language | undefined {
    return LANGUAGES.find((one) => one.tag === tag.split("-")[0]);
}

/** `wanted`: what the person chose; otherwise the browser's languages decide. */
export async function loadLanguage(wanted: string | undefined): Promise<void> {
    const tags = wanted === undefined ? navigator.languages : [wanted];
    const next = tags.map(find).find((one) => one !== undefined) ?? ENGLISH;
    catalogue = await next.load();
    chosen = next;
    plurals = new Intl.PluralRules(next.tag);
    numbers = new Intl.NumberFormat(next.tag);
    document.documentElement.lang = next.tag;
    document.documentElement.dir = next.direction;
}

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
