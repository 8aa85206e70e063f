// SPDX-License-Identifier: Apache-2.0
// People at the page in a real browser, for tests of it.
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { chromium } from 'playwright-core';
import { equal } from './harness.mjs';

const ARGUMENTS = [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
];
const AXE = new URL('../../../node_modules/axe-core/axe.min.js', import.meta.url);

export const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };
export const by = (id) => `[data-testid="${id}"]`;
export const message = (page, text) => page.locator(`${by('message')}:has-text("${text}")`);

export async function browser(context) {
    const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
    if (!existsSync(executablePath))
        throw new Error(`there is no ${executablePath}; install chromium, or name it in CHROMIUM`);
    const instance = await chromium.launch({ executablePath, args: ARGUMENTS });
    context.onEnd(() => instance.close());
    return instance;
}

/** Faults that the page reports fail the test; a network that is away on purpose is none. */
export function watch(page) {
    page.faults = [];
    page.on('pageerror', (error) => page.faults.push(String(error)));
    page.on('console', (line) => {
        // The last is a service worker whose server is killed while its script is on the way.
        const isNetwork = /WebSocket connection|ERR_CONNECTION|net::ERR|fetching the script/.test(line.text());
        if (line.type() === 'error' && !isNetwork) page.faults.push(line.text());
    });
    return page;
}

export async function takeName(page, name) {
    await page.locator(by('name-input')).fill(name);
    await page.locator(by('name-submit')).click();
    await page.locator(by('name-dialog')).waitFor({ state: 'detached' });
}

/** A browser profile of their own, on the page, with a name unless it is null. */
export async function person(context, instance, url, name, options = {}) {
    const profile = await instance.newContext({ viewport: { width: 1280, height: 800 }, ...options });
    const page = watch(await profile.newPage());
    await page.goto(url);
    if (name) await takeName(page, name);
    context.onEnd(async () => {
        equal(page.faults, [], `faults on the page of ${name}`);
        await profile.close();
    });
    return page;
}

/** With a keyboard Enter sends, on a touch screen the button does. */
export async function say(page, text, { byButton = false } = {}) {
    await page.locator(by('composer-input')).fill(text);
    if (byButton) await page.locator(by('composer-send')).click();
    else await page.locator(by('composer-input')).press('Enter');
}

export async function sees(page, text) {
    await message(page, text).first().waitFor({ timeout: 20000 });
}

export async function isSent(page, text) {
    await page
        .locator(`${by('message')}[data-status="sent"]:has-text("${text}")`)
        .first()
        .waitFor({ timeout: 30000 });
}

/** The page must be opened with `bypassCSP`; its policy lets no foreign script in. */
export async function axeFinds(page) {
    if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(readFileSync(AXE, 'utf8'));
    const { violations } = await page.evaluate(() => window.axe.run());
    return violations.map(({ id, nodes }) => `${id}: ${nodes[0].html}`);
}

/** Kept where SCREENSHOTS names a folder. */
export async function shoot(page, name) {
    const folder = process.env.SCREENSHOTS;
    if (!folder) return;
    mkdirSync(folder, { recursive: true });
    await page.screenshot({ path: `${folder}/${name}.png` });
}
