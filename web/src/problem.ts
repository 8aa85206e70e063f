// SPDX-License-Identifier: Apache-2.0
// The words for what went wrong with a message.
import { en } from "../i18n/en";
import { type Key, t } from "../i18n";

export function problemText(code: string | undefined): string {
    const key = `error.${code ?? "other"}`;
    return t(key in en ? (key as Key) : "error.other");
}
