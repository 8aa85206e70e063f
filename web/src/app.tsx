// SPDX-License-Identifier: Apache-2.0
// The page's three regions, and what lies over them.
import { useEffect, useRef, useState } from "preact/hooks";
import { t } from "../i18n";
import { showAttention } from "./attention";
import { Banner } from "./banner";
import { IconButton } from "./button";
import { Composer, type ComposerHandle, type ComposerTask } from "./composer";
import { DeleteDialog } from "./delete_dialog";
import { keep } from "./keep";
import type { Message } from "./log";
import { Members } from "./members";
import type { MessageActions } from "./message";
import { NameDialog } from "./name_dialog";
import { useModel } from "./notifier";
import { roomTitle } from "./router";
import { Rooms } from "./rooms";
import type { Session } from "./session";
import { Settings } from "./settings";
import { Timeline } from "./timeline";
import { Typing } from "./typing";

type Drawer = "none" | "rooms" | "members";

/** As in the style sheet: below these the side regions become drawers. */
const ROOMS_DRAWER = "(max-width: 760px)";
const MEMBERS_DRAWER = "(max-width: 1080px)";

function useMedia(query: string): boolean {
    const [matches, setMatches] = useState(() => window.matchMedia(query).matches);
    useEffect(() => {
        const media = window.matchMedia(query);
        const changed = (): void => setMatches(media.matches);
        media.addEventListener("change", changed);
        return () => media.removeEventListener("change", changed);
    }, [query]);
    return matches;
}

export function App({ session }: { session: Session }) {
    useModel(session);
    const model = session.room;
    const composer = useRef<ComposerHandle>(null);
    const [drawer, setDrawer] = useState<Drawer>("none");
    const [showsRooms, setShowsRooms] = useState(keep.showsRooms);
    const [showsMembers, setShowsMembers] = useState(keep.showsMembers);
    const [hasSettings, setSettings] = useState(false);
    const [task, setTask] = useState<ComposerTask | undefined>();
    const [doomed, setDoomed] = useState<Message | undefined>();
    const isRoomsDrawer = useMedia(ROOMS_DRAWER);
    const isMembersDrawer = useMedia(MEMBERS_DRAWER);
    const asksName = session.wasOnline && !session.isNamed && session.user !== undefined;

    useEffect(() => {
        showAttention(session.unread, roomTitle(session.current));
    });
    useEffect(() => {
        setTask(undefined);
        setDrawer("none");
        if (!asksName && !window.matchMedia("(pointer: coarse)").matches) composer.current?.focus();
    }, [session.current, asksName]);
    useShortcuts(session, () => {
        if (drawer !== "none") setDrawer("none");
        else if (task) setTask(undefined);
        else model.clearDivider();
    });

    const toggleRooms = (): void => {
        if (isRoomsDrawer) return setDrawer(drawer === "rooms" ? "none" : "rooms");
        keep.showsRooms = !showsRooms;
        setShowsRooms(!showsRooms);
    };
    const toggleMembers = (): void => {
        if (isMembersDrawer) return setDrawer(drawer === "members" ? "none" : "members");
        keep.showsMembers = !showsMembers;
        setShowsMembers(!showsMembers);
    };
    const seesRooms = isRoomsDrawer ? drawer === "rooms" : showsRooms;
    const seesMembers = isMembersDrawer ? drawer === "members" : showsMembers;
    const actions = useRef<MessageActions>(actionsOf(session, (next) => {
        setTask(next);
        composer.current?.focus();
    }, setDoomed));

    const classes = ["app", seesRooms ? "has-rooms" : "", seesMembers ? "has-members" : "", drawer === "none" ? "" : "has-drawer"];
    return (
        <div class={classes.join(" ")}>
            <a class="skip-link" href="#composer" onClick={(event) => skip(event, composer.current)}>
                {t("app.skip")}
            </a>
            <Rooms session={session} isOpen={seesRooms} onPick={() => setDrawer("none")} onSettings={() => setSettings(true)} />
            <main class="room" inert={drawer !== "none"}>
                <header class="room-header">
                    <IconButton icon="rooms" label={t(seesRooms ? "rooms.hide" : "rooms.show")} onClick={toggleRooms} isExpanded={seesRooms} />
                    <h1 class="room-title">
                        <bdi>{roomTitle(model.name)}</bdi>
                    </h1>
                    {model.name.startsWith("~") && <span class="room-topic">{t("rooms.ephemeral")}</span>}
                    <button
                        type="button"
                        class="room-people"
                        aria-expanded={seesMembers}
                        aria-label={`${t("members.count", { count: model.count })}. ${t(seesMembers ? "members.hide" : "members.show")}`}
                        title={t(seesMembers ? "members.hide" : "members.show")}
                        onClick={toggleMembers}
                    >
                        <span class="presence-dot" />
                        {t("members.count", { count: model.count })}
                    </button>
                </header>
                <Banner session={session} />
                <Timeline key={model.name} model={model} session={session} actions={actions.current} />
                <Typing model={model} />
                <Composer key={`composer-${model.name}`} handle={composer} model={model} session={session} task={task} onTask={setTask} />
            </main>
            <Members model={model} session={session} isOpen={seesMembers} onClose={toggleMembers} />
            <div class="scrim" onClick={() => setDrawer("none")} />
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
