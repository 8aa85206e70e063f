// SPDX-License-Identifier: Apache-2.0
// The text in the composer: a draft that is kept per room, or for a while the message that is edited; and what becomes
// of it when it is sent.
import { ChatError } from "natter-client";
import { useLayoutEffect, useState } from "preact/hooks";
import { t } from "../i18n";
import { keep } from "./keep";
import type { Message } from "./log";
import { problemText } from "./problem";
import type { RoomModel } from "./room_model";
import type { Session } from "./session";
import { type CommandName, parseCommand, roomOfArgument } from "./slash";

export interface ComposerTask {
    kind: "reply" | "edit";
    message: Message;
}

export interface WritingInput {
    model: RoomModel;
    session: Session;
    task: ComposerTask | undefined;
    onTask: (task: ComposerTask | undefined) => void;
    onHelp: () => void;
}

export interface Writing {
    text: string;
    problem: string;
    /** Bytes that the server would still take. */
    left: number;
    canSend: boolean;
    write: (next: string) => void;
    submit: () => void;
}

export function useWriting(input: WritingInput): Writing {
    const { model, session, task, onTask } = input;
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
        if (next.trim() !== "" && !/^\/(?!me\b)/.test(next)) model.room.typing();
    };
    const edit = (message: Message): void => {
        const failed = (refusal: unknown): void =>
            setProblem(problemText(refusal instanceof ChatError ? refusal.code : undefined));
        if (text !== message.text) model.room.edit(message.seq, { text }).catch(failed);
    };
    const send = (message: string): void => {
        model.room.send({ text: message, ...(task ? { replyTo: task.message.seq } : {}) });
        keep.setDraft(model.name, "");
        setText("");
    };
    const submit = (): void => {
        if (!canSend) return;
        if (task?.kind === "edit") {
            edit(task.message);
            onTask(undefined);
            return;
        }
        const parsed = parseCommand(text.trim());
        if (parsed.kind === "unknown") return setProblem(t("slash.unknown", { name: parsed.name }));
        if (parsed.kind === "incomplete") return setProblem(t("slash.incomplete", { name: parsed.name }));
        if (parsed.kind === "text") send(parsed.text);
        else if (parsed.name === "me") send(`/me ${parsed.argument}`);
        else if (parsed.name === "shrug") send(`${parsed.argument} ¯\\\\_(ツ)\\_/¯`.trim());
        else {
            keep.setDraft(model.name, "");
            setText("");
            run(parsed.name, parsed.argument, input).catch((refusal: unknown) => {
                setText((now) => (now === "" ? text : now));
                setProblem(refusal instanceof Error ? refusal.message : String(refusal));
            });
        }
        onTask(undefined);
    };
    return { text, problem, left, canSend, write, submit };
}

/** Rejects with words for the person. */
async function run(name: CommandName, argument: string, { model, session, onHelp }: WritingInput): Promise<void> {
    switch (name) {
        case "nick":
            return session.setName(argument.replace(/\s+/g, " "));
        case "msg": {
            const wanted = argument.replace(/^@/, "").toLowerCase();
            const found = [...session.people.values()].find(({ name }) => name.toLowerCase() === wanted);
            if (!found) throw new Error(t("slash.nobody", { name: argument }));
            return session.talkTo(found.id);
        }
        case "join": {
            const room = roomOfArgument(argument);
            if (room === undefined) throw new Error(t("rooms.invalid"));
            return session.go(room);
        }
        case "leave":
            return session.leave(model.name);
        case "help":
            return onHelp();
        case "me":
        case "shrug":
            return undefined;
    }
}
