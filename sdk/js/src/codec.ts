// SPDX-License-Identifier: Apache-2.0
// The frames of natter.v1 as types, and the check that what came from the socket is one of them. A frame of an unknown
// type or with a field of the wrong kind is dropped: a newer server may say more than this client understands.

import type { Last } from "./last.js";

export interface User {
    id: string;
    name: string;
}

export interface Limits {
    text_bytes?: number;
    frame_bytes?: number;
    history_events?: number;
    name_characters?: number;
    room_characters?: number;
}

interface EventBase {
    room: string;
    seq: number;
    /** Milliseconds since the Unix epoch, UTC. */
    at: number;
    user: User;
    /** Its sender's own id of it; each event of this protocol has one. */
    key?: string;
}

export interface MessageEvent extends EventBase {
    type: "message";
    text: string;
    key: string;
    /** The `seq` of the message that this one answers. */
    reply_to?: number;
    /** The ids of those whom the text names. */
    mentions?: string[];
    /** The message was deleted later; its text is empty. */
    deleted?: boolean;
}

export interface EditedEvent extends EventBase {
    type: "edited";
    target: number;
    text: string;
    mentions?: string[];
}

export interface DeletedEvent extends EventBase {
    type: "deleted";
    target: number;
}

export interface ReactionEvent extends EventBase {
    type: "reaction";
    target: number;
    emoji: string;
    on: boolean;
}

/** What a room's log is made of. */
export type RoomEvent = MessageEvent | EditedEvent | DeletedEvent | ReactionEvent;

export type Epoch = string | number;

export interface RoomInfo {
    room: string;
    seq: number;
    count: number;
    joined: boolean;
}

/** What waits for this user in a room. */
export interface Unread {
    room: string;
    /** The newest event. */
    seq: number;
    /** All up to this event is read. */
    read: number;
    /** Messages after that. */
    unread: number;
    /** Those of them that name this user, at most 1000. */
    mentions: number;
}

/** A room that this user belongs to. */
export interface MyRoom extends Unread {
    /** All who are in it, with their names; direct rooms only. */
    users?: User[];
}

export interface DirectRoom {
    room: string;
    users: User[];
}

export interface WelcomeFrame {
    type: "welcome";
    protocol: string;
    server: string;
    connection: string;
    user: User;
    token?: string;
    /** Seconds of silence after which the server pings. */
    heartbeat: number;
    limits?: Limits;
}

export interface JoinedFrame {
    type: "joined";
    ref?: string;
    room: string;
    epoch: Epoch;
    seq: number;
    events: RoomEvent[];
    truncated?: boolean;
    members: User[];
    count: number;
}

export interface AckFrame {
    type: "ack";
    ref?: string;
    room: string;
    key: string;
    seq: number;
    at: number;
    duplicate?: boolean;
}

export interface PresenceFrame {
    type: "presence";
    room: string;
    joined: User[];
    left: User[];
    count: number;
}

export interface TypingFrame {
    type: "typing";
    room: string;
    user: User;
}

export interface GapFrame {
    type: "gap";
    room: string;
    from: number;
    to: number;
}

export interface HistoryFrame {
    type: "history";
    ref?: string;
    room: string;
    events: RoomEvent[];
    more?: boolean;
}

export interface MembersFrame {
    type: "members";
    ref?: string;
    room: string;
    members: User[];
    count: number;
    truncated?: boolean;
}

export interface RoomsFrame {
    type: "rooms";
    ref?: string;
    rooms: RoomInfo[];
}

export interface MineFrame {
    type: "mine";
    ref?: string;
    rooms: MyRoom[];
    truncated?: boolean;
}

export interface UnreadFrame extends Unread {
    type: "unread";
}

export interface LeftFrame {
    type: "left";
    room: string;
}

export interface DirectFrame extends DirectRoom {
    type: "direct";
    ref?: string;
}

export interface DigestFrame {
    type: "digest";
    ref?: string;
    room: string;
    from: number;
    to: number;
    sha256: string;
}

export interface OkFrame {
    type: "ok";
    ref?: string;
    room?: string;
    user?: User;
    seq?: number;
    read?: number;
    unread?: number;
    mentions?: number;
}

export interface PongFrame {
    type: "pong";
    ref?: string;
    at: number;
}

export interface ErrorFrame {
    type: "error";
    ref?: string;
    code: string;
    message: string;
    retry_after?: number;
}

export interface ByeFrame {
    type: "bye";
    reason: string;
    retry_after?: number;
    resume?: boolean;
}

export type ServerFrame =
    | WelcomeFrame
    | JoinedFrame
    | AckFrame
    | RoomEvent
    | PresenceFrame
    | TypingFrame
    | GapFrame
    | HistoryFrame
    | MembersFrame
    | RoomsFrame
    | MineFrame
    | UnreadFrame
    | LeftFrame
    | DirectFrame
    | DigestFrame
    | OkFrame
    | PongFrame
    | ErrorFrame
    | ByeFrame;

