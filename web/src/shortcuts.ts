// SPDX-License-Identifier: Apache-2.0
// The keys that work anywhere on the page, and the table from which the sheet of shortcuts is made.
import { useEffect, useRef } from "preact/hooks";
import type { Key } from "../i18n";
import type { Session } from "./session";

/** The keys to press, one after the other or at once, and what they do. */
export const SHORTCUTS: readonly (readonly [string, Key])[] = [
    ["Ctrl K", "shortcut.switch"],
    ["Alt ↑ ↓", "shortcut.rooms"],
    ["Alt Shift ↑ ↓", "shortcut.unread"],
    ["Esc", "shortcut.read"],
    ["Shift Esc", "shortcut.readAll"],
    ["↑", "shortcut.edit"],
    ["Shift Enter", "shortcut.newline"],
    ["F6", "shortcut.messages"],
    ["↑ ↓", "shortcut.move"],
    ["R", "shortcut.reply"],
    ["E", "shortcut.editOne"],
    ["+", "shortcut.react"],
    ["C", "shortcut.copy"],
    ["U", "shortcut.unreadHere"],
    ["Del", "shortcut.delete"],
    ["?", "shortcut.sheet"],
];

export interface ShortcutActions {
    escape: () => void;
    openSwitcher: () => void;
    openSheet: () => void;
    focusComposer: () => void;
    focusTimeline: () => void;
}

function isWriting(target: EventTarget | null): boolean {
    return target instanceof HTMLElement && target.matches("input, textarea, select, [contenteditable]");
}

/** True where the key was one of these. */
function act(event: KeyboardEvent, session: Session, actions: ShortcutActions): boolean {
    const { key, altKey, shiftKey } = event;
    const hasControl = event.ctrlKey || event.metaKey;
    if (hasControl && !altKey && key.toLowerCase() === "k") actions.openSwitcher();
    else if (hasControl && !altKey && key === "/") actions.openSheet();
    else if (!isWriting(event.target) && !hasControl && !altKey && key === "?") actions.openSheet();
    else if (key === "F6") {
        if (isWriting(event.target)) actions.focusTimeline();
        else actions.focusComposer();
    } else if (key === "Escape" && shiftKey) session.markAllRead();
    else if (altKey && !hasControl && (key === "ArrowUp" || key === "ArrowDown")) {
        const next = session.neighbour(key === "ArrowUp" ? -1 : 1, shiftKey);
        if (next !== undefined) session.go(next);
    } else return false;
    return true;
}

export function useShortcuts(session: Session, actions: ShortcutActions): void {
    const latest = useRef(actions);
    latest.current = actions;
    useEffect(() => {
        const pressed = (event: KeyboardEvent): void => {
            if (event.isComposing || event.defaultPrevented || document.querySelector("dialog[open]")) return;
            if (event.key === "Escape" && !event.shiftKey) latest.current.escape();
            else if (act(event, session, latest.current)) event.preventDefault();
        };
        document.addEventListener("keydown", pressed);
        return () => document.removeEventListener("keydown", pressed);
    }, [session]);
}
