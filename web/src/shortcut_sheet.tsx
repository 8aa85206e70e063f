// SPDX-License-Identifier: Apache-2.0
// The keys and the commands that there are, on one sheet.
import { t } from "../i18n";
import { Dialog } from "./dialog";
import { SHORTCUTS } from "./shortcuts";
import { COMMANDS } from "./slash";

/** As it is written on the keyboard in front of the person. */
function keyName(key: string): string {
    const isApple = /^(?:Mac|iP)/.test(navigator.platform);
    return isApple ? (({ Ctrl: "⌘", Alt: "⌥", Shift: "⇧" })[key] ?? key) : key;
}

export function ShortcutSheet({ onClose }: { onClose: () => void }) {
    return (
        <Dialog title={t("shortcut.title")} onClose={onClose} testId="shortcut-sheet" class="is-broad">
            <dl class="shortcuts">
                {SHORTCUTS.map(([keys, label]) => (
                    <div key={label}>
                        <dt>
                            {keys.split(" ").map((key) => (
                                <kbd key={key}>{keyName(key)}</kbd>
                            ))}
                        </dt>
                        <dd>{t(label)}</dd>
                    </div>
                ))}
            </dl>
            <h3 class="label">{t("complete.commands")}</h3>
            <dl class="shortcuts">
                {COMMANDS.map(({ name, argument, about }) => (
                    <div key={name}>
                        <dt>
                            <kbd>/{name}</kbd>
                        </dt>
                        <dd>
                            {t(about)} {argument && <span class="soft">({t(argument)})</span>}
                        </dd>
                    </div>
                ))}
            </dl>
        </Dialog>
    );
}
