// SPDX-License-Identifier: Apache-2.0
// Which part of a long list of messages is in the page. Bounds are kept as `seq`, because positions shift when older
// messages come in front.

export interface Placed {
    seq: number;
}

/** Undefined bounds follow the list's end. */
export interface Bounds {
    fromSeq: number | undefined;
    toSeq: number | undefined;
}

export const TAIL_COUNT = 120;
export const SHOWN_MAX = 300;
const STEP = 60;

export const TAIL: Bounds = { fromSeq: undefined, toSeq: undefined };

/** Positions of the first message shown and of the one behind the last. */
export function visibleRange(messages: readonly Placed[], { fromSeq, toSeq }: Bounds): [number, number] {
    const end = toSeq === undefined ? messages.length : indexAfter(messages, toSeq);
    const start = fromSeq === undefined ? end - TAIL_COUNT : indexAfter(messages, fromSeq - 1);
    return [Math.max(0, Math.min(start, end)), end];
}

/** Keeps what is shown where it is, whatever comes at the end. */
export function pinned(messages: readonly Placed[], bounds: Bounds): Bounds {
    const [start, end] = visibleRange(messages, bounds);
    const toSeq = bounds.toSeq ?? (end - start >= SHOWN_MAX ? messages[end - 1]?.seq : undefined);
    return { fromSeq: messages[start]?.seq, toSeq };
}

/** More of what is older; undefined where there is none here. */
export function extendedUp(messages: readonly Placed[], bounds: Bounds): Bounds | undefined {
    const [start, end] = visibleRange(messages, bounds);
    if (start === 0) return undefined;
    const first = Math.max(0, start - STEP);
    const isTooMany = end - first > SHOWN_MAX;
    return { fromSeq: messages[first]?.seq, toSeq: isTooMany ? messages[first + SHOWN_MAX - 1]?.seq : bounds.toSeq };
}

/** More of what is newer; undefined where the end is shown already. */
export function extendedDown(messages: readonly Placed[], bounds: Bounds): Bounds | undefined {
    if (bounds.toSeq === undefined) return undefined;
    const [start, end] = visibleRange(messages, bounds);
    const last = Math.min(messages.length, end + STEP);
    const first = Math.max(start, last - SHOWN_MAX);
    return { fromSeq: messages[first]?.seq, toSeq: last === messages.length ? undefined : messages[last - 1]?.seq };
}

/** The message in the middle of what is shown. */
export function around(messages: readonly Placed[], seq: number): Bounds {
    const index = indexAfter(messages, seq - 1);
    const last = Math.min(messages.length, index + STEP);
    const first = Math.max(0, index - STEP);
    return { fromSeq: messages[first]?.seq, toSeq: last === messages.length ? undefined : messages[last - 1]?.seq };
}

/** How many messages have a `seq` up to this one. */
function indexAfter(messages: readonly Placed[], seq: number): number {
    let low = 0;
    let high = messages.length;
    while (low < high) {
        const middle = (low + high) >> 1;
        if ((messages[middle]?.seq ?? 0) <= seq) low = middle + 1;
        else high = middle;
    }
    return low;
}
