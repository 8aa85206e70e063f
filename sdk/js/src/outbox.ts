// SPDX-License-Identifier: Apache-2.0
// What was asked for and is not yet acknowledged: in order, bounded, kept in the storage, and repeated with the same
// `key` on every new connection, so that nothing is lost and nothing happens twice.
//
// One command per room is under way at a time. A second one in flight could be accepted while the first is told to
// come back later, and then the two would have changed places.
import type { ErrorCode } from "./codes.js";
import { type AckFrame, type Command, textBytes, wellFormed } from "./codec.js";
import type { Environment, KeyValue } from "./environment.js";
import { ChatError } from "./errors.js";

export type OutboxCommand = Extract<Command, { key: string }>;
export type OutboxStatus = "pending" | "sent" | "failed" | "cancelled";

export interface OutboxOptions {
    environment: Environment;
    storage: KeyValue | undefined;
    countMax: number;
    ttlMs: number;
    sendTimeoutMs: number;
    /** Whether the server would take a command for this room now. */
    canSend(room: string): boolean;
    request(command: Command, timeoutMs: number): Promise<unknown>;
    textBytesMax(): number | undefined;
    userId(): string | undefined;
    onChange(entry: OutboxEntry): void;
    report(problem: unknown): void;
}

const STORAGE_PREFIX = "natter.outbox.";
const HOLD_DEFAULT_MS = 1_000;

/** An ack, or what stands for it when the event itself came first. */
export type Acknowledged = Pick<AckFrame, "room" | "key" | "seq" | "at"> & { duplicate?: boolean };

export class OutboxEntry {
    status: OutboxStatus = "pending";
    error: ChatError | undefined;
    acknowledged: Acknowledged | undefined;
    /** @internal under way on the connection of now */
    isInFlight = false;
    /** @internal */
    cancelExpiry: () => void = () => undefined;
    private settle!: { resolve(ack: Acknowledged): void; reject(problem: ChatError): void };
    private promise!: Promise<Acknowledged>;

    constructor(
        readonly command: OutboxCommand,
        /** When it was asked for, by this machine's clock. */
        readonly at: number,
        /** Who asked for it; unknown before the first `welcome`. */
        public userId: string | undefined,
    ) {
        this.renew();
    }

    get ack(): Promise<Acknowledged> {
        return this.promise;
    }

    /** @internal a new promise, for a new attempt after a failure */
    renew(): void {
        this.promise = new Promise((resolve, reject) => (this.settle = { resolve, reject }));
        // A caller who only looks at `status` must not be punished with an unhandled rejection.
        this.promise.catch(() => undefined);
    }

    /** @internal */
    resolve(ack: Acknowledged): void {
        this.status = "sent";
        this.error = undefined;
        this.acknowledged = ack;
        this.settle.resolve(ack);
    }

    /** @internal */
    reject(status: "failed" | "cancelled", problem: ChatError): void {
        this.status = status;
        this.error = problem;
        this.settle.reject(problem);
    }
}

interface Stored {
    command: OutboxCommand;
    at: number;
    userId?: string;
    failed?: ErrorCode;
    message?: string;
}

export class Outbox {
    /** Pending and failed entries of all rooms, oldest first. */
    private entries: OutboxEntry[] = [];
    /** Rooms whose queue waits for a time that the server named; each with the call that ends the wait. */
    private readonly held = new Map<string, () => void>();
    private isClosed = false;

    constructor(private readonly options: OutboxOptions) {
        this.restore();
    }

    of(room: string): OutboxEntry[] {
        return this.entries.filter((entry) => entry.command.room === room && entry.command.type === "send");
    }

