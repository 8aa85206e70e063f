// SPDX-License-Identifier: Apache-2.0
// What the page remembers on this machine: settings, drafts, the rooms it follows and how far each was read. Every call
// works without a storage too, and then forgets with the page.
import type { Epoch, RoomEvent, User } from "natter-client";

export type Theme = "system" | "light" | "dark";
export type EnterKey = "send" | "newline";
/** What a notification is shown for while one is away. */
export type Notify = "off" | "mentions" | "all";

/** The newest events of a room, without holes, to be shown before there is a connection. */
export interface Seen {
    epoch: Epoch;
    events: RoomEvent[];
}

export interface ReadMark {
    seq: number;
    epoch: Epoch | undefined;
    /** Marked as unread by hand: what other devices have read does not change that. */
    isHeld?: boolean;
}

const PREFIX = "natter.page.";
const DEFAULT_ROOM = "lobby";
const ROOMS_MAX = 30;
const THEMES: readonly string[] = ["system", "light", "dark"];
const NOTIFY: readonly string[] = ["off", "mentions", "all"];

const memory = new Map<string, string>();

function storage(): Storage | undefined {
    try {
        return window.localStorage;
    } catch {
        return undefined;
    }
}

export const localStore: Storage | undefined = typeof window === "undefined" ? undefined : storage();

function read(key: string): string | undefined {
    try {
        return localStore?.getItem(PREFIX + key) ?? memory.get(key);
    } catch {
        return memory.get(key);
    }
}

function write(key: string, value: string | undefined): void {
    if (value === undefined) memory.delete(key);
    else memory.set(key, value);
    try {
        if (value === undefined) localStore?.removeItem(PREFIX + key);
        else localStore?.setItem(PREFIX + key, value);
    } catch {
        // The storage is full or forbidden; memory has it as long as the page lives.
    }
}

export const keep = {
    get theme(): Theme {
        const found = read("theme");
        return found !== undefined && THEMES.includes(found) ? (found as Theme) : "system";
    },
    set theme(theme: Theme) {
        write("theme", theme);
    },
    get enterKey(): EnterKey | undefined {
        const found = read("enter");
        return found === "send" || found === "newline" ? found : undefined;
    },
    set enterKey(key: EnterKey | undefined) {
        write("enter", key);
    },
    /** The tag of the chosen language; undefined: as the browser has it. */
    get language(): string | undefined {
        return read("language");
    },
    set language(tag: string | undefined) {
        write("language", tag);
    },
    get notify(): Notify {
        const found = read("notify");
        return found !== undefined && NOTIFY.includes(found) ? (found as Notify) : "off";
    },
    set notify(notify: Notify) {
        write("notify", notify);
    },
    get hasSound(): boolean {
        return read("sound") === "yes";
    },
    set hasSound(hasSound: boolean) {
        write("sound", hasSound ? "yes" : undefined);
    },
    get recentEmoji(): string[] {
        return namesIn(read("emoji")) ?? [];
    },
    set recentEmoji(emoji: readonly string[]) {
        write("emoji", JSON.stringify(emoji));
    },
    /** Whose messages are kept here; another person must not find them. */
    get userId(): string | undefined {
        return read("user");
    },
    set userId(id: string | undefined) {
        write("user", id);
    },
    seen(room: string): Seen | undefined {
        return seenIn(read(`seen.${room}`));
    },
    setSeen(room: string, seen: Seen | undefined): void {
        write(`seen.${room}`, seen && JSON.stringify(seen));
    },
    partners(room: string): readonly User[] {
        const value = parsed(read(`direct.${room}`));
        return Array.isArray(value) ? value.filter(isUser) : [];
    },
    setPartners(room: string, users: readonly User[]): void {
        write(`direct.${room}`, JSON.stringify(users));
    },
    /** The messages that were kept go; settings and drafts stay. */
    forgetMessages(): void {
        for (const key of [...keysWith("seen."), ...keysWith("direct.")]) write(key, undefined);
    },
    /** The person has chosen a name, or was content with the drawn one. */
    get isNamed(): boolean {
        return read("named") === "yes";
    },
    set isNamed(isNamed: boolean) {
        write("named", isNamed ? "yes" : undefined);
    },
    get showsMembers(): boolean {
        return read("members") !== "hidden";
    },
    set showsMembers(shows: boolean) {
        write("members", shows ? undefined : "hidden");
    },
    get showsRooms(): boolean {
        return read("rooms-panel") !== "hidden";
    },
    set showsRooms(shows: boolean) {
        write("rooms-panel", shows ? undefined : "hidden");
    },
    get rooms(): string[] {
        return namesIn(read("rooms")) ?? [DEFAULT_ROOM];
    },
    set rooms(names: readonly string[]) {
        write("rooms", JSON.stringify(names.slice(-ROOMS_MAX)));
    },
    /** What the server has noticed, and the person does not want to see again. */
    get hiddenNotices(): string[] {
        return namesIn(read("notices")) ?? [];
    },
    set hiddenNotices(names: readonly string[]) {
        write("notices", names.length === 0 ? undefined : JSON.stringify(names));
    },
    draft(room: string): string {
        return read(`draft.${room}`) ?? "";
    },
    setDraft(room: string, text: string): void {
        write(`draft.${room}`, text === "" ? undefined : text);
    },
    readMark(room: string): ReadMark | undefined {
        return markIn(read(`read.${room}`));
    },
    setReadMark(room: string, mark: ReadMark): void {
        write(`read.${room}`, JSON.stringify(mark));
    },
    /** Another page of this browser has read further. */
    onReadMark(listener: (room: string) => void): void {
        window.addEventListener("storage", ({ key }) => {
            const start = `${PREFIX}read.`;
            if (key?.startsWith(start)) listener(key.slice(start.length));
        });
    },
};

