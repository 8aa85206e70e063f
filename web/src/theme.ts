// SPDX-License-Identifier: Apache-2.0
// Light, dark, or as the system has it. The style sheet does the rest.
import { keep, type Theme } from "./keep";

const NEXT: Readonly<Record<Theme, Theme>> = { system: "light", light: "dark", dark: "system" };

export function applyTheme(theme: Theme): void {
    keep.theme = theme;
    if (theme === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
}

export function nextTheme(theme: Theme): Theme {
    return NEXT[theme];
}
