// SPDX-License-Identifier: Apache-2.0
// The left region: the rooms that one follows, the others that there are, and oneself.
import type { RoomInfo } from "natter-client";
import { useState } from "preact/hooks";
import { t } from "../i18n";
import { Avatar } from "./avatar";
import { IconButton } from "./button";
import { directTitle, isDirect, partners } from "./direct";
import { byName } from "./format";
import { Icon, Logo } from "./icons";
import { keep, type Theme } from "./keep";
import { useModel } from "./notifier";
import type { RoomModel } from "./room_model";
import { foldRoomName, hashOf, roomTitle } from "./router";
import type { Session } from "./session";
import { applyTheme, nextTheme } from "./theme";

interface RoomsProps {
    session: Session;
    isOpen: boolean;
    onPick: () => void;
    onSettings: () => void;
    onSwitch: () => void;
}

const OTHERS_MAX = 50;

export function Rooms({ session, isOpen, onPick, onSettings, onSwitch }: RoomsProps) {
    useModel(session);
    const all = [...session.rooms.values()];
    const models = all.filter(({ name }) => !isDirect(name)).sort(byName);
    const directs = all.filter(({ name }) => isDirect(name)).sort(byActivity);
    const others = session.directory
        .filter(({ room }) => !session.rooms.has(room))
        .sort((a, b) => b.count - a.count || b.seq - a.seq)
        .slice(0, OTHERS_MAX);
    return (
        <nav class="rooms" aria-label={t("app.rooms")} inert={!isOpen}>
            <header class="rooms-header">
                <Logo />
                <span class="wordmark">natter</span>
                <IconButton
                    icon="search"
                    class="rooms-switch"
                    label={t("switcher.open")}
                    testId="switcher-open"
                    onClick={onSwitch}
                />
            </header>
            <div class="rooms-scroll">
                <h2 class="side-title">{t("rooms.yours")}</h2>
                <ul class="room-list" data-testid="room-list">
                    {models.map((model) => (
                        <FollowedRoom key={model.name} model={model} session={session} onPick={onPick} />
                    ))}
                </ul>
                {directs.length > 0 && <h2 class="side-title">{t("rooms.direct")}</h2>}
                <ul class="room-list" data-testid="direct-list">
                    {directs.map((model) => (
                        <FollowedRoom key={model.name} model={model} session={session} onPick={onPick} />
                    ))}
                </ul>
                {others.length > 0 && <h2 class="side-title">{t("rooms.others")}</h2>}
                <ul class="room-list">
                    {others.map((info) => (
                        <OtherRoom key={info.room} info={info} onPick={onPick} />
                    ))}
                </ul>
            </div>
            <RoomForm session={session} onPick={onPick} />
            <Self session={session} onSettings={onSettings} />
        </nav>
    );
}

function FollowedRoom({ model, session, onPick }: { model: RoomModel; session: Session; onPick: () => void }) {
    const isCurrent = model.name === session.current;
    const { unread } = model;
    const classes = ["room-item", isCurrent ? "is-current" : "", unread > 0 ? "is-unread" : ""];
    return (
        <li class={classes.join(" ")} data-testid="room-item" data-room={model.name} data-unread={unread}>
            <a
                class="room-link"
                href={hashOf(model.name)}
                aria-current={isCurrent ? "page" : undefined}
                onClick={onPick}
            >
                <RoomName name={model.name} />
                <Badges unread={unread} mentions={model.mentionCount} isDirect={isDirect(model.name)} />
            </a>
            <IconButton
                icon="close"
                class="room-leave"
                label={t("rooms.leave", { room: roomTitle(model.name) })}
                onClick={() => session.leave(model.name)}
            />
        </li>
    );
}

/** How often one is named counts for itself; in a direct room everything is meant for one. */
function Badges({ unread, mentions, isDirect }: { unread: number; mentions: number; isDirect: boolean }) {
    const shown = (count: number): string => (count > 99 ? "99+" : String(count));
    return (
        <>
            {mentions > 0 && !isDirect && (
                <span class="badge is-mention" data-testid="mentions">
                    <span aria-hidden="true">@{shown(mentions)}</span>
                    <span class="only-heard">{t("rooms.mentions", { count: mentions })}</span>
                </span>
            )}
            {unread > 0 && (
                <span class={`badge${isDirect ? " is-mention" : ""}`}>
                    <span aria-hidden="true">{shown(unread)}</span>
                    <span class="only-heard">{t("rooms.unread", { count: unread })}</span>
                </span>
            )}
        </>
    );
}

