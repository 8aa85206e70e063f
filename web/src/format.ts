// SPDX-License-Identifier: Apache-2.0
// Times, names and colours as people see them.
import { locale, t } from "../i18n";

interface Formats {
    clock: Intl.DateTimeFormat;
    full: Intl.DateTimeFormat;
    dayThisYear: Intl.DateTimeFormat;
    dayOtherYear: Intl.DateTimeFormat;
}

let made: Formats | undefined;

/** Made when first used: the language is known by then. */
function formats(): Formats {
    made ??= {
        clock: new Intl.DateTimeFormat(locale(), { hour: "2-digit", minute: "2-digit" }),
        full: new Intl.DateTimeFormat(locale(), { dateStyle: "full", timeStyle: "short" }),
        dayThisYear: new Intl.DateTimeFormat(locale(), { weekday: "long", day: "numeric", month: "long" }),
        dayOtherYear: new Intl.DateTimeFormat(locale(), { day: "numeric", month: "long", year: "numeric" }),
    };
    return made;
}

const DAY_MS = 86_400_000;
const HUES = 12;

export function clockTime(at: number): string {
    return formats().clock.format(at);
}

/** Without "am" and "pm", for where there is little room. */
export function shortTime(at: number): string {
    const parts = formats().clock.formatToParts(at).filter(({ type }) => type !== "dayPeriod");
    return parts
        .map(({ value }) => value)
        .join("")
        .trim();
}

export function fullTime(at: number): string {
    return formats().full.format(at);
}

export function isoTime(at: number): string {
    return new Date(at).toISOString();
}

export function dayTitle(at: number, now = Date.now()): string {
    const day = new Date(at).toDateString();
    if (day === new Date(now).toDateString()) return t("timeline.today");
    if (day === new Date(now - DAY_MS).toDateString()) return t("timeline.yesterday");
    const isThisYear = new Date(at).getFullYear() === new Date(now).getFullYear();
    const { dayThisYear, dayOtherYear } = formats();
    return (isThisYear ? dayThisYear : dayOtherYear).format(at);
}

/** One or two letters that stand for a name. */
export function initials(name: string): string {
    const words = name
        .trim()
        .split(/[\s._-]+/u)
        .filter((word) => /[\p{L}\p{N}]/u.test(word));
    const letters = words.map((word) => /[\p{L}\p{N}]/u.exec(word)?.[0] ?? "");
    const chosen = letters.length > 1 ? [letters[0], letters[letters.length - 1]] : letters;
    return chosen.join("").toLocaleUpperCase(locale()) || "?";
}

/** The same colour for the same user, everywhere. */
export function hueClass(userId: string): string {
    let hash = 2_166_136_261;
    for (let i = 0; i < userId.length; i += 1) hash = Math.imul(hash ^ userId.charCodeAt(i), 16_777_619);
    return `hue-${(hash >>> 0) % HUES}`;
}

export function byName(a: { name: string }, b: { name: string }): number {
    return a.name.localeCompare(b.name, locale(), { sensitivity: "base" });
}

const PREVIEW_CHARACTERS = 140;

/** One line that says what a message is about, without its marks. */
export function preview(text: string): string {
    const line = text
        .replace(/```\w*|[*_~`]{1,3}/g, " ")
        .replace(/\s+/g, " ")
        .trim();
    const characters = [...line];
    return characters.length > PREVIEW_CHARACTERS ? `${characters.slice(0, PREVIEW_CHARACTERS).join("")}…` : line;
}
