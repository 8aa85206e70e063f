// SPDX-License-Identifier: Apache-2.0
// What could be meant by the word that is being typed: a person, a room, an emoji or a command. Pure; the composer
// shows the candidates and puts in the chosen one.

export type CompletionKind = "user" | "room" | "emoji" | "command";

export interface Completion {
    kind: CompletionKind;
    /** What was typed of it, without its mark. */
    query: string;
    /** The part of the text that a candidate replaces. */
    from: number;
    to: number;
}

export interface Candidate {
    /** Unique in its list. */
    id: string;
    /** What the query is compared with; the first is shown. */
    names: readonly string[];
    /** What is put in for the typed word. */
    insert: string;
    /** In front of the name: an emoji, a mark. */
    glyph?: string;
    detail?: string;
    /** The colour of a person. */
    userId?: string;
}

export const CANDIDATES_MAX = 8;

const PATTERNS: readonly [CompletionKind, RegExp][] = [
    ["command", /^\/([a-z]*)$/],
    ["user", /(?:^|[\s([{"'])@([^\s@]{0,32})$/u],
    ["room", /(?:^|[\s([{"'])#(~?[\p{L}\p{M}\p{N}_.-]{0,64})$/u],
    // One letter is too often a smiley of the old kind.
    ["emoji", /(?:^|[\s([{"'])(:[a-z0-9_+-]{2,32})$/],
];

/** What can be completed in front of the caret. */
export function completionAt(text: string, caret: number): Completion | undefined {
    const before = text.slice(0, caret);
    for (const [kind, pattern] of PATTERNS) {
        const found = pattern.exec(before)?.[1];
        if (found === undefined) continue;
        const query = found.replace(/^:/, "").toLowerCase();
        const markLength = kind === "emoji" ? 0 : 1;
        return { kind, query, from: caret - found.length - markLength, to: caret };
    }
    return undefined;
}

/** How well a name fits, the lower the better; undefined: not at all. */
export function fit(query: string, name: string): number | undefined {
    const lower = name.toLowerCase();
    if (lower === query) return 0;
    if (lower.startsWith(query)) return 1;
    if (new RegExp(`[\\s._-]${escaped(query)}`, "u").test(lower)) return 2;
    if (lower.includes(query)) return 3;
    return isSubsequence(query, lower) ? 4 : undefined;
}

/** The candidates that fit, the best first; those that fit alike stay in their order. `isFuzzy`: letters may lack. */
export function ranked<One extends Pick<Candidate, "names">>(
    query: string,
    candidates: readonly One[],
    { max = CANDIDATES_MAX, isFuzzy = false } = {},
): One[] {
    const found: { candidate: One; score: number }[] = [];
    for (const candidate of candidates) {
        const scores = candidate.names.map((name) => fit(query, name)).filter((one) => one !== undefined);
        const score = Math.min(...scores);
        if (scores.length > 0 && (isFuzzy || score < 4)) found.push({ candidate, score });
    }
    return found
        .sort((a, b) => a.score - b.score)
        .slice(0, max)
        .map(({ candidate }) => candidate);
}

/** The text with the candidate in it, and where the caret belongs then. */
export function completed(text: string, { from, to }: Completion, insert: string): { text: string; caret: number } {
    const rest = text.slice(to);
    const gap = rest.startsWith(" ") ? "" : " ";
    return { text: text.slice(0, from) + insert + gap + rest, caret: from + insert.length + 1 };
}

function escaped(text: string): string {
    return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

function isSubsequence(query: string, name: string): boolean {
    let at = 0;
    for (const letter of query) {
        at = name.indexOf(letter, at) + 1;
        if (at === 0) return false;
    }
    return true;
}
