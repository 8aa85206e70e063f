// SPDX-License-Identifier: Apache-2.0
// What the page remembers on this machine: settings, drafts, the rooms it follows and how far each was read. Every call
// works without a storage too, and then forgets with the page.
import type { Epoch } from "natter-client";
import { DEFAULT_ROOM } from "./router";

export type Theme = "system" | "light" | "dark";
export type EnterKey = "send" | "newline";

export interface ReadMark {
    seq: number;
    epoch: Epoch | undefined;
}

const PREFIX = "natter.page.";
const ROOMS_MAX = 30;
const THEMES: readonly string[] = ["system", "light", "dark"];

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

function namesIn(text: string | undefined): string[] | undefined {
    const value = parsed(text);
    if (!Array.isArray(value)) return undefined;
    return value.filter((name): name is string => typeof name === "string");
}

function markIn(text: string | undefined): ReadMark | undefined {
    const value = parsed(text);
    if (typeof value !== "object" || value === null || !("seq" in value)) return undefined;
    const { seq, epoch } = value as { seq: unknown; epoch?: unknown };
    if (!Number.isSafeInteger(seq)) return undefined;
    return { seq: seq as number, epoch: typeof epoch === "string" || typeof epoch === "number" ? epoch : undefined };
}
