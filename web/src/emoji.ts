// SPDX-License-Identifier: Apache-2.0
// The emoji that there are, with their names. Loaded when somebody first wants one; the page comes without them.
import { ranked } from "./completion";
import { keep } from "./keep";

export interface Emoji {
    emoji: string;
    /** As in `:name:`; the first is the usual one. */
    names: readonly string[];
    category: string;
}

const RECENT_MAX = 18;
const OFTEN = ["👍", "❤️", "😂", "🎉", "😮", "😢", "👀", "✅", "🙏", "🔥", "🚀", "🤔", "👏", "💯"];

let loading: Promise<readonly Emoji[]> | undefined;

/** Rejects where the server cannot be reached; the next call tries again. */
export function loadEmoji(): Promise<readonly Emoji[]> {
    loading ??= import("virtual:emoji").then(
        ({ default: text }) => parseEmoji(text),
        (problem: unknown) => {
            loading = undefined;
            throw problem;
        },
    );
    return loading;
}

export function parseEmoji(text: string): Emoji[] {
    const found: Emoji[] = [];
    let category = "";
    for (const line of text.split("\n")) {
        if (line.startsWith("#") && !line.includes("\t")) {
            category = line.slice(1);
            continue;
        }
        const [emoji = "", names = "", words = ""] = line.split("\t");
        const all = [...names.split(" "), ...words.split(",").filter(Boolean)];
        if (emoji !== "") found.push({ emoji, names: all, category });
    }
    return found;
}

export function searchEmoji(all: readonly Emoji[], query: string, max: number): Emoji[] {
    return ranked(query.trim().replace(/^:|:$/g, "").replace(/\s+/g, "_").toLowerCase(), all, { max });
}

/** What this person took last, then what everybody takes. */
export function recentEmoji(): string[] {
    return [...new Set([...keep.recentEmoji, ...OFTEN])].slice(0, RECENT_MAX);
}

export function tookEmoji(emoji: string): void {
    keep.recentEmoji = [...new Set([emoji, ...keep.recentEmoji])].slice(0, RECENT_MAX);
}
