// SPDX-License-Identifier: Apache-2.0
// The address of a room is `#/room/NAME`, that of one message in it `#/room/NAME/SEQ`; everything else leads to the
// lobby.

import { directTitle, isDirect } from "./direct";

export const DEFAULT_ROOM = "lobby";
const PREFIX = "#/room/";
const NAME_MAX = 64;
const SEQ = /^[1-9]\d{0,14}$/;

export interface Route {
    room: string;
    /** The message that is asked for. */
    seq?: number;
}

export function routeOf(hash: string): Route {
    if (!hash.startsWith(PREFIX)) return { room: DEFAULT_ROOM };
    const [name = "", seq = ""] = hash.slice(PREFIX.length).split("/");
    const room = decoded(name);
    if (room === undefined) return { room: DEFAULT_ROOM };
    return SEQ.test(seq) ? { room, seq: Number(seq) } : { room };
}

export function hashOf(room: string, seq?: number): string {
    return PREFIX + encodeURIComponent(room) + (seq === undefined ? "" : `/${seq}`);
}

function decoded(name: string): string | undefined {
    try {
        return foldRoomName(decodeURIComponent(name));
    } catch {
        return undefined;
    }
}

/** As the server compares names, or undefined where it cannot be one. Spaces become dashes, a `#` in front goes. */
export function foldRoomName(typed: string): string | undefined {
    const name = typed.trim().replace(/^#/, "").replace(/\s+/g, "-").normalize("NFKC").toLowerCase();
    if ([...name].length > NAME_MAX) return undefined;
    return /^[~@]?[\p{L}\p{M}\p{N}_.-]+$/u.test(name) ? name : undefined;
}

/** As people see it. */
export function roomTitle(room: string): string {
    if (isDirect(room)) return directTitle(room);
    return room.startsWith("~") ? room : `#${room}`;
}

export function onRoute(listener: (route: Route) => void): () => void {
    const changed = (): void => listener(routeOf(location.hash));
    window.addEventListener("hashchange", changed);
    return () => window.removeEventListener("hashchange", changed);
}
