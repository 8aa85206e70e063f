// SPDX-License-Identifier: Apache-2.0
// What the server has noticed of the proxy in front of it, for whoever can do something about it. It can be hidden; it
// comes back only if it was over in between.
import { useEffect, useState } from "preact/hooks";
import { type Key, t } from "../i18n";
import { Icon } from "./icons";
import { keep } from "./keep";
import type { ServerNotice } from "./lookout";
import { useModel } from "./notifier";
import type { Session } from "./session";

const TEXTS: Readonly<Record<string, Key>> = {
    upgrade_dropped: "fault.upgrade_dropped",
    sockets_missing: "fault.sockets_missing",
    origin_refused: "fault.origin_refused",
    silence_cut: "fault.silence_cut",
    forwarded_not_believed: "fault.forwarded_not_believed",
    forwarded_missing: "fault.forwarded_missing",
};

export function faultText({ notice, text }: ServerNotice): string {
    const key = TEXTS[notice];
    return key === undefined ? text : t(key);
}

export function Cure({ notice }: { notice: ServerNotice }) {
    return (
        <a href={`./${notice.help}`} target="_blank" rel="noopener" data-testid="cure">
            {t("fault.cure")}
        </a>
    );
}

export function Notices({ session }: { session: Session }) {
    useModel(session);
    const { notices } = session.lookout;
    const [hidden, setHidden] = useState(keep.hiddenNotices);
    const hide = (names: string[]): void => {
        keep.hiddenNotices = names;
        setHidden(names);
    };
    useEffect(() => {
        const lasting = hidden.filter((name) => notices.some(({ notice }) => notice === name));
        if (session.lookout.hasLooked && lasting.length < hidden.length) hide(lasting);
    }, [notices]);
    const shown = session.trouble ? undefined : notices.find(({ notice }) => !hidden.includes(notice));
    return (
        <div class="banner-place" role="status">
            {shown && (
                <div class="banner" data-testid="notice" data-notice={shown.notice}>
                    <Icon name="alert" />
                    <span class="banner-text">
                        {faultText(shown)} <Cure notice={shown} />
                    </span>
                    <button
                        type="button"
                        class="button is-small"
                        data-testid="notice-hide"
                        onClick={() => hide([...hidden, shown.notice])}
                    >
                        {t("fault.dismiss")}
                    </button>
                </div>
            )}
        </div>
    );
}
