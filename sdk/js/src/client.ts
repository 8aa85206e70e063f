// SPDX-License-Identifier: Apache-2.0
// The client: puts the connection, the outbox and the rooms together, and is what a program holds.
import { Backoff, type BackoffOptions } from "./backoff.js";
import { type Command, isRoomEvent, type Limits, type OkFrame, type RoomInfo, type RoomsFrame } from "./codec.js";
import type { DirectFrame, DirectRoom, MineFrame, MyRoom, ServerFrame, Unread, User, WelcomeFrame } from "./codec.js";
import { chatError, Connection, type State, type StateChange } from "./connection.js";
import { Emitter, type Unsubscribe } from "./emitter.js";
import { defaultEnvironment, type Environment, type KeyValue, type SocketClass } from "./environment.js";
import { ChatError } from "./errors.js";
import { Outbox } from "./outbox.js";
import { Room, type RoomHost } from "./room.js";

export interface ClientOptions {
    /** `ws://` or `wss://`, and the path of the server's socket. */
    url: string;
    /** Who this is: a token, or a call that fetches one. Without it, and without a stored one, a new guest. */
    token?: string | ((request: { reason: "connect" | "expired" }) => Promise<string>);
    /** `cookie`: the browser's cookie says who this is; no token is sent or stored. */
    identity?: "token" | "cookie";
    /** Keeps a guest's token and the unsent messages over a restart; `localStorage` fits. */
    storage?: KeyValue;
    /** Ceilings of the waiting time between attempts, in ms. */
    backoff?: Partial<BackoffOptions>;
    /** How long a message may stay without an answer, in ms, before it counts as failed. */
    sendTimeout?: number;
    requestTimeout?: number;
    /** How many messages may wait, and for how many ms. */
    queue?: { max?: number; ttl?: number };
    /** Missed events are fetched up to this many; beyond that a `gap` tells of them. */
    gapLimit?: number;
    /** Where there is no global one (Node before 22). */
    WebSocket?: SocketClass;
    /** False: wait for `connect()`. */
    autoConnect?: boolean;
    /** Told of problems that have no other way out, such as a listener that throws. */
    logger?: (message: string, problem: unknown) => void;
    /** @internal for tests */
    environment?: Environment;
}

export interface ClientEvents {
    state: StateChange;
    /** A connection is there; with each one. */
    welcome: WelcomeFrame;
    /** The own id or name is another one now. */
    user: User;
    /** What another connection of this user has read, or a room that it has joined for the first time. */
    unread: Unread;
    /** Another connection of this user has left this room. */
    left: { room: string };
    /** Somebody writes in a direct room that this user does not belong to yet, or no longer: join it. */
    direct: DirectRoom;
    /** An error that belongs to no command. */
    error: ChatError;
}

const TOKEN_KEY = "natter.token";
const PATIENCE_TRIES = 10;
const PAUSE_DEFAULT_MS = 1_000;
const REQUEST_TIMEOUT_MS = 10_000;
const DEFAULT_BACKOFF: BackoffOptions = { min: 500, max: 20_000 };

export class Client {
    private readonly connection: Connection;
    private readonly environment: Environment;
    private readonly emitter: Emitter<ClientEvents>;
    private readonly outbox: Outbox;
    private readonly rooms_ = new Map<string, Room>();
    private readonly host: RoomHost;
    private isOver = false;
    /** The same guest again on each new connection, storage or not. */
    private guestToken: string | undefined;
    private me: User | undefined;
    private welcome: WelcomeFrame | undefined;

    /** @internal use `createClient` */
    constructor(private readonly options: ClientOptions) {
        this.environment = options.environment ?? defaultEnvironment();
        this.emitter = new Emitter((problem) => this.report(problem));
        this.connection = this.makeConnection();
        this.outbox = this.makeOutbox();
        this.host = {
            environment: this.environment,
            outbox: this.outbox,
            gapLimit: options.gapLimit ?? 1_000,
            isOnline: () => this.connection.state === "online",
            request: (command) => this.request(command),
            requestPatiently: (command, isWanted) => this.requestPatiently(command, isWanted),
            post: (command) => this.connection.post(command),
            report: (problem) => this.report(problem),
        };
    }

    get state(): State {
        return this.connection.state;
    }

    /** The state with its reason, and when the next attempt comes. */
    get detail(): StateChange {
        return this.connection.detail;
    }

    /** Who this client is; undefined before the first `welcome`. */
    get user(): User | undefined {
        return this.me;
    }