/** A command without its `ref`, which the connection adds. */
export type Command =
    | { type: "login"; token: string; last?: Last }
    | { type: "join"; room: string; after?: number; epoch?: Epoch; history?: number }
    | { type: "leave"; room: string }
    | { type: "send"; room: string; text: string; key: string; reply_to?: number }
    | { type: "edit"; room: string; seq: number; text: string; key: string }
    | { type: "delete"; room: string; seq: number; key: string }
    | { type: "react"; room: string; seq: number; emoji: string; on: boolean; key: string }
    | { type: "typing"; room: string }
    | { type: "read"; room: string; seq: number }
    | { type: "history"; room: string; before?: number; after?: number; limit: number }
    | { type: "who"; room: string }
    | { type: "digest"; room: string; from: number; to: number }
    | { type: "rooms" }
    | { type: "mine" }
    | { type: "direct"; users: string[] }
    | { type: "name"; name: string }
    | { type: "ping"; last?: Last };

type Kind = "string" | "number" | "boolean" | "seq" | "user" | "users" | "events" | "rooms" | "mine" | "epoch";
type Shape = Readonly<Record<string, Kind>>;

const EVENT: Shape = { room: "string", seq: "seq", at: "number", user: "user" };

const UNREAD: Shape = { room: "string", seq: "seq", read: "seq", unread: "seq", mentions: "seq" };

/** The fields that a frame must have for the rest of the library to use it without looking again. */
const SHAPES: Readonly<Record<ServerFrame["type"], Shape>> = {
    welcome: { user: "user", heartbeat: "number" },
    joined: { room: "string", epoch: "epoch", seq: "seq", events: "events", members: "users", count: "number" },
    ack: { room: "string", key: "string", seq: "seq", at: "number" },
    message: { ...EVENT, text: "string", key: "string" },
    edited: { ...EVENT, target: "seq", text: "string" },
    deleted: { ...EVENT, target: "seq" },
    reaction: { ...EVENT, target: "seq", emoji: "string", on: "boolean" },
    presence: { room: "string", joined: "users", left: "users", count: "number" },
    typing: { room: "string", user: "user" },
    gap: { room: "string", from: "seq", to: "seq" },
    history: { room: "string", events: "events" },
    members: { room: "string", members: "users", count: "number" },
    rooms: { rooms: "rooms" },
    mine: { rooms: "mine" },
    unread: UNREAD,
    left: { room: "string" },
    direct: { room: "string", users: "users" },
    digest: { room: "string", from: "seq", to: "seq", sha256: "string" },
    ok: {},
    pong: {},
    error: { code: "string", message: "string" },
    bye: { reason: "string" },
};

const ROOM_INFO: Shape = { room: "string", seq: "seq", count: "number", joined: "boolean" };
const EVENT_TYPES: ReadonlySet<string> = new Set(["message", "edited", "deleted", "reaction"]);

type Fields = Record<string, unknown>;

function isFields(value: unknown): value is Fields {
    return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isKind(value: unknown, kind: Kind): boolean {
    switch (kind) {
        case "string":
        case "number":
        case "boolean":
            return typeof value === kind;
        case "seq":
            return Number.isSafeInteger(value) && (value as number) >= 0;
        case "epoch":
            return typeof value === "string" || typeof value === "number";
        case "user":
            return isFields(value) && typeof value.id === "string" && typeof value.name === "string";
        case "users":
            return Array.isArray(value) && value.every((user) => isKind(user, "user"));
        case "events":
            return Array.isArray(value) && value.every(isEvent);
        case "rooms":
            return Array.isArray(value) && value.every((room) => isFields(room) && fits(room, ROOM_INFO));
        case "mine":
            return Array.isArray(value) && value.every((room) => isFields(room) && fits(room, UNREAD));
    }
}

function fits(fields: Fields, shape: Shape): boolean {
    return Object.entries(shape).every(([name, kind]) => isKind(fields[name], kind));
}

function isEvent(value: unknown): boolean {
    if (!isFields(value) || typeof value.type !== "string") return false;
    // An event of a kind that came after this client still has its place in the order; who folds a log skips it.
    return fits(value, EVENT_TYPES.has(value.type) ? SHAPES[value.type as RoomEvent["type"]] : EVENT);
}

/** Whether the frame is part of a room's log, of a kind that this client knows or of a later one. */
export function isRoomEvent(frame: ServerFrame): frame is RoomEvent {
    return "user" in frame && "seq" in frame;
}

/** The frame in `text`, or undefined where this client has no use for it. */
export function decodeFrame(text: string): ServerFrame | undefined {
    let value: unknown;
    try {
        value = JSON.parse(text);
    } catch {
        return undefined;
    }
    if (!isFields(value) || typeof value.type !== "string") return undefined;
    if (!Object.prototype.hasOwnProperty.call(SHAPES, value.type)) {
        return isEvent(value) ? (value as unknown as RoomEvent) : undefined;
    }
    return fits(value, SHAPES[value.type as ServerFrame["type"]]) ? (value as unknown as ServerFrame) : undefined;
}

export function encodeCommand(command: Command, ref?: string): string {
    return JSON.stringify(ref === undefined ? command : { ...command, ref });
}

/** Text as it may go into UTF-8: half a surrogate pair becomes the replacement character. */
export function wellFormed(text: string): string {
    return text.replace(/\p{Surrogate}/gu, "\uFFFD");
}

/** How many bytes the text takes on the wire before JSON's escapes. */
export function textBytes(text: string): number {
    return new TextEncoder().encode(text).length;
}
