// SPDX-License-Identifier: Apache-2.0
// One server, one socket at a time, for as long as the client wants it: opens, signs in, notices a dead peer, waits and
// comes back. Knows frames and their answers, nothing of rooms.
//
//     idle ─▶ connecting ─▶ online ─▶ waiting | offline ─▶ connecting …
//                 any state ─▶ closed (close() was called, or a close code that forbids to come back)
import type { Backoff } from "./backoff.js";
import { blamesFrame, closeMeaning, isServerErrorCode, type Reason, SUBPROTOCOL } from "./codes.js";
import {
    type Command,
    decodeFrame,
    encodeCommand,
    type ErrorFrame,
    type ServerFrame,
    type WelcomeFrame,
} from "./codec.js";
import type { Environment, Hint, Socket, SocketClass } from "./environment.js";
import { ChatError } from "./errors.js";
import { Ending } from "./last.js";

export type State = "idle" | "connecting" | "online" | "waiting" | "offline" | "closed";

export interface StateChange {
    state: State;
    reason: Reason;
    /** The close code of the connection that ended last. */
    code?: number;
    /** What the server said when it refused or ended the connection. */
    message?: string;
    /** Failed attempts since the last time that the connection was stable. */
    attempt: number;
    /** When the next attempt comes, in states `waiting` and `offline`. */
    retryInMs?: number;
}

export interface ConnectionOptions {
    url: string;
    WebSocket: SocketClass;
    environment: Environment;
    backoff: Backoff;
    /** The token to sign in with; undefined: as a guest, or by the browser's cookie. */
    token(reason: "connect" | "expired"): Promise<string | undefined>;
    /** Whether asking `token` again can give another one. */
    canRenewToken: boolean;
    requestTimeoutMs: number;
    onState(change: StateChange): void;
    /** Before the state becomes `online`. */
    onWelcome(welcome: WelcomeFrame): void;
    onOnline(): void;
    onLost(blamedFrame: boolean): void;
    onFrame(frame: ServerFrame): void;
}

interface Pending {
    resolve(frame: ServerFrame): void;
    reject(problem: ChatError): void;
    cancelTimer(): void;
}

const OPEN_TIMEOUT_MS = 15_000;
const PROBE_TIMEOUT_MS = 10_000;
const HINT_PROBE_TIMEOUT_MS = 2_000;
const STABLE_MS = 30_000;
const PAUSE_MS = 1_000;
/** A timer that comes so much too late: the machine slept, or the browser froze the page. */
const WAKE_MS = 5_000;
const CROWD_JITTER_MS = 500;
const ABNORMAL_CLOSE = 1006;

export function chatError(frame: ErrorFrame): ChatError {
    const code = isServerErrorCode(frame.code) ? frame.code : "internal";
    return new ChatError(code, frame.message, frame.retry_after);
}

export class Connection {
    private change: StateChange = { state: "idle", reason: "start", attempt: 0 };
    private socket: Socket | undefined;
    private attempt = 0;
    private refs = 0;
    private readonly pending = new Map<string, Pending>();
    private welcome: WelcomeFrame | undefined;
    private hasBarrier = false;
    private heardAt = 0;
    /** Until when the server must have given a sign of life; undefined: it was not asked. */
    private probeEndsAt: number | undefined;
    private hasOpened = false;
    private bye: { retryAfterMs: number } | undefined;
    private refusal: string | undefined;
    private hasRenewedToken = false;
    private mustRenewToken = false;
    private readonly cancelTimers = new Set<() => void>();
    private cancelRetry: () => void = () => undefined;
    private stopHints: (() => void) | undefined;

    private readonly ending: Ending;

    constructor(private readonly options: ConnectionOptions) {
        this.ending = new Ending(() => options.environment.now());
    }

    get state(): State {
        return this.change.state;
    }

    get detail(): StateChange {
        return this.change;
    }

    /** Starts, or tries at once where it waits. Also comes back from `closed`. */
    connect(): void {
        if (this.state === "online" || this.state === "connecting") return;
        this.stopHints ??= this.options.environment.onHint((hint) => this.hear(hint));
        void this.open();
    }

    close(): void {
        this.attempt += 1;
        this.stopHints?.();
        this.stopHints = undefined;
        this.cancelRetry();
        const socket = this.detach();
        socket?.close(1000);
        this.rejectPending(new ChatError("closed", "The client was closed."));
        if (this.state !== "closed") this.move({ state: "closed", reason: "asked", attempt: 0 });
    }

    /** Sends without waiting for an answer; false where there is no connection. */
    post(command: Command): boolean {
        if (this.state !== "online" || !this.socket) return false;
        this.socket.send(encodeCommand(command));
        return true;
    }

    /** Sends and resolves with the answer; rejects with the server's error, `timeout` or `connection_lost`. */
    request(command: Command, timeoutMs = this.options.requestTimeoutMs): Promise<ServerFrame> {
        if (this.state !== "online") {
            return Promise.reject(new ChatError("connection_lost", "There is no connection to the server now."));
        }
        return this.ask(command, timeoutMs);
    }