/** What was written last comes first. */
function byActivity(a: RoomModel, b: RoomModel): number {
    const at = ({ log: { messages } }: RoomModel): number => messages[messages.length - 1]?.at ?? 0;
    return at(b) - at(a);
}

function OtherRoom({ info, onPick }: { info: RoomInfo; onPick: () => void }) {
    return (
        <li class="room-item is-other" data-testid="room-item" data-room={info.room}>
            <a class="room-link" href={hashOf(info.room)} onClick={onPick}>
                <RoomName name={info.room} />
                <span class="room-count" title={t("rooms.people", { count: info.count })}>
                    <span aria-hidden="true">{info.count > 0 ? info.count : ""}</span>
                    <span class="only-heard">{t("rooms.people", { count: info.count })}</span>
                </span>
            </a>
        </li>
    );
}

function RoomName({ name }: { name: string }) {
    if (isDirect(name)) return <DirectName room={name} />;
    const isEphemeral = name.startsWith("~");
    return (
        <>
            <span class="room-mark" aria-hidden="true">
                {isEphemeral ? "~" : "#"}
            </span>
            <bdi class="room-name">{isEphemeral ? name.slice(1) : name}</bdi>
        </>
    );
}

function DirectName({ room }: { room: string }) {
    const [first] = partners(room);
    return (
        <>
            {first && <Avatar user={first} isSmall />}
            <bdi class="room-name">{directTitle(room)}</bdi>
        </>
    );
}

function RoomForm({ session, onPick }: { session: Session; onPick: () => void }) {
    const [typed, setTyped] = useState("");
    const [isWrong, setWrong] = useState(false);
    const submit = (event: Event): void => {
        event.preventDefault();
        if (typed.trim() === "") return;
        const name = foldRoomName(typed);
        setWrong(name === undefined);
        if (name === undefined) return;
        setTyped("");
        session.go(name);
        onPick();
    };
    return (
        <form class="room-form" onSubmit={submit}>
            <div class="room-form-row">
                <input
                    class="input"
                    data-testid="room-create-input"
                    aria-label={t("rooms.create.label")}
                    aria-invalid={isWrong}
                    aria-describedby={isWrong ? "room-problem" : undefined}
                    placeholder={t("rooms.create.placeholder")}
                    value={typed}
                    maxLength={80}
                    autocomplete="off"
                    autocapitalize="none"
                    spellcheck={false}
                    dir={typed === "" ? undefined : "auto"}
                    onInput={(event) => {
                        setTyped(event.currentTarget.value);
                        setWrong(false);
                    }}
                />
                <button
                    type="submit"
                    class="icon-button is-solid"
                    aria-label={t("rooms.create.submit")}
                    title={t("rooms.create.submit")}
                    data-testid="room-create-submit"
                >
                    <Icon name="plus" />
                </button>
            </div>
            {isWrong && (
                <p class="problem" id="room-problem" role="alert">
                    {t("rooms.invalid")}
                </p>
            )}
        </form>
    );
}

const THEME_ICONS = { system: "system", light: "sun", dark: "moon" } as const;

function Self({ session, onSettings }: { session: Session; onSettings: () => void }) {
    const [theme, setTheme] = useState<Theme>(keep.theme);
    const { user } = session;
    const change = (): void => {
        const next = nextTheme(keep.theme);
        applyTheme(next);
        setTheme(next);
    };
    const shown = keep.theme === theme ? theme : keep.theme;
    return (
        <footer class="self">
            {user && <Avatar user={user} />}
            <bdi class="self-name" title={user?.name}>
                {user?.name ?? ""}
            </bdi>
            <IconButton
                icon={THEME_ICONS[shown]}
                label={t("settings.toggleTheme", { theme: t(`settings.theme.${shown}`) })}
                testId="theme-toggle"
                onClick={change}
            />
            <IconButton icon="settings" label={t("settings.open")} testId="settings-open" onClick={onSettings} />
        </footer>
    );
}
