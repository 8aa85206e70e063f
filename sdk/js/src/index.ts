// SPDX-License-Identifier: Apache-2.0
// What the package offers; everything else is its own business.
export { Client, type ClientEvents, type ClientOptions, createClient } from "./client.js";
export { type ErrorCode, type Reason, SUBPROTOCOL } from "./codes.js";
export type {
    DeletedEvent,
    DirectRoom,
    EditedEvent,
    Epoch,
    Limits,
    MessageEvent,
    MyRoom,
    PresenceFrame,
    ReactionEvent,
    RoomEvent,
    RoomInfo,
    TypingFrame,
    Unread,
    User,
    WelcomeFrame,
} from "./codec.js";
export type { State, StateChange } from "./connection.js";
export type { Unsubscribe } from "./emitter.js";
export type { KeyValue, Socket, SocketClass } from "./environment.js";
export { ChatError } from "./errors.js";
export type { Acknowledged, OutboxStatus } from "./outbox.js";
export {
    type GapEvent,
    type HistoryOptions,
    type JoinedEvent,
    type OutgoingMessage,
    type ResetEvent,
    Room,
    type RoomEvents,
    type SubscribeOptions,
} from "./room.js";
export { Subscription } from "./subscription.js";
export type { Hole } from "./trail.js";
export type { Verification } from "./verify.js";
