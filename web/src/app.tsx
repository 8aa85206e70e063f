// SPDX-License-Identifier: Apache-2.0
// The page's three regions, and what lies over them.
import { useEffect, useRef, useState } from "preact/hooks";
import { t } from "../i18n";
import { showAttention } from "./attention";
import { Banner } from "./banner";
import { Composer, type ComposerHandle, type ComposerTask } from "./composer";
import { DeleteDialog } from "./delete_dialog";
import { Holes } from "./holes";
import type { Message } from "./log";
import { Members } from "./members";
import type { MessageActions } from "./message";
import { NameDialog } from "./name_dialog";
import { useModel } from "./notifier";
import { usePanels } from "./panels";
import { RoomHeader } from "./room_header";
import { roomTitle } from "./router";
import { Rooms } from "./rooms";
import type { Session } from "./session";
import { Settings } from "./settings";
import { Timeline } from "./timeline";
import { Typing } from "./typing";

export function App({ session }: { session: Session }) {
    useModel(session);
    const model = session.room;
    const composer = useRef<ComposerHandle>(null);
    const panels = usePanels();
    const [hasSettings, setSettings] = useState(false);
    const [task, setTask] = useState<ComposerTask | undefined>();
    const [doomed, setDoomed] = useState<Message | undefined>();
    const asksName = session.wasOnline && !session.isNamed && session.user !== undefined;

    useEffect(() => {
        showAttention(session.unread, roomTitle(session.current));
    });
    useEffect(() => {
        setTask(undefined);
        panels.closeDrawer();
        if (!asksName && !window.matchMedia("(pointer: coarse)").matches) composer.current?.focus();
    }, [session.current, asksName]);
    useShortcuts(session, () => {
        if (panels.hasDrawer) panels.closeDrawer();
        else if (task) setTask(undefined);
        else model.clearDivider();
    });
    const begin = (next: ComposerTask): void => {
        setTask(next);
        composer.current?.focus();
    };
    const actions = useRef(actionsOf(session, begin, setDoomed));

    return (
        <div class={panels.classes}>
            <a class="skip-link" href="#composer" onClick={(event) => skip(event, composer.current)}>
                {t("app.skip")}
            </a>
            <Rooms
                session={session}
                isOpen={panels.seesRooms}
                onPick={panels.closeDrawer}
                onSettings={() => setSettings(true)}
            />
            <main class="room" inert={panels.hasDrawer}>
                <RoomHeader model={model} panels={panels} />
                <Banner session={session} />
                <Holes model={model} />
                <Timeline key={model.name} model={model} session={session} actions={actions.current} />
                <Typing model={model} />
                <Composer
                    key={`composer-${model.name}`}
                    handle={composer}
                    model={model}
                    session={session}
                    task={task}
                    onTask={setTask}
                />
            </main>
            <Members model={model} session={session} isOpen={panels.seesMembers} onClose={panels.toggleMembers} />
            <div class="scrim" onClick={panels.closeDrawer} />
            {asksName && <NameDialog session={session} />}
            {hasSettings && <Settings session={session} onClose={() => setSettings(false)} />}
            {doomed && <DeleteDialog model={model} message={doomed} onClose={() => setDoomed(undefined)} />}
        </div>
    );
}

function skip(event: Event, composer: ComposerHandle | null): void {
    event.preventDefault();
    composer?.focus();
}

/** The same object for the life of the page, so that messages need not be drawn again for it. */
function actionsOf(
    session: Session,
    begin: (task: ComposerTask) => void,
    ask: (message: Message) => void,
): MessageActions {
    // A failed reaction is simply not there; the person sees that and can try again.
    const ignore = (): void => undefined;
    return {
        reply: (message) => begin({ kind: "reply", message }),
        edit: (message) => begin({ kind: "edit", message }),
        delete: ask,
        react: (message, emoji, on) => void session.room.room.react(message.seq, emoji, on).catch(ignore),
        retry: (key) => session.room.outgoingOf(key)?.retry(),
        discard: (key) => void session.room.outgoingOf(key)?.cancel(),
    };
}

function useShortcuts(session: Session, escape: () => void): void {
    const latest = useRef(escape);
    latest.current = escape;
    useEffect(() => {
        const pressed = (event: KeyboardEvent): void => {
            if (event.isComposing || document.querySelector("dialog[open]")) return;
            if (event.key === "Escape") latest.current();
            if (!event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
            if (event.key !== "ArrowUp" && event.key !== "ArrowDown") return;
            event.preventDefault();
            session.go(session.neighbour(event.key === "ArrowUp" ? -1 : 1));
        };
        document.addEventListener("keydown", pressed);
        return () => document.removeEventListener("keydown", pressed);
    }, [session]);
}