    private ask(command: Command, timeoutMs: number): Promise<ServerFrame> {
        const socket = this.socket;
        return new Promise((resolve, reject) => {
            this.refs += 1;
            const ref = this.refs.toString(36);
            const cancelTimer = this.options.environment.after(timeoutMs, () => {
                this.pending.delete(ref);
                reject(new ChatError("timeout", `The server did not answer within ${Math.round(timeoutMs / 1000)} s.`));
            });
            this.pending.set(ref, { resolve, reject, cancelTimer });
            socket?.send(encodeCommand(command, ref));
        });
    }

    private async open(): Promise<void> {
        this.cancelRetry();
        this.attempt += 1;
        const attempt = this.attempt;
        const reason = this.mustRenewToken ? "expired" : "connect";
        this.mustRenewToken = false;
        const { retryInMs: _, ...rest } = this.change;
        this.move({ ...rest, state: "connecting", attempt: this.options.backoff.attempts });
        let token: string | undefined;
        try {
            token = await this.options.token(reason);
        } catch (problem) {
            if (attempt === this.attempt) {
                this.refusal = problem instanceof Error ? problem.message : String(problem);
                this.lose(ABNORMAL_CLOSE);
            }
            return;
        }
        if (attempt === this.attempt) this.attach(token);
    }

    private attach(token: string | undefined): void {
        let socket: Socket;
        try {
            socket = new this.options.WebSocket(this.options.url, SUBPROTOCOL);
        } catch (problem) {
            // The address itself is wrong, so another attempt cannot succeed.
            this.move({ state: "closed", reason: "refused", attempt: 0, message: String(problem) });
            return;
        }
        this.socket = socket;
        this.probeEndsAt = undefined;
        this.hasOpened = false;
        this.welcome = undefined;
        this.hasBarrier = false;
        this.bye = undefined;
        this.refusal = undefined;
        this.timer(OPEN_TIMEOUT_MS, () => this.giveUp());
        socket.onopen = () => {
            if (this.socket !== socket) return;
            this.hasOpened = true;
            this.signIn(token);
        };
        socket.onmessage = (event: { data: unknown }) => {
            if (this.socket === socket && typeof event.data === "string") this.read(event.data);
        };
        socket.onclose = (event: { code: number; reason?: string }) => {
            if (this.socket === socket) this.lose(event.code, event.reason);
        };
        // A close event with more to tell follows every error.
        socket.onerror = () => undefined;
    }

    /**
     * The server may greet a connection before it has read its `login`. The `ping` behind it is answered after all that
     * came before, so the greeting that counts is the last one ahead of its answer.
     */
    private signIn(token: string | undefined): void {
        const passed = (): void => {
            this.hasBarrier = true;
            this.enterIfReady();
        };
        const ignored = (): void => undefined;
        const last = this.ending.tell();
        if (token !== undefined) this.ask({ type: "login", token }, OPEN_TIMEOUT_MS).catch(ignored);
        this.ask({ type: "ping", ...(last ? { last } : {}) }, OPEN_TIMEOUT_MS).then(passed, ignored);
    }

    private read(text: string): void {
        this.heardAt = this.options.environment.now();
        const frame = decodeFrame(text);
        if (!frame) return;
        if (frame.type === "welcome") this.welcome = frame;
        if (frame.type === "bye") this.ending.see("bye");
        if (frame.type === "bye") this.bye = { retryAfterMs: Math.max(0, frame.retry_after ?? 0) };
        if (frame.type === "error" && this.state === "connecting") this.refusal = frame.message;
        const ref = "ref" in frame ? frame.ref : undefined;
        const pending = ref === undefined ? undefined : this.pending.get(ref);
        if (ref === undefined || !pending) {
            this.options.onFrame(frame);
            return;
        }
        this.pending.delete(ref);
        pending.cancelTimer();
        if (frame.type === "error") pending.reject(chatError(frame));
        else pending.resolve(frame);
    }

    private enterIfReady(): void {
        if (!this.welcome || !this.hasBarrier || this.state !== "connecting") return;
        this.clearTimers();
        this.hasRenewedToken = false;
        this.refusal = undefined;
        this.ending.forget();
        this.timer(STABLE_MS, () => this.options.backoff.reset());
        this.watch(this.welcome.heartbeat * 1000);
        this.options.onWelcome(this.welcome);
        this.move({ state: "online", reason: "welcome", attempt: 0 });
        this.options.onOnline();
    }

    /** A browser hides the server's pings from scripts, so silence is checked with a `ping` of the protocol. */
    private watch(heartbeatMs: number): void {
        if (!(heartbeatMs > 0)) return;
        const quietMs = this.options.environment.now() - this.heardAt;
        const restMs = heartbeatMs - quietMs;
        const dueAt = this.options.environment.now() + (restMs > 0 ? restMs : heartbeatMs);
        this.timer(dueAt - this.options.environment.now(), () => {
            if (this.options.environment.now() - dueAt > WAKE_MS) this.ending.see("wake");
            this.watch(heartbeatMs);
        });
        if (restMs <= 0) this.probe(PROBE_TIMEOUT_MS);
    }

