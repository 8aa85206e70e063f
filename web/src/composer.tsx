// SPDX-License-Identifier: Apache-2.0
// Where messages are written. The text is kept per room until it is sent, over reloads too.
import { ChatError } from "natter-client";
import type { RefObject } from "preact";
import { useImperativeHandle, useLayoutEffect, useRef, useState } from "preact/hooks";
import { t } from "../i18n";
import { IconButton } from "./button";
import { preview } from "./format";
import { Icon } from "./icons";
import { keep } from "./keep";
import type { Message } from "./log";
import { problemText } from "./problem";
import type { RoomModel } from "./room_model";
import { roomTitle } from "./router";
import type { Session } from "./session";
import { enterSends } from "./settings";

export interface ComposerHandle {
    focus(): void;
}

export interface ComposerTask {
    kind: "reply" | "edit";
    message: Message;
}

interface ComposerProps {
    handle: RefObject<ComposerHandle>;
    model: RoomModel;
    session: Session;
    task: ComposerTask | undefined;
    onTask: (task: ComposerTask | undefined) => void;
}

/** From here on it is told how much room is left. */
const NEAR_BYTES = 300;
const IME_KEY_CODE = 229;

interface Writing {
    text: string;
    problem: string;
    /** Bytes that the server would still take. */
    left: number;
    canSend: boolean;
    write: (next: string) => void;
    submit: () => void;
}

/** The text in the field: a draft that is kept, or for a while the message that is edited. */
function useWriting({ model, session, task, onTask }: ComposerProps): Writing {
    const [text, setText] = useState(() => keep.draft(model.name));
    const [problem, setProblem] = useState("");
    const left = (session.client.limits.text_bytes ?? Infinity) - new TextEncoder().encode(text).length;
    const canSend = text.trim() !== "" && left >= 0;
    useLayoutEffect(() => {
        setProblem("");
        if (task?.kind !== "edit") return undefined;
        setText(task.message.text);
        // The draft comes back when the edit is done.
        return () => setText(keep.draft(model.name));
    }, [task]);

    const write = (next: string): void => {
        setText(next);
        setProblem("");
        if (task?.kind === "edit") return;
        keep.setDraft(model.name, next);
        if (next.trim() !== "") model.room.typing();
    };
    const edit = (message: Message): void => {
        const failed = (refusal: unknown): void =>
            setProblem(problemText(refusal instanceof ChatError ? refusal.code : undefined));
        if (text !== message.text) model.room.edit(message.seq, { text }).catch(failed);
    };
    const send = (): void => {
        model.room.send({ text: text.trim(), ...(task ? { replyTo: task.message.seq } : {}) });
        keep.setDraft(model.name, "");
        setText("");
    };
    const submit = (): void => {
        if (!canSend) return;
        if (task?.kind === "edit") edit(task.message);
        else send();
        onTask(undefined);
    };
    return { text, problem, left, canSend, write, submit };
}

export function Composer(props: ComposerProps) {
    const { handle, model, session, task, onTask } = props;
    const area = useRef<HTMLTextAreaElement>(null);
    const { text, problem, left, canSend, write, submit } = useWriting(props);
    const room = roomTitle(model.name);
    const sendLabel = t(task?.kind === "edit" ? "composer.save" : "composer.send");
    useImperativeHandle(handle, () => ({ focus: () => focusAfresh(area.current) }), []);
    useLayoutEffect(() => fitHeight(area.current), [text]);

    const pressed = (event: KeyboardEvent): void => {
        // While an input method composes, Enter belongs to it.
        if (event.isComposing || event.keyCode === IME_KEY_CODE) return;
        const wantsSend = event.ctrlKey || event.metaKey || (enterSends() && !event.shiftKey && !event.altKey);
        const last = event.key === "ArrowUp" && text === "" && !event.altKey ? model.lastOwn() : undefined;
        if (event.key === "Enter" && wantsSend) {
            event.preventDefault();
            submit();
        } else if (last) {
            event.preventDefault();
            onTask({ kind: "edit", message: last });
        }
    };
    const submitted = (event: Event): void => {
        event.preventDefault();
        submit();
        area.current?.focus();
    };

    return (
        <form id="composer" class="composer" onSubmit={submitted}>
            {task && <TaskLine task={task} onEnd={() => onTask(undefined)} />}
            <div class="composer-box">
                <textarea
                    ref={area}
                    class="composer-input"
                    data-testid="composer-input"
                    rows={1}
                    value={text}
                    placeholder={t("composer.placeholder", { room })}
                    aria-label={t("composer.label", { room })}
                    aria-describedby="composer-note"
                    aria-invalid={left < 0}
                    dir="auto"
                    enterkeyhint={enterSends() ? "send" : "enter"}
                    disabled={model.refusal !== undefined}
                    onInput={(event) => write(event.currentTarget.value)}
                    onKeyDown={pressed}
                />
                <button
                    type="submit"
                    class="composer-send"
                    data-testid="composer-send"
                    disabled={!canSend}
                    aria-label={sendLabel}
                    title={sendLabel}
                >
                    <Icon name={task?.kind === "edit" ? "check" : "send"} />
                </button>
            </div>
            <p class={`composer-note${left < 0 || problem ? " is-problem" : ""}`} id="composer-note">
                {problem || note(left, session)}
            </p>
        </form>
    );
}

function note(left: number, session: Session): string {
    if (left < 0) return t("composer.over", { count: -left });
    if (left < NEAR_BYTES) return t("composer.left", { count: left });
    if (session.trouble) return session.trouble.state === "closed" ? "" : t("composer.offline");
    return enterSends() ? t("composer.hint") : "";
}

function TaskLine({ task, onEnd }: { task: ComposerTask; onEnd: () => void }) {
    const { name } = task.message.user;
    return (
        <div class="composer-task">
            <Icon name={task.kind === "reply" ? "reply" : "edit"} />
            <span class="composer-task-title">
                {task.kind === "edit" ? t("composer.editing") : t("composer.replying", { name: `\u2068${name}\u2069` })}
            </span>
            {task.kind === "reply" && (
                <span class="composer-task-text" dir="auto">
                    {preview(task.message.text)}
                </span>
            )}
            <IconButton icon="close" label={t("app.cancel")} onClick={onEnd} />
        </div>
    );
}

/**
 * A dialog that closes gives the focus back while everything else still counts as inert, and Chromium then shows the
 * focus but takes no text. Focusing anew repairs that.
 */
function focusAfresh(area: HTMLTextAreaElement | null): void {
    area?.blur();
    area?.focus();
}

/** As high as its text, up to the limit in the style sheet. */
function fitHeight(area: HTMLTextAreaElement | null): void {
    if (!area) return;
    area.style.height = "auto";
    area.style.height = `${area.scrollHeight}px`;
}
