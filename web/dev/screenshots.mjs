// SPDX-License-Identifier: Apache-2.0
// Takes pictures of the page as people see it:  node web/dev/screenshots.mjs URL FOLDER
// The server is the one of `npm run dev`; the browser is the one at CHROMIUM, or /usr/bin/chromium.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { WebSocket } from "ws";

const [url = "http://127.0.0.1:8080/", folder = "screenshots"] = process.argv.slice(2);
const SETTLE_MS = 350;
mkdirSync(folder, { recursive: true });

const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--no-first-run"],
});

/** One of the sample people says or does something. */
async function act(userId, room, command) {
    const socket = new WebSocket(new URL("ws", url).href.replace(/^http/, "ws"), "natter.v1");
    await new Promise((resolve) => socket.on("open", resolve));
    for (const frame of [
        { type: "login", token: `token-${userId}` },
        { type: "join", room, history: 0 },
        { room, ...command },
    ]) {
        socket.send(JSON.stringify(frame));
    }
    socket.send(JSON.stringify({ type: "ping", ref: "done" }));
    await new Promise((resolve) => socket.on("message", (data) => String(data).includes('"done"') && resolve()));
    socket.close();
}

const say = (userId, room, text) => act(userId, room, { type: "send", text, key: `k-${Math.random()}` });

async function visit({ name, width, height, colorScheme, isPhone }) {
    const context = await browser.newContext({
        viewport: { width, height },
        deviceScaleFactor: isPhone ? 2 : 1,
        colorScheme,
        hasTouch: isPhone,
        isMobile: isPhone,
        locale: "en-GB",
    });
    const page = await context.newPage();
    const problems = [];
    page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
    page.on("pageerror", (problem) => problems.push(String(problem)));
    const shoot = async (suffix = "") => {
        await page.waitForTimeout(SETTLE_MS);
        await page.screenshot({ path: join(folder, `${name}${suffix}.png`) });
    };
    await fetch(new URL("dev/reset", url));
    await page.goto(url);
    await page.getByTestId("name-dialog").waitFor();
    await shoot("-welcome");
    await page.getByTestId("name-input").fill("Noor Haddad");
    await page.getByTestId("name-submit").click();
    await page.getByTestId("name-dialog").waitFor({ state: "detached" });
    for (const room of ["field-trips", "kitchen", "lobby"]) {
        await page.evaluate((hash) => (location.hash = hash), `#/room/${room}`);
        await page.getByTestId("message").first().waitFor();
    }
    const text = `We would love to come. Shall I bring the telescope as well?`;
    await page.getByTestId("composer-input").fill(text);
    await page.getByTestId("composer-send").click();
    await page.locator("[data-testid=message].is-own.is-sent").last().waitFor();
    await say("u-carmen-ruiz", "kitchen", "There is cake. @Noor Haddad, you are late!");
    await say("u-greta-sommer", "field-trips", "Four places left for the second date.");
    await act("u-elif-yıldız", "lobby", { type: "typing" });
    await act("u-farid", "lobby", { type: "typing" });
    if (isPhone) {
        await shoot();
        await page.getByRole("button", { name: "Show the rooms" }).click();
        await shoot("-rooms");
    } else {
        await page.locator("[data-testid=message]", { hasText: "straps are new" }).hover();
        await shoot();
        await page.getByTestId("settings-open").click();
        await shoot("-settings");
    }
    if (problems.length > 0) console.error(name, problems);
    await context.close();
}

for (const colorScheme of ["light", "dark"]) {
    await visit({ name: `web-desktop-${colorScheme}`, width: 1280, height: 800, colorScheme, isPhone: false });
    await visit({ name: `web-phone-${colorScheme}`, width: 390, height: 844, colorScheme, isPhone: true });
}
await browser.close();