    add(command: OutboxCommand): OutboxEntry {
        const clean = "text" in command ? { ...command, text: wellFormed(command.text) } : command;
        const entry = new OutboxEntry(clean, this.options.environment.now(), this.options.userId());
        const waiting = this.entries.filter((one) => one.status === "pending").length;
        if (this.isClosed) {
            entry.reject("failed", new ChatError("closed", "The client was closed."));
            return entry;
        }
        this.entries.push(entry);
        if (waiting >= this.options.countMax) {
            this.fail(entry, new ChatError("queue_full", "Too many messages are waiting to be sent; try again later."));
            return entry;
        }
        this.startExpiry(entry);
        this.store(entry);
        this.options.onChange(entry);
        this.flush();
        return entry;
    }

    retry(entry: OutboxEntry): void {
        if (entry.status !== "failed" || this.isClosed) return;
        entry.status = "pending";
        entry.error = undefined;
        entry.userId = this.options.userId();
        entry.renew();
        // To the end: what was written meanwhile may already be in the log.
        this.entries = [...this.entries.filter((one) => one !== entry), entry];
        this.startExpiry(entry);
        this.store(entry);
        this.options.onChange(entry);
        this.flush();
    }

    /** False where it is too late: it may be on its way, or is there already. */
    cancel(entry: OutboxEntry): boolean {
        if (entry.isInFlight || entry.status === "sent" || entry.status === "cancelled") return false;
        this.remove(entry);
        entry.reject("cancelled", new ChatError("cancelled", "The message was cancelled before it was sent."));
        this.options.onChange(entry);
        return true;
    }

    /** Sends what can be sent now. */
    flush(): void {
        const seen = new Set<string>();
        for (const entry of [...this.entries]) {
            const room = entry.command.room;
            if (entry.status !== "pending" || seen.has(room)) continue;
            seen.add(room);
            if (!entry.isInFlight && !this.held.has(room) && this.options.canSend(room)) void this.transmit(entry);
        }
    }

    /** An event of the log with this key was seen, so the command has succeeded, whatever became of its ack. */
    confirm(ack: Acknowledged, userId: string): void {
        if (userId !== this.options.userId()) return;
        const entry = this.entries.find((one) => one.command.key === ack.key && one.command.room === ack.room);
        if (entry) this.succeed(entry, ack);
    }

    /** The connection is gone. `blamedFrame`: it was closed for what was under way, which must not be tried again. */
    lost(blamedFrame: boolean): void {
        for (const cancel of this.held.values()) cancel();
        this.held.clear();
        for (const entry of this.entries.filter((one) => one.isInFlight)) {
            entry.isInFlight = false;
            if (blamedFrame) this.fail(entry, new ChatError("bad_request", "The server did not accept this message."));
        }
    }

    /** What somebody else wrote on this machine must not go out under another name without being asked for. */
    signedIn(userId: string): void {
        for (const entry of this.entries) {
            if (entry.userId === undefined) {
                entry.userId = userId;
            } else if (entry.userId !== userId && entry.status === "pending") {
                this.fail(
                    entry,
                    new ChatError("unauthorized", "You are signed in as somebody else now; send it again?"),
                );
            }
        }
    }

    /** The room is known by another spelling now. */
    rename(from: string, to: string): void {
        for (const entry of this.entries) {
            if (entry.command.room === from) (entry.command as { room: string }).room = to;
        }
    }

    close(): void {
        this.isClosed = true;
        for (const cancel of this.held.values()) cancel();
        for (const entry of this.entries) {
            entry.cancelExpiry();
            if (entry.status === "pending") entry.reject("failed", new ChatError("closed", "The client was closed."));
        }
        this.entries = [];
    }

    private async transmit(entry: OutboxEntry): Promise<void> {
        const { command } = entry;
        const bytesMax = this.options.textBytesMax();
        if ("text" in command && bytesMax !== undefined && textBytes(command.text) > bytesMax) {
            this.fail(
                entry,
                new ChatError("too_large", `The message is longer than ${bytesMax} bytes; make it shorter.`),
            );
            this.flush();
            return;
        }
        entry.isInFlight = true;
        try {
            const ack = (await this.options.request(command, this.options.sendTimeoutMs)) as Acknowledged;
            entry.isInFlight = false;
            this.succeed(entry, ack);
        } catch (problem) {
            entry.isInFlight = false;
            this.refused(entry, problem instanceof ChatError ? problem : new ChatError("internal", String(problem)));
        }
        this.flush();
    }

