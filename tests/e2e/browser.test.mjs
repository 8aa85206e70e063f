// SPDX-License-Identifier: Apache-2.0
// The page in a real browser: two people talk, reload, lose the server and regain it.
import { mkdirSync } from 'node:fs';
import { enter } from './lib/client.mjs';
import { assert, equal, test, until } from './lib/harness.mjs';
import { axeFinds, browser, by, isSent, message, person, PHONE, say, sees } from './lib/page.mjs';

test(
    'two browsers chat, reload, lose the server and regain it',
    async (context) => {
        const server = await context.server();
        const instance = await browser(context);
        const ada = await person(context, instance, server.url, 'Ada');
        const bob = await person(context, instance, server.url, 'Bob');
        await say(ada, 'Hello Bob');
        await isSent(ada, 'Hello Bob');
        await sees(bob, 'Hello Bob');
        await say(bob, 'Hello Ada');
        await sees(ada, 'Hello Ada');
        await until(
            async () => (await ada.locator(by('member')).allInnerTexts()).join(' ').includes('Bob'),
            'Bob among the members',
        );
        await bob.locator(by('composer-input')).pressSequentially('I am wri');
        await until(
            async () => (await ada.locator(by('typing')).allInnerTexts()).join(' ').includes('Bob'),
            'Ada sees Bob type',
        );
        await bob.locator(by('composer-input')).fill('');

        await ada.reload();
        await sees(ada, 'Hello Ada');
        assert((await ada.locator(by('name-dialog')).count()) === 0, 'the name is known after a reload');

        await server.kill();
        await say(ada, 'while you were away');
        await ada
            .locator(`${by('message')}[data-status="pending"]`)
            .first()
            .waitFor();
        await ada.locator(by('connection-banner')).waitFor({ timeout: 20000 });
        await server.start();
        await isSent(ada, 'while you were away');
        await sees(bob, 'while you were away');
        for (const page of [ada, bob]) {
            const seqs = await page
                .locator(by('message'))
                .evaluateAll((rows) => rows.map((row) => Number(row.dataset.seq)));
            equal(seqs, [1, 2, 3], 'once and in order');
        }
    },
    { seconds: 180 },
);

test(
    'history loads as one scrolls up',
    async (context) => {
        const server = await context.server(['--limits', 'off']);
        const writer = await enter(server, 'lobby');
        for (let i = 1; i <= 400; i++)
            writer.send({ type: 'send', room: 'lobby', text: `line number ${i}.`, key: `k${i}` });
        await until(() => writer.messages('lobby').length === 400, '400 messages');
        const page = await person(context, await browser(context), server.url, 'Reader');
        await sees(page, 'line number 400.');
        await until(
            async () => {
                await page.locator(by('timeline')).hover();
                await page.mouse.wheel(0, -4000);
                return (await message(page, 'line number 1.').count()) > 0;
            },
            'the first line',
            60,
        );
        await writer.say('lobby', 'something new');
        await page.locator(by('jump-latest')).click();
        await sees(page, 'something new');
        await writer.close();
    },
    { seconds: 180 },
);

test(
    'what users write never becomes markup',
    async (context) => {
        const server = await context.server();
        const writer = await enter(server, 'lobby');
        const payloads = [
            '<img src=x onerror=alert(1)>',
            '<script>alert(1)</script>',
            '[click](javascript:alert(1))',
            '"><svg onload=alert(1)>',
            '`</code><script>alert(1)</script>`',
        ];
        const page = await person(context, await browser(context), server.url, 'Target');
        let alerts = 0;
        page.on('dialog', (dialog) => {
            alerts++;
            dialog.dismiss();
        });
        for (const text of payloads) await writer.say('lobby', text);
        await writer.say('lobby', 'the end');
        await sees(page, 'the end');
        equal(
            await page
                .locator(`${by('timeline')} img, ${by('timeline')} script, ${by('timeline')} a[href^="javascript"]`)
                .count(),
            0,
            'elements made of text',
        );
        equal(alerts, 0, 'alerts');
        await writer.close();
    },
    { seconds: 120 },
);

test(
    'a walk-in from the console speaks in the lobby',
    async (context) => {
        const server = await context.server();
        const page = await person(context, await browser(context), server.url, 'Host');
        await page.evaluate(
            (url) =>
                new Promise((resolve) => {
                    const socket = new WebSocket(url);
                    socket.onopen = () => {
                        socket.send('hello');
                        resolve();
                    };
                }),
            server.ws,
        );
        await sees(page, 'hello');
    },
    { seconds: 120 },
);

