// SPDX-License-Identifier: Apache-2.0
// Starts the page. The socket's address is relative to the document, so that the page works under any path.
import { render } from "preact";
import { loadLanguage } from "../i18n";
import { App } from "./app";
import { keep } from "./keep";
import { Session } from "./session";
import { applyTheme } from "./theme";
import { registerWorker } from "./worker_link";

function socketUrl(): string {
    const url = new URL("ws", document.baseURI);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    url.hash = "";
    url.search = "";
    return url.href;
}

const WORKER_PAUSE_MS = 1_000;

function start(): void {
    const session = new Session(socketUrl());
    session.start();
    const root = document.getElementById("app");
    if (root) render(<App session={session} />, root);
    // What the worker fetches must not be in the way of the first messages.
    const offWelcome = session.client.on("welcome", () => {
        offWelcome();
        window.setTimeout(() => registerWorker(() => session.newPageIsThere()), WORKER_PAUSE_MS);
    });
}

applyTheme(keep.theme);
// A catalogue that cannot be loaded leaves the page in English.
loadLanguage(keep.language).then(start, start);
