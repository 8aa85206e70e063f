// SPDX-License-Identifier: Apache-2.0
// What a person can set for this browser, and their name.
import { useState } from "preact/hooks";
import { type Key, t } from "../i18n";
import { Dialog } from "./dialog";
import { type EnterKey, keep, type Theme } from "./keep";
import { NameForm } from "./name_form";
import type { Session } from "./session";
import { applyTheme } from "./theme";

const THEMES: readonly Theme[] = ["system", "light", "dark"];
const ENTER_KEYS: readonly EnterKey[] = ["send", "newline"];
const SHORTCUTS: readonly (readonly [string, Key])[] = [
    ["↑", "settings.shortcut.edit"],
    ["Shift Enter", "settings.shortcut.newline"],
    ["Alt ↑ ↓", "settings.shortcut.rooms"],
    ["Esc", "settings.shortcut.read"],
];

/** On a touch screen the button sends, and Enter makes a new line. */
export function enterSends(): boolean {
    const chosen = keep.enterKey;
    return chosen === undefined ? !window.matchMedia("(pointer: coarse)").matches : chosen === "send";
}

export function Settings({ session, onClose }: { session: Session; onClose: () => void }) {
    const [theme, setTheme] = useState<Theme>(keep.theme);
    const [enterKey, setEnterKey] = useState<EnterKey>(enterSends() ? "send" : "newline");
    const chooseTheme = (next: Theme): void => {
        applyTheme(next);
        setTheme(next);
    };
    const chooseEnter = (next: EnterKey): void => {
        keep.enterKey = next;
        setEnterKey(next);
    };
    return (
        <Dialog title={t("settings.title")} onClose={onClose} testId="settings-dialog">
            <NameForm
                session={session}
                submitLabel={t("settings.save")}
                placeholder={session.user?.name ?? ""}
                onSaved={onClose}
            />
            <Choice
                legend={t("settings.theme")}
                name="theme"
                values={THEMES}
                chosen={theme}
                label={(value) => t(`settings.theme.${value}`)}
                onChoose={chooseTheme}
            />
            <Choice
                legend={t("settings.enter")}
                name="enter"
                values={ENTER_KEYS}
                chosen={enterKey}
                label={(value) => t(`settings.enter.${value}`)}
                onChoose={chooseEnter}
            />
            <h3 class="label">{t("settings.shortcuts")}</h3>
            <dl class="shortcuts">
                {SHORTCUTS.map(([keys, label]) => (
                    <div key={label}>
                        <dt>
                            {keys.split(" ").map((key) => (
                                <kbd key={key}>{key}</kbd>
                            ))}
                        </dt>
                        <dd>{t(label)}</dd>
                    </div>
                ))}
            </dl>
            <p class="small-print">
                <a href="licenses.txt" target="_blank" rel="noopener">
                    {t("settings.licences")}
                </a>
            </p>
        </Dialog>
    );
}

interface ChoiceProps<Value extends string> {
    legend: string;
    name: string;
    values: readonly Value[];
    chosen: Value;
    label: (value: Value) => string;
    onChoose: (value: Value) => void;
}

function Choice<Value extends string>({ legend, name, values, chosen, label, onChoose }: ChoiceProps<Value>) {
    return (
        <fieldset class="choice">
            <legend class="label">{legend}</legend>
            <div class="choice-row">
                {values.map((value) => (
                    <label key={value} class="choice-item">
                        <input
                            type="radio"
                            name={name}
                            value={value}
                            checked={value === chosen}
                            onChange={() => onChoose(value)}
                        />
                        <span>{label(value)}</span>
                    </label>
                ))}
            </div>
        </fieldset>
    );
}
