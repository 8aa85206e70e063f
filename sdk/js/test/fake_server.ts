// SPDX-License-Identifier: Apache-2.0
// A small server of natter.v1 in memory, for tests and for working on the page. It keeps rooms, keys and presence as
// the protocol says, and does on purpose what a real server does only on a bad day: see `intercept`, `breakAll` and
// `publish`.
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";

export type Fields = Record<string, unknown> & { type: string };

interface FakeUser {
    id: string;
    name: string;
}

interface FakeRoom {
    name: string;
    epoch: string;
    log: Fields[];
    /** How many of the oldest events are no longer there. */
    forgotten: number;
}

export interface FakeConnection {
    socket: WebSocket;
    user: FakeUser;
    rooms: Set<string>;
    /** Each frame that came, oldest first. */
    received: Fields[];
}

/** `pass` lets the server act; `drop` swallows the command; a frame is sent instead of acting. */
export type Verdict = "pass" | "drop" | Fields;

export interface FakeOptions {
    heartbeat?: number;
    replayMax?: number;
    /** Who a browser's cookie says that this is. */
    cookie?: boolean;
}

const MEMBERS_MAX = 100;
const NAMES = ["Calm Heron", "Quiet Otter", "Bright Finch", "Gentle Lynx", "Merry Wren", "Swift Hare"];
const LIMITS = {
    text_bytes: 8_192,
    frame_bytes: 65_536,
    history_events: 200,
    name_characters: 32,
    room_characters: 64,
};

export class FakeServer {
    readonly connections = new Set<FakeConnection>();
    /** All frames of all connections, in the order of their arrival. */
    readonly received: Fields[] = [];
    readonly rooms = new Map<string, FakeRoom>();
    intercept: (frame: Fields, connection: FakeConnection) => Verdict = () => "pass";
    /** Connection attempts are cut off. */
    isUnreachable = false;
    acceptsToken: (token: string) => boolean = (token) => token.startsWith("token-");
    private readonly users = new Map<string, FakeUser>();
    private readonly sockets = new WebSocketServer({ noServer: true, handleProtocols: () => "natter.v1" });
    private http: Server | undefined;
    private guests = 0;

    constructor(private readonly options: FakeOptions = {}) {
        this.sockets.on("headers", (headers, request: IncomingMessage & { newCookie?: string }) => {
            if (request.newCookie)
                headers.push(`Set-Cookie: natter=${request.newCookie}; HttpOnly; SameSite=Lax; Path=/`);
        });
    }

    static async start(options: FakeOptions = {}): Promise<FakeServer> {
        const server = new FakeServer(options);
        await server.listen(0);
        return server;
    }

    get port(): number {
        return (this.http?.address() as AddressInfo).port;
    }

    get url(): string {
        return `ws://127.0.0.1:${this.port}/ws`;
    }

    async listen(port: number): Promise<void> {
        const http = createServer();
        this.http = http;
        this.attach(http);
        await new Promise<void>((resolve) => http.listen(port, "127.0.0.1", resolve));
    }

