// SPDX-License-Identifier: Apache-2.0
// Says what is wrong with the connection once that has lasted a while, when it goes on by itself, and what one can do.
import type { StateChange } from "natter-client";
import { useEffect, useState } from "preact/hooks";
import { type Key, t } from "../i18n";
import { Icon } from "./icons";
import { Cure, faultText } from "./notices";
import { useModel } from "./notifier";
import type { Session } from "./session";
import { takeNew } from "./worker_link";

const TICK_MS = 500;

export function Banner({ session }: { session: Session }) {
    useModel(session);
    const { trouble, retryAt, waiting } = session;
    const { fault } = session.lookout;
    const [, tick] = useState(0);
    const isCounting = trouble !== undefined && retryAt !== undefined;
    useEffect(() => {
        if (!isCounting) return undefined;
        const timer = window.setInterval(() => tick((count) => count + 1), TICK_MS);
        return () => window.clearInterval(timer);
    }, [isCounting]);

    const isOver = trouble?.state === "closed";
    return (
        <div class="banner-place" role="status" aria-live="polite">
            {trouble && (
                <div
                    class={`banner${isOver ? " is-over" : ""}`}
                    data-testid="connection-banner"
                    data-state={trouble.state}
                    data-reason={trouble.reason}
                    data-fault={fault?.notice}
                >
                    <Icon name="alert" />
                    <span class="banner-text">
                        <strong>{fault ? faultText(fault) : headline(trouble)}</strong>{" "}
                        {fault && <Cure notice={fault} />}{" "}
                        <span aria-hidden="true">{rest(trouble, retryAt)}</span>
                        {waiting > 0 && (
                            <span class="banner-waiting" data-testid="waiting">
                                {t("connection.waiting", { count: waiting })}
                            </span>
                        )}
                    </span>
                    <button
                        type="button"
                        class="button is-small"
                        disabled={trouble.state === "connecting"}
                        onClick={() => session.retry()}
                    >
                        {t(isOver ? "connection.again" : "connection.retry")}
                    </button>
                </div>
            )}
            {session.hasNewPage && !trouble && (
                <div class="banner is-quiet" data-testid="new-page">
                    <Icon name="check" />
                    <span class="banner-text">{t("connection.newPage")}</span>
                    <button type="button" class="button is-small" onClick={takeNew}>
                        {t("connection.reload")}
                    </button>
                </div>
            )}
        </div>
    );
}

function headline({ state, reason }: StateChange): string {
    const byReason: Partial<Record<StateChange["reason"], Key>> = {
        shutdown: "connection.shutdown",
        overloaded: "connection.overloaded",
        unauthorized: "connection.unauthorized",
        removed: "connection.removed",
        refused: "connection.refused",
        start: "connection.connecting",
    };
    if (state === "offline") return t("connection.offline");
    return t(byReason[reason] ?? "connection.lost");
}

function rest({ state, attempt, message }: StateChange, retryAt: number | undefined): string {
    if (state === "closed") return message ?? "";
    if (state === "connecting" || retryAt === undefined) return t("connection.connecting");
    const seconds = Math.max(1, Math.ceil((retryAt - Date.now()) / 1000));
    const count = attempt > 2 ? ` ${t("connection.attempt", { count: attempt })}` : "";
    return t("connection.retryIn", { seconds }) + count;
}
