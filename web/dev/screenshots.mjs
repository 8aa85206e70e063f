// SPDX-License-Identifier: Apache-2.0
// Takes pictures of each view of the page as people see it:  node web/dev/screenshots.mjs FOLDER [URL]
// Without a URL it starts the server of `npm run dev`, with its sample conversation. The browser is the one at
// CHROMIUM, or /usr/bin/chromium; fonts with emoji and the scripts of the languages should be there
// (fonts-noto-color-emoji, fonts-noto-core and fonts-wqy-zenhei, say).
import { spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { WebSocket } from "ws";

const [folder = "screenshots", given] = process.argv.slice(2);
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

/** The server of `npm run dev` on a free port, with everybody in it; it ends with this program. */
async function ownServer() {
    const run = join(dirname(fileURLToPath(import.meta.url)), "run.mjs");
    const child = spawn(process.execPath, [run, "0"], { stdio: ["ignore", "pipe", "inherit"] });
    process.on("exit", () => child.kill("SIGTERM"));
    for await (const text of child.stdout) {
        const found = /http:\/\/\S+/.exec(String(text))?.[0];
        if (found) return found;
    }
    throw new Error("the server of the page did not start");
}

let url = given;

async function newPage({ name, width, height, colorScheme, isPhone, locale = "en-GB" }) {
    const context = await browser.newContext({
        viewport: { width, height },
        deviceScaleFactor: isPhone ? 2 : 1,
        colorScheme,
        hasTouch: isPhone,
        isMobile: isPhone,
        locale,
    });
    const page = await context.newPage();
    page.on("console", (line) => line.type() === "error" && console.error(name, line.text()));
    page.on("pageerror", (problem) => console.error(name, String(problem)));
    page.shoot = async (suffix = "") => {
        await page.waitForTimeout(SETTLE_MS);
        await page.screenshot({ path: join(folder, `${name}${suffix}.png`) });
    };
    if (!given) url = await ownServer();
    await page.goto(url);
    await page.getByTestId("name-dialog").waitFor();
    return page;
}

/** Somebody comes in, has been in three rooms, and says something; others talk meanwhile. */
async function settleIn(page) {
    await page.getByTestId("name-input").fill("Noor Haddad");
    await page.getByTestId("name-submit").click();
    await page.getByTestId("name-dialog").waitFor({ state: "detached" });
    for (const room of ["field-trips", "kitchen", "lobby"]) {
        await page.evaluate((hash) => (location.hash = hash), `#/room/${room}`);
        await page.getByTestId("message").first().waitFor();
    }
    await page.getByTestId("composer-input").fill("We would love to come. Shall I bring the telescope as well?");
    await page.getByTestId("composer-send").click();
    await page.locator("[data-testid=message].is-own.is-sent").last().waitFor();
    await say("u-carmen-ruiz", "kitchen", "There is cake. @Noor Haddad, you are late!");
    await say("u-greta-sommer", "field-trips", "Four places left for the second date.");
    await act("u-elif-yıldız", "lobby", { type: "typing" });
    await act("u-farid", "lobby", { type: "typing" });
}

/** Each view of the desktop's page, in the order in which they do not disturb each other. */
async function desktopViews(page) {
    const { keyboard } = page;
    const composer = page.getByTestId("composer-input");
    await page.getByTestId("settings-open").click();
    await page.shoot("-settings");
    await keyboard.press("Escape");
    await keyboard.press("Control+k");
    await page.shoot("-switcher");
    await keyboard.press("Escape");
    await keyboard.press("Control+/");
    await page.shoot("-shortcuts");
    await keyboard.press("Escape");
    await page.getByTestId("emoji-open").click();
    await page.locator(".emoji-item").first().waitFor();
    await page.shoot("-emoji");
    await keyboard.press("Escape");
    await composer.fill("");
    await composer.pressSequentially("Thank you @");
    await page.getByTestId("candidates").waitFor();
    await page.shoot("-completion");
    await composer.fill("");
    await page.evaluate(() => (location.hash = "#/room/an-empty-room"));
    await page.locator(".start").waitFor();
    await page.shoot("-empty");
    await page.evaluate(() => (location.hash = "#/room/lobby"));
    await page.getByTestId("message").first().waitFor();
    await fetch(new URL("dev/cut?seconds=6", url));
    await page.getByTestId("connection-banner").waitFor();
    await composer.fill("I will be there at ten.");
    await keyboard.press("Enter");
    await page.locator(".message-waiting").waitFor();
    await page.shoot("-offline");
}

async function visit(options) {
    const page = await newPage(options);
    await page.shoot("-welcome");
    await settleIn(page);
    if (options.isPhone) {
        await page.shoot();
        await page.getByRole("button", { name: "Show the rooms" }).click();
        await page.shoot("-rooms");
    } else {
        await page.locator("[data-testid=message]", { hasText: "straps are new" }).hover();
        await page.shoot();
        if (options.colorScheme === "light") await desktopViews(page);
    }
    await page.context().close();
}

/** The page in another language, with the settings open. */
async function translated(locale) {
    const page = await newPage({ name: `desktop-${locale}`, width: 1280, height: 800, colorScheme: "light", locale });
    await settleIn(page);
    await page.shoot();
    await page.context().close();
}

for (const colorScheme of ["light", "dark"]) {
    await visit({ name: `desktop-${colorScheme}`, width: 1280, height: 800, colorScheme, isPhone: false });
    await visit({ name: `phone-${colorScheme}`, width: 390, height: 844, colorScheme, isPhone: true });
}
for (const locale of ["zh", "ar"]) await translated(locale);
await browser.close();
process.exit(0);
