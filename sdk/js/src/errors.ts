// SPDX-License-Identifier: Apache-2.0
// The one error type of the library. `code` is for programs, `message` for people.
import { type ErrorCode, isRetryable } from "./codes.js";

export class ChatError extends Error {
    override readonly name = "ChatError";
    readonly code: ErrorCode;
    readonly retryable: boolean;
    readonly retryAfterMs: number | undefined;

    constructor(code: ErrorCode, message: string, retryAfterMs?: number) {
        super(message);
        this.code = code;
        this.retryable = isRetryable(code);
        this.retryAfterMs = retryAfterMs;
    }
}
