// SPDX-License-Identifier: Apache-2.0
// Starts the page. The socket's address is relative to the document, so that the page works under any path.
import { render } from "preact";
import { App } from "./app";
import { keep } from "./keep";
import { Session } from "./session";
import { applyTheme } from "./theme";

function socketUrl(): string {
    const url = new URL("ws", document.baseURI);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    url.hash = "";
    url.search = "";
    return url.href;
}

applyTheme(keep.theme);
const session = new Session(socketUrl());
session.start();
const root = document.getElementById("app");
if (root) render(<App session={session} />, root);
