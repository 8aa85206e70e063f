// SPDX-License-Identifier: Apache-2.0
// Where messages are written. The text is kept per room until it is sent, over reloads too.
import type { RefObject } from "preact";
import { useEffect, useImperativeHandle, useLayoutEffect, useRef, useState } from "preact/hooks";
import { t } from "../i18n";
import { IconButton } from "./button";
import { CandidateList, optionId } from "./candidate_list";
import { useCandidates } from "./candidates";
import { type Candidate, completed, type Completion, completionAt } from "./completion";
import { EmojiPicker } from "./emoji_picker";
import { preview } from "./format";
import { Icon } from "./icons";
import type { RoomModel } from "./room_model";
import { roomTitle } from "./router";
import type { Session } from "./session";
import { enterSends } from "./settings";
import { type ComposerTask, useWriting, type Writing } from "./writing";

export type { ComposerTask } from "./writing";

export interface ComposerHandle {
    focus(): void;
}

interface ComposerProps {
    handle: RefObject<ComposerHandle>;
    model: RoomModel;
    session: Session;
    task: ComposerTask | undefined;
    onTask: (task: ComposerTask | undefined) => void;
    onHelp: () => void;
}

/** From here on it is told how much room is left. */
const NEAR_BYTES = 300;
const IME_KEY_CODE = 229;
const LIST_ID = "composer-candidates";

interface Completing {
    completion: Completion | undefined;
    candidates: readonly Candidate[];
    chosen: number;
    point: (index: number) => void;
    choose: (candidate: Candidate) => void;
    /** Looks again at what stands in front of the caret. */
    look: () => void;
    /** True: the key was meant for the list. */
    press: (event: KeyboardEvent) => boolean;
    close: () => void;
}

function useCompleting(area: RefObject<HTMLTextAreaElement>, writing: Writing, props: ComposerProps): Completing {
    const { text, write } = writing;
    const [completion, setCompletion] = useState<Completion | undefined>();
    const [chosen, setChosen] = useState(0);
    const caret = useRef<number | undefined>();
    const candidates = useCandidates(completion, props.model, props.session);
    useLayoutEffect(() => {
        if (caret.current !== undefined) area.current?.setSelectionRange(caret.current, caret.current);
        caret.current = undefined;
    }, [text]);
    useEffect(() => setChosen(0), [completion?.kind, completion?.query]);

    const close = (): void => setCompletion(undefined);
    const look = (): void => {
        const element = area.current;
        if (!element || element.selectionStart !== element.selectionEnd) return close();
        setCompletion(completionAt(element.value, element.selectionStart));
    };
    const choose = (candidate: Candidate): void => {
        if (!completion) return;
        const next = completed(text, completion, candidate.insert);
        caret.current = next.caret;
        write(next.text);
        close();
    };
    const press = (event: KeyboardEvent): boolean => {
        const { length } = candidates;
        if (length === 0 || event.ctrlKey || event.metaKey || event.altKey) return false;
        const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
        const candidate = candidates[chosen];
        if (step !== 0) setChosen((chosen + step + length) % length);
        else if (event.key === "Escape") close();
        else if ((event.key === "Tab" || event.key === "Enter") && !event.shiftKey && candidate) {
            // What stands there in full needs no completion; the text is meant to be sent.
            const typed = text.slice(completion?.from, completion?.to).toLowerCase();
            if (event.key === "Enter" && typed === candidate.insert.toLowerCase()) return false;
            choose(candidate);
        } else return false;
        event.preventDefault();
        event.stopPropagation();
        return true;
    };
    return { completion, candidates, chosen, point: setChosen, choose, look, press, close };
}