function parsed(text: string | undefined): unknown {
    try {
        return text === undefined ? undefined : JSON.parse(text);
    } catch {
        return undefined;
    }
}

function isUser(value: unknown): value is User {
    const { id, name } = (value ?? {}) as { id?: unknown; name?: unknown };
    return typeof id === "string" && typeof name === "string";
}

function namesIn(text: string | undefined): string[] | undefined {
    const value = parsed(text);
    if (!Array.isArray(value)) return undefined;
    return value.filter((name): name is string => typeof name === "string");
}

function seenIn(text: string | undefined): Seen | undefined {
    const value = parsed(text);
    if (typeof value !== "object" || value === null) return undefined;
    const { epoch, events } = value as { epoch?: unknown; events?: unknown };
    if ((typeof epoch !== "string" && typeof epoch !== "number") || !Array.isArray(events)) return undefined;
    const isSound = events.every((one: unknown, index) => {
        const { seq, user } = (one ?? {}) as { seq?: unknown; user?: { id?: unknown } };
        const previous = index === 0 ? undefined : (events[index - 1] as { seq: number }).seq;
        return Number.isSafeInteger(seq) && typeof user?.id === "string" && (previous ?? Number(seq) - 1) + 1 === seq;
    });
    return isSound && events.length > 0 ? { epoch, events: events as RoomEvent[] } : undefined;
}

/** Without their prefix. */
function keysWith(start: string): string[] {
    const found = [...memory.keys()].filter((key) => key.startsWith(start));
    try {
        const keys = Array.from({ length: localStore?.length ?? 0 }, (_, index) => localStore?.key(index) ?? "");
        const own = keys.filter((key) => key.startsWith(PREFIX + start)).map((key) => key.slice(PREFIX.length));
        return [...new Set([...found, ...own])];
    } catch {
        return found;
    }
}

function markIn(text: string | undefined): ReadMark | undefined {
    const value = parsed(text);
    if (typeof value !== "object" || value === null || !("seq" in value)) return undefined;
    const { seq, epoch, isHeld } = value as { seq: unknown; epoch?: unknown; isHeld?: unknown };
    if (!Number.isSafeInteger(seq)) return undefined;
    const known = typeof epoch === "string" || typeof epoch === "number" ? epoch : undefined;
    return { seq: seq as number, epoch: known, isHeld: isHeld === true };
}
