// SPDX-License-Identifier: Apache-2.0
// Turns messages into the rows of the timeline: dividers between days and before what is new, and messages grouped by
// who wrote them.
import type { Message } from "./log";

/** A message of this page that is not in the log yet. */
export interface Draft {
    id: string;
    key: string;
    at: number;
    text: string;
    replyTo: number | undefined;
    status: "pending" | "sent" | "failed";
    seq: number | undefined;
    /** The code of what went wrong. */
    problem: string | undefined;
}

export type Row =
    | { kind: "day"; id: string; at: number }
    | { kind: "new"; id: string }
    | { kind: "message"; id: string; message: Message; isHead: boolean }
    | { kind: "draft"; id: string; draft: Draft; isHead: boolean };

export interface RowsInput {
    messages: readonly Message[];
    drafts: readonly Draft[];
    userId: string | undefined;
    /** What comes after this `seq` was not read when the room was opened. */
    dividerSeq: number | undefined;
}

const GROUP_MS = 5 * 60_000;

function dayOf(at: number): string {
    const date = new Date(at);
    return `${date.getFullYear()}-${date.getMonth() + 1}-${date.getDate()}`;
}

interface Previous {
    userId: string | undefined;
    name: string;
    at: number;
}

export function buildRows({ messages, drafts, userId, dividerSeq }: RowsInput): Row[] {
    const rows: Row[] = [];
    let day = "";
    let previous: Previous | undefined;
    let isDivided = dividerSeq === undefined;

    const openDay = (at: number): void => {
        if (dayOf(at) === day) return;
        day = dayOf(at);
        previous = undefined;
        rows.push({ kind: "day", id: `day-${day}`, at });
    };
    const isHead = (next: Previous, isReply: boolean): boolean => {
        const goesOn =
            previous !== undefined &&
            previous.userId === next.userId &&
            previous.name === next.name &&
            next.at - previous.at < GROUP_MS &&
            !isReply;
        previous = next;
        return !goesOn;
    };

    for (const message of messages) {
        openDay(message.at);
        if (!isDivided && dividerSeq !== undefined && message.seq > dividerSeq && message.user.id !== userId) {
            isDivided = true;
            previous = undefined;
            rows.push({ kind: "new", id: "new" });
        }
        const { id: author, name } = message.user;
        const head = isHead({ userId: author, name, at: message.at }, message.replyTo !== undefined);
        rows.push({ kind: "message", id: message.id, message, isHead: head });
    }
    for (const draft of drafts) {
        openDay(draft.at);
        // The clocks of the two sides differ; a draft is never older than what it follows.
        const at = Math.max(draft.at, previous?.at ?? 0);
        const name = previous?.userId === userId ? (previous?.name ?? "") : "";
        rows.push({
            kind: "draft",
            id: draft.id,
            draft,
            isHead: isHead({ userId, name, at }, draft.replyTo !== undefined),
        });
    }
    return rows;
}
