// SPDX-License-Identifier: Apache-2.0
// One room as this client follows it: joins it again after each loss, and passes on its events in order and once. It
// keeps no messages; a view of the log is a fold over its events.
import type {
    Command,
    Epoch,
    GapFrame,
    HistoryFrame,
    JoinedFrame,
    MembersFrame,
    OkFrame,
    PresenceFrame,
    RoomEvent,
    ServerFrame,
    TypingFrame,
    Unread,
    User,
} from "./codec.js";
import { Emitter, type Unsubscribe } from "./emitter.js";
import type { Environment } from "./environment.js";
import { ChatError } from "./errors.js";
import type { Acknowledged, Outbox, OutboxCommand, OutboxEntry, OutboxStatus } from "./outbox.js";
import { Sequence } from "./sequence.js";
import { Subscription } from "./subscription.js";
import { type Hole, Trail } from "./trail.js";
import { type Verification, verify } from "./verify.js";

export interface JoinedEvent {
    /** The newest `seq` of the room. */
    seq: number;
    members: User[];
    count: number;
    /** True where the room goes on from what was seen before. */
    resumed: boolean;
}

/** What was seen of the room does not connect to what comes now; a view must start afresh. */
export interface ResetEvent {
    /** `epoch`: the room's log began a new life. `truncated`: more was missed than the server replays. */
    reason: "epoch" | "truncated";
}

/** Events that were skipped and not fetched; `history` may still have them. */
export interface GapEvent {
    from: number;
    to: number;
}

export interface RoomEvents {
    message: Extract<RoomEvent, { type: "message" }>;
    edited: Extract<RoomEvent, { type: "edited" }>;
    deleted: Extract<RoomEvent, { type: "deleted" }>;
    reaction: Extract<RoomEvent, { type: "reaction" }>;
    /** Each event of the log, of whatever type, in order and once. */
    event: RoomEvent;
    typing: TypingFrame;
    presence: PresenceFrame;
    joined: JoinedEvent;
    reset: ResetEvent;
    gap: GapEvent;
    /** Events that `fill` brought: they belong before others that came already. */
    filled: { events: RoomEvent[] };
    /** The server does not let this user in (any longer). */
    refused: ChatError;
    /** A message of this client was queued, sent, failed or cancelled. */
    outgoing: OutgoingMessage;
}

export interface OutgoingMessage {
    /** The `key` that the message has in the log as well. */
    readonly id: string;
    readonly room: string;
    readonly text: string;
    readonly replyTo: number | undefined;
    /** When it was written, by this machine's clock. */
    readonly at: number;
    readonly status: OutboxStatus;
    readonly error: ChatError | undefined;
    /** Its place in the log, once it has one. */
    readonly seq: number | undefined;
    readonly ack: Promise<Acknowledged>;
    /** Tries a failed message again, with the same id. */
    retry(): void;
    /** Forgets a message that is not on its way; false where it is too late. */
    cancel(): boolean;
}

export interface SubscribeOptions {
    /** The last `seq` that was seen earlier, in another life of the program. */
    since?: number;
    epoch?: Epoch;
    /** How many events to replay on a first join. */
    history?: number;
}

export interface HistoryOptions {
    before?: number;
    after?: number;
    limit?: number;
}

/** What a room needs of the client around it. */
export interface RoomHost {
    readonly environment: Environment;
    readonly outbox: Outbox;
    readonly gapLimit: number;
    isOnline(): boolean;
    /** Waits for a connection where there is none. */
    request(command: Command): Promise<ServerFrame>;
    /** On the connection of now, again after a pause where the server asks for one, as long as it is wanted. */
    requestPatiently(command: Command, isWanted?: () => boolean): Promise<ServerFrame>;
    post(command: Command): boolean;
    report(problem: unknown): void;
}

const HISTORY_LIMIT = 50;
const FILL_LIMIT = 200;
const TYPING_PAUSE_MS = 3_000;
const REJOIN_MS = 5_000;

