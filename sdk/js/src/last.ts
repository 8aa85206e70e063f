// SPDX-License-Identifier: Apache-2.0
// How the last connection ended, as this side saw it: told to the server with the next one, so that its operator can
// put both halves of the story together. Knows no sockets.

/** A word of the protocol; what was seen shortly before the end, or since. */
export type Sign = "offline" | "online" | "visible" | "wake" | "probe" | "silent" | "bye" | "opening";

/** The field `last` of `login` and `ping`. */
export interface Last {
    connection?: string;
    code: number;
    reason?: string;
    ago: number;
    saw: Sign[];
}

/** Older signs have nothing to do with an end. */
const SIGN_MS = 60_000;
/** A Close frame has no room for more. */
const REASON_CHARACTERS_MAX = 40;

export class Ending {
    private readonly seenAt = new Map<Sign, number>();
    private ended: { connection: string | undefined; code: number; reason: string; at: number } | undefined;

    constructor(private readonly now: () => number) {}

    see(sign: Sign): void {
        this.seenAt.set(sign, this.now());
    }

    /** The first end since the last time that one was told is the one that matters: later ones are failed attempts. */
    end(connection: string | undefined, code: number, reason: string): void {
        this.ended ??= { connection, code, reason: reason.slice(0, REASON_CHARACTERS_MAX), at: this.now() };
    }

    /** Undefined where nothing has ended. */
    tell(): Last | undefined {
        const ended = this.ended;
        if (!ended) return undefined;
        const saw = [...this.seenAt].filter(([, at]) => at > ended.at - SIGN_MS).map(([sign]) => sign);
        return {
            ...(ended.connection === undefined ? {} : { connection: ended.connection }),
            code: ended.code,
            ...(ended.reason === "" ? {} : { reason: ended.reason }),
            ago: Math.max(0, Math.round(this.now() - ended.at)),
            saw,
        };
    }

    /** It was told. */
    forget(): void {
        this.ended = undefined;
        this.seenAt.clear();
    }
}
