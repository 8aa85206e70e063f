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
import { Notices } from "./notices";
import { useModel } from "./notifier";
import { usePanels } from "./panels";
import { RoomHeader } from "./room_header";
import { hashOf, roomTitle } from "./router";
import { Rooms } from "./rooms";
import type { Session } from "./session";
import { Settings } from "./settings";
import { ShortcutSheet } from "./shortcut_sheet";
import { useShortcuts } from "./shortcuts";
import { Switcher } from "./switcher";
import { Timeline } from "./timeline";
import { Typing } from "./typing";

export function App({ session }: { session: Session }) {
    useModel(session);
    const model = session.room;
    const composer = useRef<ComposerHandle>(null);
    const panels = usePanels();
    const [overlay, setOverlay] = useState<Overlay>("none");
    const [task, setTask] = useState<ComposerTask | undefined>();
    const [doomed, setDoomed] = useState<Message | undefined>();
    const asksName = session.wasOnline && !session.isNamed && session.user !== undefined;

    useEffect(() => {
        showAttention(session.unread, session.hasMention, roomTitle(session.current));
    });
    useEffect(() => {
        setTask(undefined);
        panels.closeDrawer();
        if (!asksName && !window.matchMedia("(pointer: coarse)").matches) composer.current?.focus();
    }, [session.current, asksName]);
    useShortcuts(session, {
        escape: () => {
            if (panels.hasDrawer) panels.closeDrawer();
            else if (task) setTask(undefined);
            else {
                model.markRead(true);
                model.clearDivider();
            }
        },
        openSwitcher: () => setOverlay("switcher"),
        openSheet: () => setOverlay("sheet"),
        focusComposer: () => composer.current?.focus(),
        focusTimeline: () => document.querySelector<HTMLElement>('[data-testid="timeline"]')?.focus(),
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
                onSettings={() => setOverlay("settings")}
                onSwitch={() => setOverlay("switcher")}
            />
            <main class="room" inert={panels.hasDrawer}>
                <RoomHeader model={model} panels={panels} />
                <Banner session={session} />
                <Notices session={session} />
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
                    onHelp={() => setOverlay("sheet")}
                />
            </main>
            <Members model={model} session={session} isOpen={panels.seesMembers} onClose={panels.toggleMembers} />
            <div class="scrim" onClick={panels.closeDrawer} />
            {asksName && <NameDialog session={session} />}
            <Overlays session={session} overlay={overlay} onOverlay={setOverlay} />
            {doomed && <DeleteDialog model={model} message={doomed} onClose={() => setDoomed(undefined)} />}
        </div>
    );
}

type Overlay = "none" | "settings" | "switcher" | "sheet";

interface OverlaysProps {
    session: Session;
    overlay: Overlay;
    onOverlay: (overlay: Overlay) => void;
}

function Overlays({ session, overlay, onOverlay }: OverlaysProps) {
    const close = (): void => onOverlay("none");
    if (overlay === "settings")
        return <Settings session={session} onClose={close} onSheet={() => onOverlay("sheet")} />;
    if (overlay === "switcher") return <Switcher session={session} onClose={close} />;
    return overlay === "sheet" ? <ShortcutSheet onClose={close} /> : null;
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
        unread: (message) => session.room.markUnread(message.seq),
        link: (message) => {
            const url = new URL(hashOf(session.room.name, message.seq), location.href);
            void navigator.clipboard?.writeText(url.href).catch(ignore);
        },
        react: (message, emoji, on) => void session.room.room.react(message.seq, emoji, on).catch(ignore),
        retry: (key) => session.room.outgoingOf(key)?.retry(),
        discard: (key) => void session.room.outgoingOf(key)?.cancel(),
    };
}
