// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { actionOf, parseCommand } from "../src/slash";

test("a text is a command, nearly one, an unknown one, or just a text", () => {
    const nick = { kind: "command", name: "nick", argument: "Ada  Lovelace" };
    assert.deepEqual(parseCommand("/nick Ada  Lovelace "), nick);
    assert.deepEqual(parseCommand("/HELP"), { kind: "command", name: "help", argument: "" });
    assert.deepEqual(parseCommand("/join"), { kind: "incomplete", name: "join" });
    assert.deepEqual(parseCommand("/nothing here"), { kind: "unknown", name: "nothing" });
    assert.deepEqual(parseCommand("//help"), { kind: "text", text: "/help" });
    for (const text of ["hello /help", "/usr/bin/env", "/", "/ help", "1/2"])
        assert.deepEqual(parseCommand(text), { kind: "text", text });
});

test("what somebody does is told without its command", () => {
    assert.equal(actionOf("/me waves\nand goes"), "waves\nand goes");
    for (const text of ["/me", "/me  ", "/mean it", "say /me"]) assert.equal(actionOf(text), undefined);
});
