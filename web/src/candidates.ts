// SPDX-License-Identifier: Apache-2.0
// What can be put in for a word that is being typed, from what the page knows of people, rooms, emoji and commands.
import type { User } from "natter-client";
import { useEffect, useMemo, useState } from "preact/hooks";
import { t } from "../i18n";
import { type Candidate, type Completion, ranked } from "./completion";
import { type Emoji, loadEmoji } from "./emoji";
import type { RoomModel } from "./room_model";
import type { Session } from "./session";
import { COMMANDS } from "./slash";

/** How far back somebody counts as part of the conversation. */
const RECENT_MESSAGES = 200;

export function useCandidates(completion: Completion | undefined, model: RoomModel, session: Session): Candidate[] {
    const [emoji, setEmoji] = useState<readonly Emoji[]>([]);
    const wantsEmoji = completion?.kind === "emoji";
    useEffect(() => {
        if (!wantsEmoji) return;
        loadEmoji().then(setEmoji, () => undefined);
    }, [wantsEmoji]);
    return useMemo(() => {
        if (!completion) return [];
        switch (completion.kind) {
            case "user":
                return ranked(completion.query, users(model, session.user));
            case "room":
                return ranked(completion.query, rooms(session));
            case "command":
                return ranked(completion.query, commands());
            case "emoji":
                return ranked(completion.query, emoji.map(candidateOfEmoji));
        }
    }, [completion?.kind, completion?.query, completion?.from, emoji]);
}

/** Who spoke last comes first; oneself is not among them. */
function users(model: RoomModel, me: User | undefined): Candidate[] {
    const found = new Map<string, User>();
    for (const { user } of model.log.messages.slice(-RECENT_MESSAGES).reverse()) found.set(user.id, user);
    for (const user of model.members.values()) found.set(user.id, user);
    if (me) found.delete(me.id);
    return [...found.values()].map(({ id, name }) => ({
        id,
        names: [name],
        insert: `@${name}`,
        userId: id,
        ...(model.members.has(id) ? {} : { detail: t("complete.away") }),
    }));
}

function rooms(session: Session): Candidate[] {
    const names = new Set([...session.rooms.keys(), ...session.directory.map(({ room }) => room)]);
    return [...names].map((name) => ({ id: name, names: [name], insert: `#${name}`, glyph: "#" }));
}

function commands(): Candidate[] {
    return COMMANDS.map(({ name, argument, about }) => ({
        id: name,
        names: [name],
        insert: `/${name}`,
        glyph: "/",
        detail: argument ? `${t(argument)}: ${t(about)}` : t(about),
    }));
}

function candidateOfEmoji({ emoji, names }: Emoji): Candidate {
    return { id: emoji, names, insert: emoji, glyph: emoji };
}