    get limits(): Limits {
        return this.welcome?.limits ?? {};
    }

    on<Name extends keyof ClientEvents>(name: Name, listener: (event: ClientEvents[Name]) => void): Unsubscribe {
        return this.emitter.on(name, listener);
    }

    /** Connects, or tries now where it waits for its next attempt. Also comes back after the server ended it. */
    connect(): void {
        if (!this.isOver) this.connection.connect();
    }

    /** Resolves when the client is online; rejects when it is closed, or when the signal aborts. */
    ready(options: { signal?: AbortSignal } = {}): Promise<User> {
        const { signal } = options;
        if (this.state === "online" && this.me) return Promise.resolve(this.me);
        if (this.state === "closed") return Promise.reject(this.closedError());
        return new Promise((resolve, reject) => {
            const settle = (act: () => void): void => {
                off();
                signal?.removeEventListener("abort", abort);
                act();
            };
            const abort = (): void => settle(() => reject(new ChatError("cancelled", "Waiting was cancelled.")));
            const off = this.on("state", ({ state }) => {
                const user = this.me;
                if (state === "closed") settle(() => reject(this.closedError()));
                else if (state === "online" && user) settle(() => resolve(user));
            });
            signal?.addEventListener("abort", abort);
            if (signal?.aborted) abort();
        });
    }

    /** The room of this name; the same object for the same name. */
    room(name: string): Room {
        const folded = name.normalize("NFKC").toLowerCase();
        for (const room of this.rooms_.values()) if (room.name === folded) return room;
        let room = this.rooms_.get(folded);
        if (!room) this.rooms_.set(folded, (room = new Room(folded, this.host)));
        return room;
    }

    /** The rooms that there are, with their newest `seq` and how many are in them. */
    async rooms(): Promise<RoomInfo[]> {
        return ((await this.request({ type: "rooms" })) as RoomsFrame).rooms;
    }

    /** The rooms that this user belongs to, on whatever device, and what waits there. */
    async mine(): Promise<MyRoom[]> {
        return ((await this.request({ type: "mine" })) as MineFrame).rooms;
    }

    /** The room of this user and those with these ids, made on first need; join it with `chat.room(room)`. */
    async direct(userIds: readonly string[]): Promise<DirectRoom> {
        const { room, users } = (await this.request({ type: "direct", users: [...userIds] })) as DirectFrame;
        return { room, users };
    }

    /** Rejects with `conflict` where the name is taken, with `bad_request` where it is not allowed. */
    async setName(name: string): Promise<User> {
        const frame = (await this.request({ type: "name", name })) as OkFrame;
        const user = frame.user ?? { id: this.me?.id ?? "", name };
        this.setUser(user);
        return user;
    }

    /** Ends for good: the connection, everything that waits, and the rooms' subscriptions. */
    close(): void {
        this.isOver = true;
        this.connection.close();
        this.outbox.close();
        for (const room of this.rooms_.values()) room.ended(this.closedError());
    }

    private makeConnection(): Connection {
        const { options } = this;
        const WebSocketClass = options.WebSocket ?? (globalThis as { WebSocket?: SocketClass }).WebSocket;
        if (!WebSocketClass) throw new Error("There is no WebSocket here; pass one as the option `WebSocket`.");
        return new Connection({
            url: options.url,
            WebSocket: WebSocketClass,
            environment: this.environment,
            backoff: new Backoff({ ...DEFAULT_BACKOFF, ...options.backoff }, () => this.environment.random()),
            token: (reason) => this.token(reason),
            canRenewToken: typeof options.token === "function",
            requestTimeoutMs: options.requestTimeout ?? REQUEST_TIMEOUT_MS,
            onState: (change) => this.emitter.emit("state", change),
            onWelcome: (welcome) => this.greeted(welcome),
            onOnline: () => this.online(),
            onLost: (blamedFrame) => this.lost(blamedFrame),
            onFrame: (frame) => this.receive(frame),
        });
    }

    private makeOutbox(): Outbox {
        const { options } = this;
        return new Outbox({
            environment: this.environment,
            storage: options.storage,
            countMax: options.queue?.max ?? 100,
            ttlMs: options.queue?.ttl ?? 300_000,
            sendTimeoutMs: options.sendTimeout ?? REQUEST_TIMEOUT_MS,
            canSend: (room) => this.connection.state === "online" && this.room(room).isJoined,
            request: (command, timeoutMs) => this.connection.request(command, timeoutMs),
            textBytesMax: () => this.limits.text_bytes,
            userId: () => this.me?.id,
            onChange: (entry) => this.room(entry.command.room).changed(entry),
            report: (problem) => this.report(problem),
        });
    }