test(
    'a foreign page cannot speak as its visitor',
    async (context) => {
        const server = await context.server();
        const foreign = await context.server();
        const page = await person(context, await browser(context), foreign.url, null);
        const outcome = await page.evaluate(
            (url) =>
                new Promise((resolve) => {
                    try {
                        const socket = new WebSocket(url);
                        socket.onopen = () => resolve('open');
                        socket.onerror = () => resolve('refused');
                    } catch {
                        resolve('refused');
                    }
                }),
            server.ws,
        );
        equal(outcome, 'refused', 'a socket to another origin');
        page.faults.length = 0; // the policy's report is expected here
    },
    { seconds: 120 },
);

test(
    'the page works on a phone, and axe finds nothing',
    async (context) => {
        const server = await context.server();
        const instance = await browser(context);
        const writer = await enter(server, 'lobby');
        await writer.say('lobby', 'a first message, with a [link](https://example.org) and `code`');
        const shots = process.env.SCREENSHOTS;
        if (shots) mkdirSync(shots, { recursive: true });
        const views = [
            ['desktop-light', { viewport: { width: 1280, height: 800 }, colorScheme: 'light' }],
            ['desktop-dark', { viewport: { width: 1280, height: 800 }, colorScheme: 'dark' }],
            ['phone-light', { ...PHONE, colorScheme: 'light' }],
            ['phone-dark', { ...PHONE, colorScheme: 'dark' }],
        ];
        for (const [name, options] of views) {
            const page = await person(context, instance, server.url, `Viewer ${name.replace('-', ' ')}`, {
                ...options,
                bypassCSP: true,
            });
            await sees(page, 'a first message');
            await say(page, `written on ${name}`, { byButton: name.startsWith('phone') });
            await isSent(page, `written on ${name}`);
            const width = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
            assert(width <= 0, `${name}: nothing sticks out (${width} px)`);
            equal(await axeFinds(page), [], `${name}: axe`);
            if (shots) await page.screenshot({ path: `${shots}/${name}.png` });
        }
        await writer.close();
    },
    { seconds: 240 },
);

/**
 * The page's socket with a proxy in between that loses frames which `isLost` names. Answers to commands pass, as the
 * fault of a cache or of a client would have it. Returns what counts the pongs that came.
 */
async function loseFrames(page, isLost) {
    const seen = { pongs: 0 };
    await page.routeWebSocket(/\/ws/, (socket) => {
        const server = socket.connectToServer();
        server.onMessage((text) => {
            const frame = JSON.parse(text);
            if (frame.ref !== undefined || !isLost(frame)) socket.send(text);
            seen.pongs += frame.type === 'pong';
        });
    });
    return seen;
}

test(
    'a tick says that everything is there, and what is missing is named and loaded',
    async (context) => {
        const server = await context.server();
        const instance = await browser(context);
        const profile = await instance.newContext({ viewport: { width: 1280, height: 800 } });
        const page = await profile.newPage();
        await page.clock.install();
        let loses = false;
        const seen = await loseFrames(page, (frame) => loses && frame.type === 'message');
        // To the page it has slept, and its socket has 2 s of that clock to prove itself.
        const sleep = async (time) => {
            const pongs = seen.pongs;
            await page.clock.fastForward(time);
            await until(() => seen.pongs > pongs, 'the socket has proved itself after the sleep');
        };
        await page.goto(server.url);
        await page.locator(by('name-input')).fill('Ada');
        await page.locator(by('name-submit')).click();
        await say(page, 'before');
        await isSent(page, 'before');
        await sleep('00:20');
        await page.locator(by('complete')).waitFor({ timeout: 20000 });
        equal(await page.locator(by('holes')).count(), 0, 'nothing is missing');

        const bob = await enter(server, 'lobby');
        loses = true;
        await bob.say('lobby', 'lost one');
        await bob.say('lobby', 'lost two');
        await bob.ask({ type: 'ping' });
        await sleep('06:00');
        await page.clock.fastForward('00:05'); // what is on its way is waited for
        const holes = page.locator(by('holes'));
        await until(
            async () => {
                await page.clock.fastForward('00:03');
                return holes.isVisible();
            },
            'the hole is named',
        );
        assert(/^2 messages are missing after \S+/.test((await holes.innerText()).trim()), await holes.innerText());
        equal(await page.locator(by('complete')).count(), 0, 'no tick beside a hole');
        equal(await message(page, 'lost').count(), 0, 'they are missing indeed');
        assert((await page.locator(`[role="status"]:has(${by('holes')})`).count()) === 1, 'it is read out');

        loses = false;
        await page.locator(by('holes-load')).click();
        await sees(page, 'lost one');
        await sees(page, 'lost two');
        await holes.waitFor({ state: 'detached' });
        await until(
            async () => {
                await page.clock.fastForward('00:03');
                return page.locator(by('complete')).isVisible();
            },
            'complete again',
        );
        await bob.close();
        await profile.close();
    },
    { seconds: 120 },
);