export class Room {
    private currentName: string;
    private phase: "out" | "joining" | "in" = "out";
    private replay: number | undefined;
    private lastEpoch: Epoch | undefined;
    private lastJoined: JoinedEvent | undefined;
    private joinCount = 0;
    private typedAt = -Infinity;
    private earlyPresence: PresenceFrame[] = [];
    private readonly subscriptions = new Set<Subscription>();
    private readonly sequence: Sequence;
    private readonly emitter: Emitter<RoomEvents>;
    private readonly trail = new Trail();
    private verifying: Promise<Verification> | undefined;
    private readonly outgoing = new WeakMap<OutboxEntry, OutgoingMessage>();

    /** @internal */
    constructor(
        name: string,
        private readonly host: RoomHost,
    ) {
        this.currentName = name;
        this.emitter = new Emitter((problem) => host.report(problem));
        this.sequence = new Sequence({
            fetch: (after) => this.fetchAfter(after),
            deliver: (event) => this.deliver(event),
            skipped: (from, to) => this.emitter.emit("gap", { from, to }),
            gapLimit: host.gapLimit,
        });
    }

    /** As the server spells it, once the room was joined. */
    get name(): string {
        return this.currentName;
    }

    get isJoined(): boolean {
        return this.phase === "in";
    }

    /** The newest `seq` seen, to be kept for a later `subscribe({ since, epoch })`. */
    get seq(): number | undefined {
        return this.sequence.last;
    }

    get epoch(): Epoch | undefined {
        return this.lastEpoch;
    }

    on<Name extends keyof RoomEvents>(name: Name, listener: (event: RoomEvents[Name]) => void): Unsubscribe {
        return this.emitter.on(name, listener);
    }

    /** Follows the room until the subscription is closed, through every loss of the connection. */
    subscribe(options: SubscribeOptions = {}): Subscription {
        if (this.subscriptions.size === 0) {
            this.replay = options.history;
            this.sequence.last = options.since;
            this.lastEpoch = options.epoch;
        }
        const subscription = new Subscription((one) => this.unsubscribe(one));
        this.subscriptions.add(subscription);
        if (this.phase === "in" && this.lastJoined) subscription.enter(this.lastJoined);
        else if (this.phase === "out" && this.host.isOnline()) void this.enter();
        return subscription;
    }

    /** Follows the room and waits until it is joined. */
    join(options?: SubscribeOptions): Promise<JoinedEvent> {
        return this.subscribe(options).joined;
    }

    /** Ends all subscriptions. */
    leave(): void {
        for (const subscription of [...this.subscriptions]) subscription.close();
    }

    send(message: string | { text: string; replyTo?: number }): OutgoingMessage {
        this.typedAt = 0; // a message ends the typing before it: what is typed next is news
        const { text, replyTo } = typeof message === "string" ? { text: message, replyTo: undefined } : message;
        const reply = replyTo === undefined ? {} : { reply_to: replyTo };
        return this.shown(this.queue({ type: "send", room: this.name, text, key: this.key(), ...reply }));
    }

    edit(seq: number, change: { text: string }): Promise<Acknowledged> {
        return this.queue({ type: "edit", room: this.name, seq, text: change.text, key: this.key() }).ack;
    }

    delete(seq: number): Promise<Acknowledged> {
        return this.queue({ type: "delete", room: this.name, seq, key: this.key() }).ack;
    }

    react(seq: number, emoji: string, on = true): Promise<Acknowledged> {
        return this.queue({ type: "react", room: this.name, seq, emoji, on, key: this.key() }).ack;
    }

    /** Messages that wait to be sent or have failed, oldest first; also those of an earlier life of the page. */
    pending(): OutgoingMessage[] {
        return this.host.outbox.of(this.name).map((entry) => this.shown(entry));
    }

    /** Tells the others that somebody types here; at most once in 3 s goes out, however often it is called. */
    typing(): void {
        const now = this.host.environment.now();
        if (this.phase !== "in" || now - this.typedAt < TYPING_PAUSE_MS) return;
        if (this.host.post({ type: "typing", room: this.name })) this.typedAt = now;
    }

    /** All up to `seq` is read. What waits in the room after that; undefined where the server does not count. */
    async markRead(seq: number): Promise<Unread | undefined> {
        const frame = (await this.host.request({ type: "read", room: this.name, seq })) as OkFrame;
        const { seq: newest, read, unread, mentions } = frame;
        if (newest === undefined || read === undefined || unread === undefined || mentions === undefined) return;
        return { room: this.name, seq: newest, read, unread, mentions };
    }

