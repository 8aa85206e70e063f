// SPDX-License-Identifier: Apache-2.0
// The quiet tick behind a room's name while everything is there, and the words for what is not.
import type { Hole } from "natter-client";
import { t } from "../i18n";
import { clockTime } from "./format";
import { Icon } from "./icons";
import { useModel } from "./notifier";
import type { RoomModel } from "./room_model";

/** Told once to whoever listens; while it stays true nothing changes that could be read out again. */
export function CompleteMark({ model }: { model: RoomModel }) {
    useModel(model);
    return (
        <span class="complete-place" role="status">
            {model.watch.isComplete && model.watch.holes.length === 0 && (
                <span class="complete" title={t("complete.tick")} data-testid="complete">
                    <Icon name="check" />
                    <span class="complete-text">{t("complete.tick")}</span>
                </span>
            )}
        </span>
    );
}

export function Holes({ model }: { model: RoomModel }) {
    useModel(model);
    const { holes, isLoading } = model.watch;
    const count = holes.reduce((sum, { from, to }) => sum + to - from + 1, 0);
    return (
        <div class="banner-place" role="status">
            {holes.length > 0 && (
                <div class="banner" data-testid="holes">
                    <Icon name="alert" />
                    <span class="banner-text">{holes.map((hole) => described(model, hole)).join(" ")}</span>
                    <button
                        type="button"
                        class="button is-small"
                        data-testid="holes-load"
                        disabled={isLoading}
                        onClick={() => void model.watch.load()}
                    >
                        {isLoading ? t("timeline.loading") : t("complete.load", { count })}
                    </button>
                </div>
            )}
        </div>
    );
}

function described({ log }: RoomModel, { from, to }: Hole): string {
    const count = to - from + 1;
    const before = log.messages.filter(({ seq }) => seq < from).pop();
    const after = log.messages.find(({ seq }) => seq > to);
    if (before && after)
        return t("complete.between", { count, from: clockTime(before.at), to: clockTime(after.at) });
    if (before) return t("complete.after", { count, from: clockTime(before.at) });
    return t("complete.missing", { count });
}
