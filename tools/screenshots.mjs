// SPDX-License-Identifier: Apache-2.0
// Takes the pictures of docs/images from a real server with a few guests in it:
//
//     node tools/screenshots.mjs [build/natter]
//
// The fonts of the pictures: fonts-inter fonts-noto-cjk fonts-noto-color-emoji.
import { chromium } from 'playwright-core';
import { resolve } from 'node:path';
import { Server } from '../tests/e2e/lib/server.mjs';
import { Client } from '../tests/e2e/lib/client.mjs';
import { until } from '../tests/e2e/lib/harness.mjs';

const ARGUMENTS = [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
];
const by = (id) => `[data-testid="${id}"]`;

const server = await new Server(resolve(process.argv[2] ?? 'build/natter'), ['--limits', 'off']).start();

async function guest(name) {
    const client = await new Client(server.ws).opened();
    await client.wait('welcome');
    await client.ask({ type: 'name', name });
    for (const room of ['lobby', 'garden', 'harvest-dinner', '~scratch']) await client.ask({ type: 'join', room });
    return client;
}

const [mira, jonas, aiko, tom] = await Promise.all(['Mira Castellano', 'Jonas Weber', '相川 愛子', 'Tom'].map(guest));
const script = [
    [mira, 'lobby', 'Good morning, everyone. The seedlings arrived, all forty trays of them.'],
    [jonas, 'lobby', 'Wonderful! I can be there **from ten** with the trailer.'],
    [aiko, 'lobby', 'おはようございます。I will bring the labels and the watering cans.'],
    [
        tom,
        'lobby',
        'Which beds are ready? I only remember:\n\n- beds 1 to 4, south side\n- the long one along the `wall`',
    ],
    [mira, 'lobby', 'Those, and bed 7. The plan is on https://example.org/plan, page 2.'],
    [jonas, 'lobby', '> beds 1 to 4\n\nBed 3 still needs compost. I shall start there.'],
    [aiko, 'lobby', 'Then see you at ten.'],
    [tom, 'garden', 'The tap in the corner drips again.'],
    [mira, 'harvest-dinner', 'Who brings a table?'],
];
for (const [client, room, text] of script) await client.say(room, text);
await jonas.ask({ type: 'react', room: 'lobby', seq: 1, emoji: '🌱', on: true, key: 'r1' });
await tom.ask({ type: 'react', room: 'lobby', seq: 1, emoji: '🌱', on: true, key: 'r2' });
await aiko.ask({
    type: 'send',
    room: 'lobby',
    text: 'I have two bags of it in the shed, take them.',
    reply_to: 6,
    key: 'reply',
});

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ARGUMENTS });
const views = [
    ['desktop-light', { viewport: { width: 1280, height: 800 }, colorScheme: 'light' }],
    ['desktop-dark', { viewport: { width: 1280, height: 800 }, colorScheme: 'dark' }],
    ['phone-light', { viewport: { width: 390, height: 844 }, colorScheme: 'light', hasTouch: true, isMobile: true }],
    ['phone-dark', { viewport: { width: 390, height: 844 }, colorScheme: 'dark', hasTouch: true, isMobile: true }],
];
let storageState;
for (const [name, options] of views) {
    const profile = await browser.newContext({ ...options, storageState });
    const page = await profile.newPage();
    await page.goto(server.url);
    if (!storageState) {
        await page.locator(by('name-input')).fill('Lena');
        await page.locator(by('name-submit')).click();
        await page.locator(by('name-dialog')).waitFor({ state: 'detached' });
        await page.locator(by('message')).first().waitFor();
        for (const room of ['garden', 'harvest-dinner', 'lobby']) {
            await page.evaluate((hash) => (location.hash = hash), `#/room/${room}`);
            await page.locator(`${by('composer-input')}[placeholder*="${room}"]`).waitFor();
            await page.locator(by('message')).first().waitFor();
        }
        storageState = await profile.storageState();
    }
    await page
        .locator(`${by('message')}:has-text("take them")`)
        .first()
        .waitFor();
    await until(async () => {
        tom.send({ type: 'typing', room: 'lobby' });
        return (await page.locator(by('typing')).innerText()).includes('Tom');
    }, 'Tom types');
    await page.screenshot({ path: `docs/images/${name}.png` });
    await profile.close();
}
await browser.close();
for (const client of [mira, jonas, aiko, tom]) await client.close();
await server.stop();
server.cleanUp();
