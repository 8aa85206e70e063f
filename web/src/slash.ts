// SPDX-License-Identifier: Apache-2.0
// What one can do by typing `/word` instead of a message. A table of names; what each does is up to whoever runs it.
import type { Key } from "../i18n";
import { foldRoomName } from "./router";

export type CommandName = "me" | "nick" | "msg" | "join" | "leave" | "help" | "shrug";

interface Command {
    name: CommandName;
    /** What follows the name, for the list; undefined: nothing. */
    argument?: Key;
    about: Key;
    needsArgument: boolean;
}

export const COMMANDS: readonly Command[] = [
    { name: "me", argument: "slash.text", about: "slash.me", needsArgument: true },
    { name: "nick", argument: "slash.name", about: "slash.nick", needsArgument: true },
    { name: "msg", argument: "slash.name", about: "slash.msg", needsArgument: true },
    { name: "join", argument: "slash.room", about: "slash.join", needsArgument: true },
    { name: "leave", about: "slash.leave", needsArgument: false },
    { name: "shrug", argument: "slash.text", about: "slash.shrug", needsArgument: false },
    { name: "help", about: "slash.help", needsArgument: false },
];

export type Parsed =
    | { kind: "text"; text: string }
    | { kind: "command"; name: CommandName; argument: string }
    | { kind: "unknown"; name: string }
    | { kind: "incomplete"; name: CommandName };

/** A text as it is meant. Two slashes, or a path such as `/usr/bin`, are text; a newline makes everything text. */
export function parseCommand(text: string): Parsed {
    if (text.startsWith("//")) return { kind: "text", text: text.slice(1) };
    const found = /^\/([a-zA-Z]+)(?:\s+([^]*))?$/.exec(text);
    if (!found) return { kind: "text", text };
    const name = (found[1] ?? "").toLowerCase();
    const argument = (found[2] ?? "").trim();
    const command = COMMANDS.find((one) => one.name === name);
    if (!command) return { kind: "unknown", name };
    if (command.needsArgument && argument === "") return { kind: "incomplete", name: command.name };
    return { kind: "command", name: command.name, argument };
}

/** What somebody does, told in the third person: `/me waves` is kept in the log as it was typed. */
export function actionOf(text: string): string | undefined {
    return /^\/me\s+(\S[^]*)$/.exec(text)?.[1];
}

export function roomOfArgument(argument: string): string | undefined {
    return foldRoomName(argument);
}
