// SPDX-License-Identifier: Apache-2.0
// What one can do with a message, beside the one that is pointed at.
import { useEffect, useState } from "preact/hooks";
import { t } from "../i18n";
import { IconButton } from "./button";
import type { Message } from "./log";
import type { MessageActions } from "./message";
import { ReactionPicker } from "./reactions";

interface ToolbarProps {
    message: Message;
    isOwn: boolean;
    actions: MessageActions;
    isPicking: boolean;
    onPicking: (isPicking: boolean) => void;
    onPick: (emoji: string) => void;
}

const DONE_MS = 1_500;

export function Toolbar({ message, isOwn, actions, isPicking, onPicking, onPick }: ToolbarProps) {
    return (
        <div class="toolbar" role="group" aria-label={t("message.actions")}>
            <IconButton
                icon="smile"
                label={t("message.react")}
                testId="message-react"
                isExpanded={isPicking}
                onClick={() => onPicking(!isPicking)}
            />
            <IconButton
                icon="reply"
                label={t("message.reply")}
                testId="message-reply"
                onClick={() => actions.reply(message)}
            />
            {isOwn && (
                <IconButton
                    icon="edit"
                    label={t("message.edit")}
                    testId="message-edit"
                    onClick={() => actions.edit(message)}
                />
            )}
            <CopyButton
                icon="copy"
                label={t("message.copy")}
                done={t("message.copied")}
                testId="message-copy"
                onClick={() => void navigator.clipboard?.writeText(message.text).catch(() => undefined)}
            />
            <CopyButton
                icon="link"
                label={t("message.link")}
                done={t("message.linkCopied")}
                testId="message-link"
                onClick={() => actions.link(message)}
            />
            <IconButton
                icon="unread"
                label={t("message.unread")}
                testId="message-unread"
                onClick={() => actions.unread(message)}
            />
            {isOwn && (
                <IconButton
                    icon="trash"
                    label={t("message.delete")}
                    testId="message-delete"
                    class="is-danger"
                    onClick={() => actions.delete(message)}
                />
            )}
            {isPicking && <ReactionPicker onPick={onPick} onClose={() => onPicking(false)} />}
        </div>
    );
}

interface CopyButtonProps {
    icon: "copy" | "link";
    label: string;
    done: string;
    testId: string;
    onClick: () => void;
}

/** Says for a moment that it has done its work. */
function CopyButton({ icon, label, done, testId, onClick }: CopyButtonProps) {
    const [isDone, setDone] = useState(false);
    useEffect(() => {
        if (!isDone) return undefined;
        const timer = window.setTimeout(() => setDone(false), DONE_MS);
        return () => window.clearTimeout(timer);
    }, [isDone]);
    const click = (): void => {
        setDone(true);
        onClick();
    };
    return (
        <IconButton icon={isDone ? "check" : icon} label={isDone ? done : label} testId={testId} onClick={click} />
    );
}