    /** A page of the log, oldest first; the newest page where neither `before` nor `after` is given. */
    async history(options: HistoryOptions = {}): Promise<{ events: RoomEvent[]; more: boolean }> {
        const { limit = HISTORY_LIMIT, after } = options;
        const from = after === undefined ? { before: options.before ?? Number.MAX_SAFE_INTEGER } : { after };
        const command: Command = { type: "history", room: this.name, limit, ...from };
        const frame = (await this.host.request(command)) as HistoryFrame;
        this.trail.notePage(frame.events);
        return { events: frame.events, more: frame.more ?? false };
    }

    /**
     * Is what was seen of this room, the newest 1,000 events of it, all that there is? Costs the server a look-up and a
     * digest: for moments of rest.
     */
    verify(): Promise<Verification> {
        this.verifying ??= verify({
            trail: this.trail,
            room: () => this.name,
            isJoined: () => this.isJoined && this.sequence.isSettled,
            last: () => this.sequence.last ?? 0,
            request: (command) => this.host.requestPatiently(command, () => this.isJoined),
            wait: (ms) => new Promise((resolve) => void this.host.environment.after(ms, resolve)),
        }).finally(() => (this.verifying = undefined));
        return this.verifying;
    }

    /** Loads what `verify` found missing: as `filled`, and what is behind the last event seen as events. */
    async fill({ from, to }: Hole): Promise<void> {
        const last = this.sequence.last ?? 0;
        for (let after = from - 1; after < Math.min(to, last); ) {
            const events = (await this.fetchAfter(after)).filter(({ seq }) => seq <= to);
            const end = events[events.length - 1];
            if (!end) break;
            for (const event of events) this.trail.note(event);
            this.emitter.emit("filled", { events });
            after = end.seq;
        }
        if (to > last) this.sequence.reach(to);
    }

    async members(): Promise<{ members: User[]; count: number; truncated: boolean }> {
        const frame = (await this.host.request({ type: "who", room: this.name })) as MembersFrame;
        return { members: frame.members, count: frame.count, truncated: frame.truncated ?? false };
    }

    /** @internal a connection is there */
    connected(): void {
        this.phase = "out";
        if (this.subscriptions.size > 0) void this.enter();
    }

    /** @internal the connection is gone */
    disconnected(): void {
        this.phase = "out";
        this.joinCount += 1;
        this.sequence.hold();
    }

    /** @internal the client is closed for good */
    ended(problem: ChatError): void {
        this.disconnected();
        for (const subscription of this.subscriptions) subscription.end(problem);
        this.subscriptions.clear();
    }

    /** @internal */
    receive(frame: RoomEvent | PresenceFrame | TypingFrame | GapFrame): void {
        if (this.phase === "out") return;
        // Frames that arrive in one piece are read before the promise of the first has told anybody of the join.
        if (frame.type === "presence" && this.phase === "joining") this.earlyPresence.push(frame);
        else if (frame.type === "presence") this.emitter.emit("presence", frame);
        else if (frame.type === "typing") this.emitter.emit("typing", frame);
        else if (frame.type === "gap") this.sequence.reach(frame.to);
        else this.sequence.take(frame);
    }

    /** @internal */
    changed(entry: OutboxEntry): void {
        if (entry.command.type === "send") this.emitter.emit("outgoing", this.shown(entry));
    }

    private async enter(): Promise<void> {
        this.phase = "joining";
        this.joinCount += 1;
        this.earlyPresence = [];
        const turn = this.joinCount;
        this.sequence.hold();
        const after = this.sequence.last;
        const resume =
            after === undefined ? {} : { after, ...(this.lastEpoch === undefined ? {} : { epoch: this.lastEpoch }) };
        const replay = after === undefined && this.replay !== undefined ? { history: this.replay } : {};
        try {
            const command: Command = { type: "join", room: this.name, ...resume, ...replay };
            const frame = (await this.host.requestPatiently(command)) as JoinedFrame;
            if (turn === this.joinCount) this.entered(frame, after);
        } catch (problem) {
            if (turn === this.joinCount) this.notEntered(problem, turn);
        }
    }

