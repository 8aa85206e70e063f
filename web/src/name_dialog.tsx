// SPDX-License-Identifier: Apache-2.0
// The first thing that a newcomer sees: choose a name, or keep the one that was drawn.
import { useEffect, useRef } from "preact/hooks";
import { t } from "../i18n";
import { Dialog } from "./dialog";
import { NameForm } from "./name_form";
import type { Session } from "./session";

export function NameDialog({ session }: { session: Session }) {
    const input = useRef<HTMLInputElement>(null);
    const drawn = session.user?.name ?? "";
    useEffect(() => {
        input.current?.focus();
    }, []);
    return (
        <Dialog title={t("name.title")} testId="name-dialog" class="name-dialog">
            <p class="dialog-lead">{t("name.lead")}</p>
            <NameForm session={session} inputRef={input} submitLabel={t("name.submit")} placeholder={drawn} isFirst />
            <button
                type="button"
                class="button is-quiet is-wide"
                data-testid="name-keep"
                onClick={() => session.named()}
            >
                {t("name.keep", { name: drawn })}
            </button>
        </Dialog>
    );
}