    /** Anything that arrives before the deadline counts as a sign of life, not only the answer. */
    private probe(deadlineMs: number): void {
        const now = this.options.environment.now();
        const endsAt = now + deadlineMs;
        // One that ends sooner is enough, unless it should have ended: then the machine slept over it.
        const isAsked = this.probeEndsAt !== undefined && this.probeEndsAt <= endsAt && this.probeEndsAt > now;
        if (this.state !== "online" || isAsked) return;
        this.probeEndsAt = endsAt;
        const heardBefore = this.heardAt;
        this.post({ type: "ping" });
        this.timer(deadlineMs, () => {
            if (this.probeEndsAt === endsAt) this.probeEndsAt = undefined;
            if (this.heardAt !== heardBefore) return;
            this.ending.see("probe");
            this.giveUp();
        });
    }

    private hear(hint: Hint): void {
        this.ending.see(hint === "awake" ? "wake" : hint);
        if (this.state === "online") this.probe(HINT_PROBE_TIMEOUT_MS);
        else if (hint !== "offline" && (this.state === "waiting" || this.state === "offline")) void this.open();
        else if (hint === "offline" && this.state === "waiting") this.move({ ...this.change, state: "offline" });
    }

    /** The close event of a dead peer can take minutes, so the socket is left to itself. */
    private giveUp(): void {
        const socket = this.detach();
        this.ending.see("silent");
        try {
            socket?.close();
        } finally {
            this.lose(4109);
        }
    }

    private detach(): Socket | undefined {
        const socket = this.socket;
        this.socket = undefined;
        this.clearTimers();
        return socket;
    }

    private lose(code: number, closeText = ""): void {
        const wasOnline = this.state === "online";
        const bye = this.bye;
        const meaning = closeMeaning(code);
        // What is written on a Close for good is for people: the operator's words, say.
        const message = this.refusal ?? (meaning.action === "stop" && closeText !== "" ? closeText : undefined);
        if (!wasOnline) this.ending.see("opening");
        this.ending.end(this.welcome?.connection, code, closeText);
        this.detach();
        this.bye = undefined;
        this.rejectPending(new ChatError("connection_lost", "The connection to the server was lost."));
        if (wasOnline) this.options.onLost(blamesFrame(code));
        const common = {
            code,
            attempt: this.options.backoff.attempts + 1,
            ...(message === undefined ? {} : { message }),
        };
        if (meaning.action === "stop" && !this.mayRenew(meaning.reason)) {
            this.attempt += 1;
            this.stopHints?.();
            this.stopHints = undefined;
            this.move({ state: "closed", reason: meaning.reason, ...common });
            return;
        }
        const floorMs = Math.max(bye?.retryAfterMs ?? 0, meaning.action === "pause" ? PAUSE_MS : 0);
        const retryInMs = this.options.backoff.next(floorMs);
        this.cancelRetry = this.options.environment.after(retryInMs, () => void this.open());
        const state = this.options.environment.isOnline() ? "waiting" : "offline";
        const reason = bye && meaning.reason === "lost" ? "shutdown" : meaning.reason;
        this.move({ state, reason, retryInMs, ...common });
        if (!this.hasOpened && code === ABNORMAL_CLOSE) void this.heedCrowd();
    }

    /** A server that is crowded gives everybody a moment of their own, which counts more than a guess. */
    private async heedCrowd(): Promise<void> {
        const attempt = this.attempt;
        const askedMs = await this.options.environment.askRetryAfter(this.options.url);
        if (askedMs === 0 || attempt !== this.attempt || this.state !== "waiting") return;
        const retryInMs = askedMs + Math.round(this.options.environment.random() * CROWD_JITTER_MS);
        this.cancelRetry();
        this.cancelRetry = this.options.environment.after(retryInMs, () => void this.open());
        this.move({ ...this.change, retryInMs });
    }

    private mayRenew(reason: Reason): boolean {
        if (reason !== "unauthorized" || !this.options.canRenewToken || this.hasRenewedToken) return false;
        this.hasRenewedToken = true;
        this.mustRenewToken = true;
        return true;
    }

    private move(change: StateChange): void {
        this.change = change;
        this.options.onState(change);
    }

    private rejectPending(problem: ChatError): void {
        const all = [...this.pending.values()];
        this.pending.clear();
        for (const one of all) {
            one.cancelTimer();
            one.reject(problem);
        }
    }

    /** A timer that ends with the socket. */
    private timer(ms: number, callback: () => void): void {
        const cancel = this.options.environment.after(ms, () => {
            this.cancelTimers.delete(cancel);
            callback();
        });
        this.cancelTimers.add(cancel);
    }

    private clearTimers(): void {
        for (const cancel of this.cancelTimers) cancel();
        this.cancelTimers.clear();
        this.probeEndsAt = undefined;
    }
}
