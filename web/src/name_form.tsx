// SPDX-License-Identifier: Apache-2.0
// A field for one's name, used at the first visit and in the settings. The server decides whether the name is free.
import { ChatError } from "natter-client";
import type { RefObject } from "preact";
import { useState } from "preact/hooks";
import { t } from "../i18n";
import type { Session } from "./session";

interface NameFormProps {
    session: Session;
    submitLabel: string;
    placeholder: string;
    inputRef?: RefObject<HTMLInputElement>;
    isFirst?: boolean;
    onSaved?: () => void;
}

const NAME_CHARACTERS_DEFAULT = 32;

export function NameForm({ session, submitLabel, placeholder, inputRef, isFirst = false, onSaved }: NameFormProps) {
    const [name, setName] = useState(isFirst ? "" : placeholder);
    const [problem, setProblem] = useState("");
    const [isSaving, setSaving] = useState(false);
    const submit = async (event: Event): Promise<void> => {
        event.preventDefault();
        const wanted = name.trim().replace(/\s+/g, " ");
        if (wanted === "") return setProblem(t("name.empty"));
        setSaving(true);
        setProblem("");
        try {
            await session.setName(wanted);
            onSaved?.();
        } catch (refusal) {
            const isOffline = !(refusal instanceof ChatError) || ["connection_lost", "timeout"].includes(refusal.code);
            setProblem(isOffline ? t("name.offline") : refusal.message);
            inputRef?.current?.focus();
        }
        setSaving(false);
    };
    return (
        <form class={`name-form${isFirst ? "" : " is-inline"}`} onSubmit={(event) => void submit(event)}>
            <label class="label" for="name-input">
                {t("name.label")}
            </label>
            <input
                ref={inputRef ?? null}
                id="name-input"
                class={`input${isFirst ? " is-large" : ""}`}
                data-testid="name-input"
                value={name}
                placeholder={placeholder}
                maxLength={(session.client.limits.name_characters ?? NAME_CHARACTERS_DEFAULT) * 2}
                autocomplete="nickname"
                spellcheck={false}
                dir="auto"
                aria-invalid={problem !== ""}
                aria-describedby="name-problem"
                onInput={(event) => {
                    setName(event.currentTarget.value);
                    setProblem("");
                }}
            />
            <p class="problem" id="name-problem" role="alert">
                {problem}
            </p>
            <button
                type="submit"
                class={`button is-primary${isFirst ? " is-wide" : ""}`}
                data-testid="name-submit"
                disabled={isSaving}
            >
                {isSaving ? t("name.saving") : submitLabel}
            </button>
        </form>
    );
}