export function Composer(props: ComposerProps) {
    const { handle, model, task, onTask } = props;
    const area = useRef<HTMLTextAreaElement>(null);
    const writing = useWriting(props);
    const completing = useCompleting(area, writing, props);
    const { text, left, problem, submit, write } = writing;
    useImperativeHandle(handle, () => ({ focus: () => focusAfresh(area.current) }), []);
    useLayoutEffect(() => fitHeight(area.current), [text]);

    const pressed = (event: KeyboardEvent): void => {
        // While an input method composes, Enter belongs to it.
        if (event.isComposing || event.keyCode === IME_KEY_CODE || completing.press(event)) return;
        const wantsSend = event.ctrlKey || event.metaKey || (enterSends() && !event.shiftKey && !event.altKey);
        const last = event.key === "ArrowUp" && text === "" && !event.altKey ? model.lastOwn() : undefined;
        if (event.key === "Enter" && wantsSend) {
            event.preventDefault();
            completing.close();
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
    const insert = (emoji: string): void => {
        const at = area.current?.selectionStart ?? text.length;
        write(text.slice(0, at) + emoji + text.slice(area.current?.selectionEnd ?? at));
        area.current?.focus();
    };

    return (
        <form id="composer" class="composer" onSubmit={submitted}>
            {task && <TaskLine task={task} onEnd={() => onTask(undefined)} />}
            {completing.completion && completing.candidates.length > 0 && (
                <CandidateList
                    id={LIST_ID}
                    kind={completing.completion.kind}
                    candidates={completing.candidates}
                    chosen={completing.chosen}
                    onChoose={completing.choose}
                    onPoint={completing.point}
                />
            )}
            <div class="composer-box">
                <Field area={area} props={props} writing={writing} completing={completing} onKey={pressed} />
                <EmojiButton onPick={insert} />
                <SendButton task={task} canSend={writing.canSend} />
            </div>
            <p class={`composer-note${left < 0 || problem ? " is-problem" : ""}`} id="composer-note" role="status">
                {problem || note(left, props.session)}
            </p>
        </form>
    );
}

interface FieldProps {
    area: RefObject<HTMLTextAreaElement>;
    props: ComposerProps;
    writing: Writing;
    completing: Completing;
    onKey: (event: KeyboardEvent) => void;
}

function Field({ area, props: { model }, writing, completing, onKey }: FieldProps) {
    const room = roomTitle(model.name);
    const isListed = completing.completion !== undefined && completing.candidates.length > 0;
    return (
        <textarea
            ref={area}
            class="composer-input"
            data-testid="composer-input"
            rows={1}
            value={writing.text}
            placeholder={t("composer.placeholder", { room })}
            aria-label={t("composer.label", { room })}
            aria-describedby="composer-note"
            aria-invalid={writing.left < 0}
            aria-autocomplete="list"
            aria-controls={isListed ? LIST_ID : undefined}
            aria-activedescendant={isListed ? optionId(LIST_ID, completing.chosen) : undefined}
            // The placeholder is in the page's language, and not in that of what will be written.
            dir={writing.text === "" ? undefined : "auto"}
            enterkeyhint={enterSends() ? "send" : "enter"}
            disabled={model.refusal !== undefined}
            onInput={(event) => {
                writing.write(event.currentTarget.value);
                completing.look();
            }}
            onClick={completing.look}
            onBlur={completing.close}
            onKeyDown={onKey}
        />
    );
}

function EmojiButton({ onPick }: { onPick: (emoji: string) => void }) {
    const [isOpen, setOpen] = useState(false);
    const pick = (emoji: string): void => {
        setOpen(false);
        onPick(emoji);
    };
    return (
        <div class="composer-tool">
            <IconButton
                icon="smile"
                label={t("emoji.open")}
                testId="emoji-open"
                isExpanded={isOpen}
                onClick={() => setOpen(!isOpen)}
            />
            {isOpen && <EmojiPicker onPick={pick} onClose={() => setOpen(false)} />}
        </div>
    );
}

function SendButton({ task, canSend }: { task: ComposerTask | undefined; canSend: boolean }) {
    const label = t(task?.kind === "edit" ? "composer.save" : "composer.send");
    return (
        <button
            type="submit"
            class="composer-send"
            data-testid="composer-send"
            disabled={!canSend}
            aria-label={label}
            title={label}
        >
            <Icon name={task?.kind === "edit" ? "check" : "send"} />
        </button>
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
