// SPDX-License-Identifier: Apache-2.0
// Who is typing. The place is always there, so that nothing moves when somebody begins.
import { t } from "../i18n";
import { useModel } from "./notifier";
import type { RoomModel } from "./room_model";

export function Typing({ model }: { model: RoomModel }) {
    useModel(model);
    const names = model.typing.map(({ name }) => name);
    return (
        <div class="typing" data-testid="typing" aria-live="off">
            {names.length > 0 && (
                <>
                    <span class="typing-dots" aria-hidden="true">
                        <i />
                        <i />
                        <i />
                    </span>
                    <span class="typing-names">
                        {sentence(names)}
                    </span>
                </>
            )}
        </div>
    );
}

/** Marks that keep a name's direction from changing the sentence around it. */
function isolated(name: string | undefined): string {
    return `\u2068${name ?? ""}\u2069`;
}

function sentence(names: readonly string[]): string {
    const [a, b, c] = names.map(isolated);
    if (names.length === 1) return t("timeline.typing.one", { a: a ?? "" });
    if (names.length === 2) return t("timeline.typing.two", { a: a ?? "", b: b ?? "" });
    if (names.length === 3) return t("timeline.typing.three", { a: a ?? "", b: b ?? "", c: c ?? "" });
    return t("timeline.typing.many");
}
