// SPDX-License-Identifier: Apache-2.0
// Notifications of the system, for a person who asked for them and looks elsewhere. Never asked for at the start, never
// for the room that is looked at, and once however many tabs there are.
import { t } from "../i18n";
import { actionOf } from "./slash";
import { preview } from "./format";
import { keep, type Notify } from "./keep";
import type { Message } from "./log";
import type { RoomModel } from "./room_model";
import { hashOf, roomTitle } from "./router";

/** Another tab of this person may show the message at this moment; it says so by its mark of what was read. */
const OTHER_TAB_MS = 800;
const TONE_S = 0.18;

export type Permission = "granted" | "denied" | "default" | "missing";

export function permission(): Permission {
    return typeof Notification === "undefined" ? "missing" : Notification.permission;
}

/** On a gesture of the person only. */
export async function askPermission(): Promise<Permission> {
    if (permission() === "default") await Notification.requestPermission();
    return permission();
}

/** Is this message worth a notification? */
export function deserves(wish: Notify, isMention: boolean, isOwn: boolean): boolean {
    return !isOwn && (wish === "all" || (wish === "mentions" && isMention));
}

export function isLookedAt(isCurrent: boolean): boolean {
    return isCurrent && document.visibilityState === "visible" && document.hasFocus();
}

export function announce(model: RoomModel, message: Message): void {
    window.setTimeout(() => {
        if ((keep.readMark(model.name)?.seq ?? 0) >= message.seq || permission() !== "granted") return;
        show(message.user.name, preview(actionOf(message.text) ?? message.text), model.name, message.seq);
        if (keep.hasSound) playTone();
    }, OTHER_TAB_MS);
}

export function showSample(): void {
    show("natter", t("notify.sample"), undefined, 0);
    if (keep.hasSound) playTone();
}

function show(title: string, body: string, room: string | undefined, seq: number): void {
    const head = room === undefined ? title : `${title} · ${roomTitle(room)}`;
    // The same tag in each tab: the system keeps one of them.
    const options = { body, tag: `natter-${room ?? ""}-${seq}`, icon: "icon-192.png", silent: true };
    try {
        const note = new Notification(head, options);
        note.onclick = () => {
            window.focus();
            if (room !== undefined) location.hash = hashOf(room, seq);
            note.close();
        };
    } catch {
        // Android has them from the service worker only.
        void navigator.serviceWorker?.ready.then((worker) =>
            worker.showNotification(head, { ...options, data: room === undefined ? "" : hashOf(room, seq) }),
        );
    }
}

/** Two soft tones, made here, so that nothing is loaded for it. */
function playTone(): void {
    try {
        const audio = new AudioContext();
        [660, 880].forEach((hertz, index) => {
            const start = audio.currentTime + index * TONE_S;
            const tone = audio.createOscillator();
            const gain = audio.createGain();
            tone.frequency.value = hertz;
            gain.gain.setValueAtTime(0.08, start);
            gain.gain.exponentialRampToValueAtTime(0.001, start + TONE_S);
            tone.connect(gain).connect(audio.destination);
            tone.start(start);
            tone.stop(start + TONE_S);
        });
        window.setTimeout(() => void audio.close(), 1_000);
    } catch {
        // A device without sound.
    }
}
