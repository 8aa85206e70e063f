// SPDX-License-Identifier: Apache-2.0
// Above the timeline: which room this is, and the ways to the outer regions.
import { t } from "../i18n";
import { IconButton } from "./button";
import { CompleteMark } from "./holes";
import type { Panels } from "./panels";
import type { RoomModel } from "./room_model";
import { roomTitle } from "./router";

export function RoomHeader({ model, panels }: { model: RoomModel; panels: Panels }) {
    const { seesRooms, seesMembers } = panels;
    const count = t("members.count", { count: model.count });
    const membersLabel = t(seesMembers ? "members.hide" : "members.show");
    return (
        <header class="room-header">
            <IconButton
                icon="rooms"
                label={t(seesRooms ? "rooms.hide" : "rooms.show")}
                onClick={panels.toggleRooms}
                isExpanded={seesRooms}
            />
            <h1 class="room-title">
                <bdi>{roomTitle(model.name)}</bdi>
            </h1>
            <CompleteMark model={model} />
            {model.name.startsWith("~") && <span class="room-topic">{t("rooms.ephemeral")}</span>}
            <button
                type="button"
                class="room-people"
                aria-expanded={seesMembers}
                aria-label={`${count}. ${membersLabel}`}
                title={membersLabel}
                onClick={panels.toggleMembers}
            >
                <span class="presence-dot" />
                {count}
            </button>
        </header>
    );
}
