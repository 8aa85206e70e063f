// SPDX-License-Identifier: Apache-2.0
// The right region: who is in the room.
import { t } from "../i18n";
import { Avatar } from "./avatar";
import { IconButton } from "./button";
import { byName } from "./format";
import { useModel } from "./notifier";
import type { RoomModel } from "./room_model";
import type { Session } from "./session";

interface MembersProps {
    model: RoomModel;
    session: Session;
    isOpen: boolean;
    onClose: () => void;
}

const SHOWN_MAX = 200;

export function Members({ model, session, isOpen, onClose }: MembersProps) {
    useModel(model);
    const members = [...model.members.values()].sort(byName);
    const shown = members.slice(0, SHOWN_MAX);
    const more = Math.max(model.count, members.length) - shown.length;
    const isAlone = model.isJoined && members.length === 1 && members[0]?.id === session.user?.id;
    return (
        <aside class="members" aria-label={t("app.members")} inert={!isOpen}>
            <header class="members-header">
                <h2 class="members-title">{t("app.members")}</h2>
                <span class="members-count">{model.count}</span>
                <IconButton icon="close" label={t("members.hide")} class="members-close" onClick={onClose} />
            </header>
            <ul class="member-list" data-testid="members" tabIndex={0} aria-label={t("app.members")}>
                {shown.map((user) => (
                    <li key={user.id} class="member" data-testid="member" data-user={user.id}>
                        <Avatar user={user} isSmall />
                        <bdi class="member-name">{user.name}</bdi>
                        {user.id === session.user?.id ? (
                            <span class="member-you">{t("app.you")}</span>
                        ) : (
                            <IconButton
                                icon="direct"
                                class="member-direct"
                                label={t("members.direct", { name: `\u2068${user.name}\u2069` })}
                                testId="member-direct"
                                onClick={() => void session.talkTo(user.id).catch(() => undefined)}
                            />
                        )}
                    </li>
                ))}
                {more > 0 && <li class="member-more">{t("members.more", { count: more })}</li>}
            </ul>
            {isAlone && <p class="members-hint">{t("members.alone")}</p>}
        </aside>
    );
}
