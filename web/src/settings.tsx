// SPDX-License-Identifier: Apache-2.0
// What a person can set for this browser, and their name.
import { useState } from "preact/hooks";
import { LANGUAGES, t } from "../i18n";
import { askPermission, permission, showSample } from "./alerts";
import { Dialog } from "./dialog";
import { type EnterKey, keep, type Notify, type Theme } from "./keep";
import { NameForm } from "./name_form";
import type { Session } from "./session";
import { applyTheme } from "./theme";

const THEMES: readonly Theme[] = ["system", "light", "dark"];
const ENTER_KEYS: readonly EnterKey[] = ["send", "newline"];
const NOTIFY: readonly Notify[] = ["off", "mentions", "all"];

/** On a touch screen the button sends, and Enter makes a new line. */
export function enterSends(): boolean {
    const chosen = keep.enterKey;
    return chosen === undefined ? !window.matchMedia("(pointer: coarse)").matches : chosen === "send";
}

interface SettingsProps {
    session: Session;
    onClose: () => void;
    onSheet: () => void;
}

export function Settings({ session, onClose, onSheet }: SettingsProps) {
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
            <Notifications />
            <LanguageChoice />
            <p class="small-print">
                <button type="button" class="link-button" onClick={onSheet}>
                    {t("settings.keyboard")}
                </button>
                <a href="licenses.txt" target="_blank" rel="noopener">
                    {t("settings.licences")}
                </a>
            </p>
        </Dialog>
    );
}

/** The browser is asked for its permission when the person wants notifications, not before. */
function Notifications() {
    const [notify, setNotify] = useState<Notify>(keep.notify);
    const [hasSound, setSound] = useState(keep.hasSound);
    const [allowed, setAllowed] = useState(permission());
    const choose = async (next: Notify): Promise<void> => {
        keep.notify = next;
        setNotify(next);
        if (next !== "off") setAllowed(await askPermission());
    };
    const chooseSound = (next: boolean): void => {
        keep.hasSound = next;
        setSound(next);
    };
    return (
        <>
            <Choice
                legend={t("settings.notify")}
                name="notify"
                values={NOTIFY}
                chosen={notify}
                label={(value) => t(`settings.notify.${value}`)}
                onChoose={(next) => void choose(next)}
            />
            {notify !== "off" && (
                <div class="notify-more">
                    <label class="check">
                        <input
                            type="checkbox"
                            checked={hasSound}
                            onChange={(event) => chooseSound(event.currentTarget.checked)}
                        />
                        {t("settings.sound")}
                    </label>
                    {allowed === "granted" && (
                        <button type="button" class="link-button" onClick={showSample}>
                            {t("notify.test")}
                        </button>
                    )}
                </div>
            )}
            {notify !== "off" && (allowed === "denied" || allowed === "missing") && (
                <p class="problem" role="alert">
                    {t(`notify.${allowed}`)}
                </p>
            )}
        </>
    );
}

function LanguageChoice() {
    const choose = (tag: string): void => {
        keep.language = tag === "" ? undefined : tag;
        // Every text changes, and so may the direction; drafts are kept.
        location.reload();
    };
    return (
        <div class="choice">
            <label class="label" for="language">
                {t("settings.language")}
            </label>
            <select
                id="language"
                class="input"
                data-testid="language"
                value={keep.language ?? ""}
                onChange={(event) => choose(event.currentTarget.value)}
            >
                <option value="">{t("settings.language.system")}</option>
                {LANGUAGES.map(({ tag, name }) => (
                    <option key={tag} value={tag} lang={tag}>
                        {name}
                    </option>
                ))}
            </select>
        </div>
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