    private async token(reason: "connect" | "expired"): Promise<string | undefined> {
        const { token, identity, storage } = this.options;
        if (identity === "cookie") return undefined;
        if (typeof token === "function") return token({ reason });
        if (token !== undefined) return token;
        if (this.guestToken !== undefined) return this.guestToken;
        try {
            return storage?.getItem(TOKEN_KEY) ?? undefined;
        } catch (problem) {
            this.report(problem);
            return undefined;
        }
    }

    private greeted(welcome: WelcomeFrame): void {
        this.welcome = welcome;
        this.setUser(welcome.user);
        const { identity, storage, token } = this.options;
        if (identity === "cookie" || token !== undefined || welcome.token === undefined) return;
        this.guestToken = welcome.token;
        try {
            storage?.setItem(TOKEN_KEY, welcome.token);
        } catch (problem) {
            this.report(problem);
        }
    }

    private online(): void {
        if (!this.welcome) return;
        this.outbox.signedIn(this.welcome.user.id);
        this.emitter.emit("welcome", this.welcome);
        for (const room of this.rooms_.values()) room.connected();
    }

    private lost(blamedFrame: boolean): void {
        this.outbox.lost(blamedFrame);
        for (const room of this.rooms_.values()) room.disconnected();
    }

    private receive(frame: ServerFrame): void {
        if (frame.type === "error") {
            this.emitter.emit("error", chatError(frame));
        } else if (frame.type === "unread") {
            const { room, seq, read, unread, mentions } = frame;
            this.emitter.emit("unread", { room, seq, read, unread, mentions });
        } else if (frame.type === "left") {
            this.emitter.emit("left", { room: frame.room });
        } else if (frame.type === "direct") {
            this.emitter.emit("direct", { room: frame.room, users: frame.users });
        } else if (frame.type === "presence" || frame.type === "typing" || frame.type === "gap" || isRoomEvent(frame)) {
            for (const room of this.rooms_.values()) if (room.name === frame.room) room.receive(frame);
            if (frame.type === "presence") this.noticeOwnName(frame.joined);
        }
    }

    /** The name can be changed on another connection of the same user. */
    private noticeOwnName(users: readonly User[]): void {
        const found = users.find((user) => user.id === this.me?.id);
        if (found) this.setUser(found);
    }

    private setUser(user: User): void {
        const hasChanged = user.id !== this.me?.id || user.name !== this.me.name;
        this.me = user;
        if (hasChanged) this.emitter.emit("user", user);
    }

    private async request(command: Command): Promise<ServerFrame> {
        if (this.state !== "online") await this.readyWithin(this.options.requestTimeout ?? REQUEST_TIMEOUT_MS);
        return this.connection.request(command);
    }

    private async requestPatiently(command: Command, isWanted = (): boolean => true): Promise<ServerFrame> {
        for (let tries = 1; ; tries += 1) {
            try {
                return await this.connection.request(command);
            } catch (problem) {
                const mayWait =
                    problem instanceof ChatError && (problem.code === "rate_limited" || problem.code === "busy");
                if (!mayWait || tries >= PATIENCE_TRIES) throw problem;
                const pauseMs = problem.retryAfterMs ?? PAUSE_DEFAULT_MS;
                await new Promise<void>((resolve) => this.environment.after(pauseMs, resolve));
                if (!isWanted()) throw problem;
            }
        }
    }

    private async readyWithin(ms: number): Promise<void> {
        const abort = new AbortController();
        const cancel = this.environment.after(ms, () => abort.abort());
        try {
            await this.ready({ signal: abort.signal });
        } catch (problem) {
            if (!abort.signal.aborted) throw problem;
            throw new ChatError("connection_lost", "There is no connection to the server now.");
        } finally {
            cancel();
        }
    }

    private closedError(): ChatError {
        const { reason, message } = this.connection.detail;
        const code = reason === "unauthorized" ? "unauthorized" : reason === "removed" ? "forbidden" : "closed";
        return new ChatError(code, message ?? "The client is closed.");
    }

    private report(problem: unknown): void {
        const log = this.options.logger ?? ((message: string, cause: unknown) => console.error(message, cause));
        log("natter-client:", problem);
    }
}

export function createClient(options: ClientOptions): Client {
    const client = new Client(options);
    if (options.autoConnect !== false) client.connect();
    return client;
}
