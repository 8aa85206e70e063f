// SPDX-License-Identifier: Apache-2.0
// Goes to a room by a few letters of its name: those with something unread first, then as they were looked at.
import { useEffect, useRef, useState } from "preact/hooks";
import { t } from "../i18n";
import { ranked } from "./completion";
import { Dialog } from "./dialog";
import { foldRoomName, roomTitle } from "./router";
import type { Session } from "./session";

interface Place {
    room: string;
    names: readonly string[];
    unread: number;
    isNew: boolean;
}

const PLACES_MAX = 12;
const LIST_ID = "switcher-list";

function placesOf(session: Session, query: string): Place[] {
    const place = (room: string, isNew = false): Place => ({
        room,
        names: [room],
        unread: session.rooms.get(room)?.unread ?? 0,
        isNew,
    });
    const known = [...new Set([...session.recent, ...session.rooms.keys()])].filter((room) => session.rooms.has(room));
    const all = [...new Set([...known, ...session.directory.map(({ room }) => room)])].map((room) => place(room));
    const trimmed = query.trim().toLowerCase().replace(/^#/, "");
    if (trimmed === "") {
        const others = all.filter(({ room }) => room !== session.current);
        return [...others].sort((a, b) => Number(b.unread > 0) - Number(a.unread > 0)).slice(0, PLACES_MAX);
    }
    const found = ranked(trimmed, all, { max: PLACES_MAX, isFuzzy: true });
    const named = foldRoomName(query);
    return named === undefined || found.some(({ room }) => room === named) ? found : [...found, place(named, true)];
}

export function Switcher({ session, onClose }: { session: Session; onClose: () => void }) {
    const input = useRef<HTMLInputElement>(null);
    const [query, setQuery] = useState("");
    const [chosen, setChosen] = useState(0);
    useEffect(() => input.current?.focus(), []);
    const places = placesOf(session, query);
    const go = (place: Place | undefined): void => {
        if (!place) return;
        onClose();
        session.go(place.room);
    };
    const pressed = (event: KeyboardEvent): void => {
        if (event.isComposing) return;
        const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
        if (step !== 0) setChosen((chosen + step + places.length) % Math.max(1, places.length));
        else if (event.key === "Enter") go(places[chosen]);
        else return;
        event.preventDefault();
    };
    return (
        <Dialog title={t("switcher.title")} onClose={onClose} testId="switcher" class="switcher">
            <input
                ref={input}
                class="input"
                data-testid="switcher-input"
                role="combobox"
                aria-expanded={places.length > 0}
                aria-controls={LIST_ID}
                aria-activedescendant={places.length > 0 ? `${LIST_ID}-${chosen}` : undefined}
                aria-label={t("switcher.title")}
                placeholder={t("switcher.placeholder")}
                value={query}
                autocomplete="off"
                autocapitalize="none"
                spellcheck={false}
                dir="auto"
                onInput={(event) => {
                    setQuery(event.currentTarget.value);
                    setChosen(0);
                }}
                onKeyDown={pressed}
            />
            <ul class="switcher-list" role="listbox" id={LIST_ID} aria-label={t("app.rooms")}>
                {places.map((place, index) => (
                    <li
                        key={place.room}
                        id={`${LIST_ID}-${index}`}
                        role="option"
                        aria-selected={index === chosen}
                        class={`switcher-item${index === chosen ? " is-chosen" : ""}`}
                        data-testid="switcher-item"
                        onClick={() => go(place)}
                        onMouseMove={() => index !== chosen && setChosen(index)}
                    >
                        <bdi>
                            {place.isNew
                                ? t("switcher.new", { room: roomTitle(place.room) })
                                : roomTitle(place.room)}
                        </bdi>
                        {place.unread > 0 && <span class="badge">{place.unread > 99 ? "99+" : place.unread}</span>}
                    </li>
                ))}
            </ul>
            {places.length === 0 && <p class="soft">{t("switcher.none")}</p>}
        </Dialog>
    );
}