    private entered(frame: JoinedFrame, after: number | undefined): void {
        const wasRenamed = frame.room !== this.currentName;
        if (wasRenamed) this.host.outbox.rename(this.currentName, frame.room);
        this.currentName = frame.room;
        this.phase = "in";
        const isOtherLife = after !== undefined && this.lastEpoch !== undefined && this.lastEpoch !== frame.epoch;
        const isAfresh = isOtherLife || (after !== undefined && frame.truncated === true);
        this.lastEpoch = frame.epoch;
        if (isAfresh) this.trail.forget();
        if (isAfresh) this.emitter.emit("reset", { reason: isOtherLife ? "epoch" : "truncated" });
        const { seq, members, count } = frame;
        this.lastJoined = { seq, members, count, resumed: after !== undefined && !isAfresh };
        this.emitter.emit("joined", this.lastJoined);
        for (const presence of this.earlyPresence.splice(0)) this.emitter.emit("presence", presence);
        const first = frame.events[0]?.seq ?? seq + 1;
        this.sequence.start(after === undefined || isAfresh ? first - 1 : after, frame.events, seq);
        for (const subscription of this.subscriptions) subscription.enter(this.lastJoined);
        this.host.outbox.flush();
    }

    private notEntered(problem: unknown, turn: number): void {
        this.phase = "out";
        if (!(problem instanceof ChatError) || problem.code === "connection_lost" || problem.code === "closed") return;
        if (problem.retryable) {
            this.host.environment.after(problem.retryAfterMs ?? REJOIN_MS, () => {
                if (turn === this.joinCount && this.subscriptions.size > 0 && this.host.isOnline()) void this.enter();
            });
            return;
        }
        this.emitter.emit("refused", problem);
        for (const subscription of this.subscriptions) subscription.end(problem);
        this.subscriptions.clear();
    }

    private unsubscribe(subscription: Subscription): void {
        this.subscriptions.delete(subscription);
        if (this.subscriptions.size > 0 || this.phase === "out") return;
        this.disconnected();
        const turn = this.joinCount;
        const isWanted = (): boolean => turn === this.joinCount;
        this.host.requestPatiently({ type: "leave", room: this.name }, isWanted).catch(() => undefined);
    }

    private async fetchAfter(after: number): Promise<RoomEvent[]> {
        const command: Command = { type: "history", room: this.name, after, limit: FILL_LIMIT };
        return ((await this.host.requestPatiently(command)) as HistoryFrame).events;
    }

    private deliver(event: RoomEvent): void {
        this.trail.note(event);
        if (event.type === "message") {
            const { room, key, seq, at, user } = event;
            this.host.outbox.confirm({ room, key, seq, at }, user.id);
        }
        this.emitter.emit("event", event);
        for (const subscription of this.subscriptions) subscription.give(event);
        switch (event.type) {
            case "message":
                return this.emitter.emit("message", event);
            case "edited":
                return this.emitter.emit("edited", event);
            case "deleted":
                return this.emitter.emit("deleted", event);
            case "reaction":
                return this.emitter.emit("reaction", event);
        }
    }

    private key(): string {
        return this.host.environment.drawKey();
    }

    private queue(command: OutboxCommand): OutboxEntry {
        return this.host.outbox.add(command);
    }

    /** The same object for the same entry, so that a view can compare. */
    private shown(entry: OutboxEntry): OutgoingMessage {
        let shown = this.outgoing.get(entry);
        if (!shown) this.outgoing.set(entry, (shown = outgoingMessage(entry, this.host.outbox)));
        return shown;
    }
}

function outgoingMessage(entry: OutboxEntry, outbox: Outbox): OutgoingMessage {
    const { command } = entry;
    return {
        id: command.key,
        text: "text" in command ? command.text : "",
        replyTo: command.type === "send" ? command.reply_to : undefined,
        at: entry.at,
        get room() {
            return command.room;
        },
        get status() {
            return entry.status;
        },
        get error() {
            return entry.error;
        },
        get seq() {
            return entry.acknowledged?.seq;
        },
        get ack() {
            return entry.ack;
        },
        retry: () => outbox.retry(entry),
        cancel: () => outbox.cancel(entry),
    };
}
