// SPDX-License-Identifier: Apache-2.0
// The address of a room is `#/room/NAME`; everything else leads to the lobby.

export const DEFAULT_ROOM = "lobby";
const PREFIX = "#/room/";
const NAME_MAX = 64;

export function roomOf(hash: string): string {
    if (!hash.startsWith(PREFIX)) return DEFAULT_ROOM;
    try {
        return foldRoomName(decodeURIComponent(hash.slice(PREFIX.length))) ?? DEFAULT_ROOM;
    } catch {
        return DEFAULT_ROOM;
    }
}

export function hashOf(room: string): string {
    return PREFIX + encodeURIComponent(room);
}

/** As the server compares names, or undefined where it cannot be one. Spaces become dashes, a `#` in front goes. */
export function foldRoomName(typed: string): string | undefined {
    const name = typed.trim().replace(/^#/, "").replace(/\s+/g, "-").normalize("NFKC").toLowerCase();
    if ([...name].length > NAME_MAX) return undefined;
    return /^~?[\p{L}\p{M}\p{N}_.-]+$/u.test(name) ? name : undefined;
}

/** As people see it. */
export function roomTitle(room: string): string {
    return room.startsWith("~") ? room : `#${room}`;
}

export function onRoute(listener: (room: string) => void): () => void {
    const changed = (): void => listener(roomOf(location.hash));
    window.addEventListener("hashchange", changed);
    return () => window.removeEventListener("hashchange", changed);
}
