// SPDX-License-Identifier: Apache-2.0
// Asks before a message is deleted for everybody.
import { ChatError } from "natter-client";
import { useState } from "preact/hooks";
import { t } from "../i18n";
import { Dialog } from "./dialog";
import type { Message } from "./log";
import { problemText } from "./problem";
import type { RoomModel } from "./room_model";

export function DeleteDialog({ model, message, onClose }: { model: RoomModel; message: Message; onClose: () => void }) {
    const [problem, setProblem] = useState("");
    const [isBusy, setBusy] = useState(false);
    const confirm = async (): Promise<void> => {
        setBusy(true);
        try {
            await model.room.delete(message.seq);
            onClose();
        } catch (refusal) {
            setProblem(refusal instanceof ChatError ? problemText(refusal.code) : String(refusal));
            setBusy(false);
        }
    };
    return (
        <Dialog title={t("delete.title")} onClose={onClose} testId="delete-dialog">
            <blockquote class="dialog-quote" dir="auto">
                {message.text}
            </blockquote>
            <p class="dialog-lead">{t("delete.lead")}</p>
            <p class="problem" role="alert">
                {problem}
            </p>
            <div class="dialog-buttons">
                <button type="button" class="button" onClick={onClose}>
                    {t("app.cancel")}
                </button>
                <button
                    type="button"
                    class="button is-danger"
                    data-testid="delete-confirm"
                    disabled={isBusy}
                    onClick={() => void confirm()}
                >
                    {t("delete.confirm")}
                </button>
            </div>
        </Dialog>
    );
}
