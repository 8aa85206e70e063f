// SPDX-License-Identifier: Apache-2.0
// The page under weight: a long room (PAGE_MESSAGES=50000 for the figures in the docs), and visits over a slow network.
// Sizes and counts are held; times are told, because the machine that tests is not the one that reads.
import { enter } from './lib/client.mjs';
import { assert, equal, test, until } from './lib/harness.mjs';
import { browser, by, isSent, message, person, say, sees, watch } from './lib/page.mjs';

const MESSAGES = Number(process.env.PAGE_MESSAGES ?? 3_000);
const AT_ONCE = 2_000;
const ROWS_MAX = 320;
const NODES_MAX = 6_000;
const FIRST_SIGHT_BYTES_MAX = 100_000;
/** As the developer tools of Chromium emulate it. */
const SLOW_3G = { offline: false, latency: 2_000, downloadThroughput: 50_000, uploadThroughput: 50_000 };

async function fill(server, count) {
    const writer = await enter(server, 'lobby');
    for (let sent = 0; sent < count; ) {
        const end = Math.min(count, sent + AT_ONCE);
        for (; sent < end; sent++) {
            const text = sent % 7 === 0 ? `line ${sent + 1}.\n\n- with\n- a list` : `line ${sent + 1}.`;
            writer.send({ type: 'send', room: 'lobby', text, key: `k${sent + 1}` });
        }
        await until(() => writer.messages('lobby').length === end, `${end} messages`, 120);
    }
    return writer;
}

/** Scrolls up by the wheel's steps until the first message is there; what was met on the way comes back. */
async function scrollToStart(page) {
    return page.evaluate(async () => {
        const timeline = document.querySelector('[data-testid="timeline"]');
        const met = { rows: 0, nodes: 0, steps: 0, longTasks: 0, longest: 0, jumps: 0, seen: 0 };
        new PerformanceObserver((list) => {
            for (const { duration } of list.getEntries()) {
                met.longTasks++;
                met.longest = Math.max(met.longest, Math.round(duration));
            }
        }).observe({ type: 'longtask' });
        const rows = () => [...timeline.querySelectorAll('[data-testid="message"]')];
        const isStart = () => rows()[0]?.dataset.seq === '1' && timeline.scrollTop < 50;
        const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
        const end = Date.now() + 240_000;
        let lowest = Infinity;
        while (!isStart() && Date.now() < end) {
            timeline.scrollTop -= 2_500;
            met.steps++;
            await frame();
            await frame();
            const all = rows();
            met.rows = Math.max(met.rows, all.length);
            met.nodes = Math.max(met.nodes, document.querySelectorAll('*').length);
            const first = Number(all[0]?.dataset.seq ?? lowest);
            // What was above is above still: older ones come in front, and nothing is skipped.
            if (first > lowest) met.jumps++;
            lowest = Math.min(lowest, first);
        }
        met.seen = lowest;
        return met;
    });
}

test(
    `page: scrolling through ${MESSAGES} messages keeps the page small`,
    async (context) => {
        const server = await context.server(['--limits', 'off', '--store-durability', 'process']);
        const writer = await fill(server, MESSAGES);
        const page = await person(context, await browser(context), server.url, 'Reader');
        await sees(page, `line ${MESSAGES}.`);
        const began = Date.now();
        const met = await scrollToStart(page);
        const seconds = ((Date.now() - began) / 1000).toFixed(1);
        console.log(
            `# ${MESSAGES} messages in ${seconds} s: at most ${met.rows} rows, ${met.nodes} elements; ` +
                `${met.longTasks} long tasks, the longest ${met.longest} ms`,
        );
        equal([met.seen, met.jumps], [1, 0], 'the first message was reached, and nothing moved backwards');
        assert(met.rows <= ROWS_MAX, `${met.rows} rows`);
        assert(met.nodes <= NODES_MAX, `${met.nodes} elements`);

        // What is read stays where it is when others write and when older messages come.
        const top = () => page.locator('[data-seq="5"]').boundingBox().then((box) => Math.round(box.y));
        await page.locator('[data-seq="5"]').scrollIntoViewIfNeeded();
        const before = await top();
        await writer.say('lobby', 'something new');
        await writer.ask({ type: 'ping' });
        await page.locator(`${by('jump-latest')}:has-text("1")`).waitFor();
        equal(await top(), before, 'the place that is read');
        await page.locator(by('jump-latest')).click();
        await sees(page, 'something new');
        await say(page, 'and answered');
        await isSent(page, 'and answered');
        await writer.close();
    },
    { seconds: 400 },
);

/** Loads the page over a slow network; what came until the first message, and when that was. */
async function visit(page, url, text) {
    const session = await page.context().newCDPSession(page);
    await session.send('Network.enable');
    await session.send('Network.emulateNetworkConditions', SLOW_3G);
    let bytes = 0;
    session.on('Network.loadingFinished', ({ encodedDataLength }) => (bytes += encodedDataLength));
    await page.addInitScript((wanted) => {
        new MutationObserver((_, observer) => {
            if (!document.querySelector('[data-testid="message-text"]')?.textContent.includes(wanted)) return;
            observer.disconnect();
            window.messageAt = Math.round(performance.now());
        }).observe(document, { childList: true, subtree: true, characterData: true });
    }, text);
    await page.goto(url, { waitUntil: 'commit' });
    await message(page, text).first().waitFor({ timeout: 60_000 });
    const ms = await page.evaluate(() => window.messageAt);
    await session.detach();
    return { bytes, ms };
}

test(
    'page: a first visit is light, and a second one does not wait for the network',
    async (context) => {
        const server = await context.server();
        const writer = await enter(server, 'lobby');
        await writer.say('lobby', 'the first message');
        await writer.close();
        const instance = await browser(context);
        const profile = await instance.newContext();
        const page = watch(await profile.newPage());
        const cold = await visit(page, server.url, 'the first message');
        console.log(`# slow 3G, first visit: ${cold.bytes} bytes, the first message after ${cold.ms} ms`);
        assert(cold.bytes > 10_000 && cold.bytes < FIRST_SIGHT_BYTES_MAX, `${cold.bytes} bytes`);
        await page.locator(by('name-keep')).click();
        await until(() => page.evaluate(() => Boolean(navigator.serviceWorker.controller)), 'the worker is there', 60);
        await until(() => page.evaluate(() => localStorage.getItem('natter.page.seen.lobby') !== null), 'it is kept');
        const second = watch(await profile.newPage());
        const warm = await visit(second, server.url, 'the first message');
        console.log(`# slow 3G, second visit: ${warm.bytes} bytes, the first message after ${warm.ms} ms`);
        assert(warm.bytes < 5_000, `a second visit loads ${warm.bytes} bytes`);
        equal([...page.faults, ...second.faults], [], 'faults');
        await profile.close();
    },
    { seconds: 180 },
);
