// SPDX-License-Identifier: Apache-2.0
// The numbers and words of natter.v1 that a client must know: error codes, and what each close code asks of it.

export const SUBPROTOCOL = "natter.v1";

/** What the server may say in an `error`. */
export const SERVER_ERROR_CODES = [
    "bad_request",
    "unauthorized",
    "forbidden",
    "not_found",
    "conflict",
    "too_large",
    "rate_limited",
    "busy",
    "internal",
] as const;

/** What this library adds for failures that no server reported. */
export const CLIENT_ERROR_CODES = [
    "timeout",
    "expired",
    "connection_lost",
    "closed",
    "cancelled",
    "queue_full",
    "too_slow",
] as const;

export type ServerErrorCode = (typeof SERVER_ERROR_CODES)[number];
export type ClientErrorCode = (typeof CLIENT_ERROR_CODES)[number];
export type ErrorCode = ServerErrorCode | ClientErrorCode;

/** Trying the same thing again later may work. */
const RETRYABLE: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
    "rate_limited",
    "busy",
    "internal",
    "timeout",
    "connection_lost",
]);

export function isRetryable(code: ErrorCode): boolean {
    return RETRYABLE.has(code);
}

export function isServerErrorCode(code: string): code is ServerErrorCode {
    return (SERVER_ERROR_CODES as readonly string[]).includes(code);
}

/** Why a connection is not (or no longer) there. */
export type Reason =
    | "start" // the first attempt is under way
    | "welcome" // it is there
    | "lost" // it broke without a word
    | "no_answer" // the peer went silent, so this side gave it up
    | "shutdown" // the server stops or restarts
    | "overloaded" // the server asked to come back later
    | "too_slow" // this client could not keep up with a room
    | "refused" // the server saw something that it does not accept
    | "unauthorized" // the token is wrong or outdated
    | "removed" // a person was removed or banned
    | "asked"; // close() was called

export interface CloseMeaning {
    /** `stop`: do not come back by yourself. `pause`: back off at least a second. `retry`: back off as usual. */
    action: "stop" | "pause" | "retry";
    reason: Reason;
}

const PAUSE_MIN_CODE = 4100;
const PAUSE_MAX_CODE = 4199;
const STOP_MIN_CODE = 4000;
const STOP_MAX_CODE = 4099;

const MEANINGS: Readonly<Record<number, CloseMeaning>> = {
    1001: { action: "retry", reason: "shutdown" },
    1002: { action: "pause", reason: "refused" },
    1007: { action: "pause", reason: "refused" },
    1008: { action: "pause", reason: "refused" },
    1009: { action: "pause", reason: "refused" },
    1012: { action: "pause", reason: "shutdown" },
    1013: { action: "pause", reason: "overloaded" },
    4001: { action: "stop", reason: "unauthorized" },
    4003: { action: "stop", reason: "removed" },
    4108: { action: "pause", reason: "too_slow" },
    4109: { action: "pause", reason: "no_answer" },
};

export function closeMeaning(code: number): CloseMeaning {
    const known = MEANINGS[code];
    if (known) return known;
    if (code >= STOP_MIN_CODE && code <= STOP_MAX_CODE) return { action: "stop", reason: "removed" };
    if (code >= PAUSE_MIN_CODE && code <= PAUSE_MAX_CODE) return { action: "pause", reason: "lost" };
    return { action: "retry", reason: "lost" };
}

/** The connection was closed for what a frame of ours held; sent again, that frame would close the next one too. */
export function blamesFrame(code: number): boolean {
    return code === 1002 || code === 1007 || code === 1009;
}