    private refused(entry: OutboxEntry, problem: ChatError): void {
        // Lost with the connection: `lost` has decided, and the next connection tries again.
        if (entry.status !== "pending" || problem.code === "connection_lost" || problem.code === "closed") return;
        if (problem.code === "rate_limited" || problem.code === "busy") {
            const room = entry.command.room;
            const cancel = this.options.environment.after(problem.retryAfterMs ?? HOLD_DEFAULT_MS, () => {
                this.held.delete(room);
                this.flush();
            });
            this.held.set(room, cancel);
            return;
        }
        this.fail(entry, problem);
    }

    private succeed(entry: OutboxEntry, ack: Acknowledged): void {
        if (entry.status === "sent") return;
        this.remove(entry);
        // A late ack, after the promise was rejected by a timeout, still makes the entry sent.
        if (entry.status === "failed") entry.renew();
        entry.resolve(ack);
        this.options.onChange(entry);
        if (!entry.isInFlight) this.flush();
    }

    private fail(entry: OutboxEntry, problem: ChatError): void {
        entry.cancelExpiry();
        entry.reject("failed", problem);
        // Only a message is worth keeping for another try by hand; a failed reaction is simply not there.
        if (entry.command.type === "send") this.store(entry);
        else this.remove(entry);
        this.options.onChange(entry);
    }

    private remove(entry: OutboxEntry): void {
        entry.cancelExpiry();
        this.entries = this.entries.filter((one) => one !== entry);
        this.guard((storage) => storage.removeItem(STORAGE_PREFIX + entry.command.key));
    }

    private startExpiry(entry: OutboxEntry): void {
        entry.cancelExpiry();
        entry.cancelExpiry = this.options.environment.after(this.options.ttlMs, () => {
            if (entry.status !== "pending") return;
            this.fail(entry, new ChatError("expired", "The message could not be sent for too long; try again."));
        });
    }

    private store(entry: OutboxEntry): void {
        const stored: Stored = { command: entry.command, at: entry.at };
        if (entry.userId !== undefined) stored.userId = entry.userId;
        if (entry.error) Object.assign(stored, { failed: entry.error.code, message: entry.error.message });
        this.guard((storage) => storage.setItem(STORAGE_PREFIX + entry.command.key, JSON.stringify(stored)));
    }

    private restore(): void {
        this.guard((storage) => {
            const keys = Array.from({ length: storage.length }, (_, index) => storage.key(index));
            const found = keys.filter((key): key is string => key !== null && key.startsWith(STORAGE_PREFIX));
            for (const key of found) this.restoreOne(storage, key);
            this.entries.sort((a, b) => a.at - b.at);
        });
    }

    private restoreOne(storage: KeyValue, key: string): void {
        try {
            const stored = JSON.parse(storage.getItem(key) ?? "") as Stored;
            const { command, at } = stored;
            if (typeof command.room !== "string" || typeof command.key !== "string") throw new Error("not an entry");
            const entry = new OutboxEntry(command, at, stored.userId);
            if (stored.failed) entry.reject("failed", new ChatError(stored.failed, stored.message ?? ""));
            else this.startExpiry(entry);
            this.entries.push(entry);
        } catch {
            storage.removeItem(key);
        }
    }

    /** Storage can be full, forbidden or gone; then the outbox lives in memory only. */
    private guard(use: (storage: KeyValue) => void): void {
        if (!this.options.storage) return;
        try {
            use(this.options.storage);
        } catch (problem) {
            this.options.report(problem);
        }
    }
}
