// SPDX-License-Identifier: Apache-2.0
// Direct rooms, which belong to a few people and are known by their names. Kept over reloads, so that they have a title
// before there is a connection.
import type { User } from "natter-client";
import { keep } from "./keep";

const known = new Map<string, readonly User[]>();

export function isDirect(room: string): boolean {
    return room.startsWith("@");
}

/** All but oneself. */
export function partners(room: string): readonly User[] {
    let users = known.get(room);
    if (!users) known.set(room, (users = keep.partners(room)));
    return users;
}

export function setPartners(room: string, users: readonly User[], ownId: string | undefined): void {
    const others = users.filter(({ id }) => id !== ownId);
    // Whoever talks to oneself is one's own partner.
    const found = others.length > 0 ? others : users;
    known.set(room, found);
    keep.setPartners(room, found);
}

export function directTitle(room: string): string {
    const names = partners(room).map(({ name }) => `\u2068${name}\u2069`);
    return names.length > 0 ? names.join(", ") : "@";
}