    /** Answers the upgrades of another HTTP server. */
    attach(http: Server): void {
        http.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) =>
            this.upgrade(request, socket, head),
        );
    }

    /** Cuts all connections and stops listening; `listen` with the same port brings it back. */
    async stop(): Promise<void> {
        for (const connection of this.connections) connection.socket.terminate();
        const http = this.http;
        if (http) await new Promise<void>((resolve) => http.close(() => resolve()));
    }

    closeAll(code: number, bye?: Fields): void {
        for (const { socket } of this.connections) {
            if (bye) socket.send(JSON.stringify(bye));
            socket.close(code);
        }
    }

    /** Ends the connections without a close frame, as a cut cable does when it is noticed. */
    breakAll(): void {
        for (const { socket } of this.connections) socket.terminate();
    }

    room(name: string): FakeRoom {
        let room = this.rooms.get(name);
        if (!room) this.rooms.set(name, (room = { name, epoch: "1", log: [], forgotten: 0 }));
        return room;
    }

    user(name: string): FakeUser {
        const id = `u-${name.toLowerCase().replace(/\s+/g, "-")}`;
        let user = this.users.get(id);
        if (!user) this.users.set(id, (user = { id, name }));
        return user;
    }

    /** Puts an event into the log and, unless it is to be missed, before everybody in the room. */
    publish(roomName: string, user: FakeUser, fields: Fields, isMissed = false, at = Date.now()): Fields {
        const room = this.room(roomName);
        const named = [...this.users.values()].filter(({ name }) => String(fields.text ?? "").includes(`@${name}`));
        const mentions = named.length > 0 ? { mentions: named.map(({ id }) => id) } : {};
        const event = { room: roomName, seq: room.log.length + 1, at, user: { ...user }, ...mentions, ...fields };
        room.log.push(event);
        if (!isMissed) this.tell(roomName, event);
        return event;
    }

    say(roomName: string, user: FakeUser, text: string, isMissed = false): Fields {
        const key = `k-${this.room(roomName).log.length + 1}`;
        return this.publish(roomName, user, { type: "message", text, key }, isMissed);
    }

    tell(room: string, frame: Fields): void {
        for (const connection of this.connections) {
            if (connection.rooms.has(room)) connection.socket.send(JSON.stringify(frame));
        }
    }

    private upgrade(request: IncomingMessage & { newCookie?: string }, socket: Duplex, head: Buffer): void {
        if (this.isUnreachable) {
            socket.destroy();
            return;
        }
        const cookie = /(?:^|; )natter=([^;]+)/.exec(request.headers.cookie ?? "")?.[1];
        const known = this.options.cookie && cookie ? this.users.get(cookie) : undefined;
        const user = known ?? this.guest();
        if (this.options.cookie && !known) request.newCookie = user.id;
        this.sockets.handleUpgrade(request, socket, head, (webSocket) => this.accept(webSocket, user));
    }

    private guest(): FakeUser {
        this.guests += 1;
        const drawn = NAMES[(this.guests - 1) % NAMES.length] as string;
        return this.user(this.guests > NAMES.length ? `${drawn} ${this.guests}` : drawn);
    }

    private accept(socket: WebSocket, user: FakeUser): void {
        const connection: FakeConnection = { socket, user, rooms: new Set(), received: [] };
        this.connections.add(connection);
        socket.on("message", (data) => this.read(connection, String(data)));
        socket.on("close", () => {
            this.connections.delete(connection);
            for (const room of connection.rooms) this.left(room, connection.user);
        });
        this.welcome(connection);
    }

    private welcome(connection: FakeConnection, ref?: unknown): void {
        const { user } = connection;
        const frame = { type: "welcome", ref, protocol: "natter.v1", server: "fake", connection: "c1", user };
        this.send(connection, {
            ...frame,
            token: `token-${user.id}`,
            heartbeat: this.options.heartbeat ?? 25,
            limits: LIMITS,
        });
    }

    private send(connection: FakeConnection, frame: Fields): void {
        connection.socket.send(JSON.stringify(frame));
    }

    private read(connection: FakeConnection, data: string): void {
        const frame = JSON.parse(data) as Fields;
        connection.received.push(frame);
        this.received.push(frame);
        const verdict = this.intercept(frame, connection);
        if (verdict === "drop") return;
        const answer = verdict === "pass" ? this.act(connection, frame) : verdict;
        if (answer) this.send(connection, { ref: frame.ref, ...answer });
    }

    private act(connection: FakeConnection, frame: Fields): Fields | undefined {
        const roomName = String(frame.room ?? "").toLowerCase();
        switch (frame.type) {
            case "login":
                return this.login(connection, frame);
            case "ping":
                return { type: "pong", at: Date.now() };
            case "join":
                return this.join(connection, roomName, frame);
            case "leave":
                connection.rooms.delete(roomName);
                this.left(roomName, connection.user);
                return { type: "ok" };
            case "send":
            case "edit":
            case "delete":
            case "react":
                return this.append(connection, roomName, frame);
            case "typing":
                this.tell(roomName, { type: "typing", room: roomName, user: connection.user });
                return undefined;
            case "read":
                return { type: "ok" };
            case "history":
                return this.history(roomName, frame);
            case "who":
                return { type: "members", ...this.members(roomName), room: roomName, truncated: false };
            case "digest":
                return this.digest(roomName, Number(frame.from), Number(frame.to));
            case "rooms":
                return { type: "rooms", rooms: this.roomInfos(connection) };
            case "name":
                return this.rename(connection, String(frame.name));
            default:
                return { type: "error", code: "bad_request", message: `Unknown type ${frame.type}.` };
        }
    }

    private login(connection: FakeConnection, frame: Fields): Fields | undefined {
        const token = String(frame.token);
        const user = this.users.get(token.replace(/^token-/, ""));
        if (!this.acceptsToken(token)) {
            this.send(connection, {
                type: "error",
                ref: frame.ref,
                code: "unauthorized",
                message: "The token is outdated.",
            });
            connection.socket.close(4001);
            return undefined;
        }
        if (user) connection.user = user;
        this.welcome(connection, frame.ref);
        return undefined;
    }

    private join(connection: FakeConnection, roomName: string, frame: Fields): Fields {
        const room = this.room(roomName);
        const isSameLife = frame.epoch === undefined || frame.epoch === room.epoch;
        const after = typeof frame.after === "number" && isSameLife ? frame.after : undefined;
        const replayMax = this.options.replayMax ?? 100;
        const start = after === undefined ? room.log.length - Number(frame.history ?? 50) : after;
        const first = Math.max(0, start, room.log.length - replayMax, room.forgotten);
        const wasIn = connection.rooms.has(roomName);
        connection.rooms.add(roomName);
        if (!wasIn) this.tellPresence(roomName, { joined: [connection.user] });
        return {
            type: "joined",
            room: roomName,
            epoch: room.epoch,
            seq: room.log.length,
            events: room.log.slice(first),
            truncated: frame.after !== undefined && (after === undefined || first > after),
            ...this.members(roomName),
        };
    }

    private append(connection: FakeConnection, roomName: string, frame: Fields): Fields {
        const room = this.room(roomName);
        if (!connection.rooms.has(roomName))
            return { type: "error", code: "forbidden", message: "Join the room first." };
        const found = room.log.find(
            (event) => event.key === frame.key && (event.user as FakeUser).id === connection.user.id,
        );
        const { key } = frame;
        if (found) return { type: "ack", room: roomName, key, seq: found.seq, at: found.at, duplicate: true };
        const event = this.publish(roomName, connection.user, eventOf(frame));
        if (frame.type === "delete") this.forgetText(room, Number(frame.seq));
        return { type: "ack", room: roomName, key, seq: event.seq, at: event.at };
    }

    private forgetText(room: FakeRoom, seq: number): void {
        const target = room.log[seq - 1];
        if (target) Object.assign(target, { text: "", deleted: true });
    }

    private history(roomName: string, frame: Fields): Fields {
        const { log, forgotten } = this.room(roomName);
        const limit = Number(frame.limit);
        if (typeof frame.after === "number") {
            const first = Math.max(frame.after, forgotten);
            const events = log.slice(first, first + limit);
            return { type: "history", room: roomName, events, more: first + limit < log.length };
        }
        const end = Math.min(log.length, Number(frame.before) - 1);
        const first = Math.max(forgotten, end - limit);
        return { type: "history", room: roomName, events: log.slice(first, end), more: first > forgotten };
    }

    private digest(roomName: string, from: number, to: number): Fields {
        const { log, forgotten } = this.room(roomName);
        if (from <= forgotten || to > log.length)
            return { type: "error", code: "not_found", message: "Not all of these are there." };
        const lines = log.slice(from - 1, to).map(({ seq, key }) => `${seq}:${key}\n`);
        const sha256 = createHash("sha256").update(lines.join("")).digest("hex");
        return { type: "digest", room: roomName, from, to, sha256 };
    }

    private members(roomName: string): { members: FakeUser[]; count: number } {
        const found = new Map<string, FakeUser>();
        for (const { rooms, user } of this.connections) if (rooms.has(roomName)) found.set(user.id, user);
        return { members: [...found.values()].slice(0, MEMBERS_MAX), count: found.size };
    }

    private roomInfos(connection: FakeConnection): Fields[] {
        return [...this.rooms.values()].map(({ name, log }) => ({
            type: "room",
            room: name,
            seq: log.length,
            count: this.members(name).count,
            joined: connection.rooms.has(name),
        }));
    }

    private rename(connection: FakeConnection, name: string): Fields {
        const isTaken = [...this.connections].some(({ user }) => user.name === name && user.id !== connection.user.id);
        if (isTaken) return { type: "error", code: "conflict", message: `Somebody here is called ${name} already.` };
        connection.user.name = name;
        for (const room of connection.rooms) this.tellPresence(room, { joined: [connection.user] });
        return { type: "ok", user: connection.user };
    }

    private left(room: string, user: FakeUser): void {
        const isStillHere = [...this.connections].some((one) => one.user.id === user.id && one.rooms.has(room));
        if (!isStillHere) this.tellPresence(room, { left: [user] });
    }

    private tellPresence(room: string, change: { joined?: FakeUser[]; left?: FakeUser[] }): void {
        const { count } = this.members(room);
        this.tell(room, { type: "presence", room, joined: change.joined ?? [], left: change.left ?? [], count });
    }
}

function eventOf(frame: Fields): Fields {
    const { key, text, seq, emoji, on } = frame;
    switch (frame.type) {
        case "edit":
            return { type: "edited", key, target: seq, text };
        case "delete":
            return { type: "deleted", key, target: seq };
        case "react":
            return { type: "reaction", key, target: seq, emoji, on };
        default:
            return {
                type: "message",
                key,
                text,
                ...(frame.reply_to === undefined ? {} : { reply_to: frame.reply_to }),
            };
    }
}
