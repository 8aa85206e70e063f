// SPDX-License-Identifier: Apache-2.0
// natter notices by itself what is wrong with the proxy in front of it, and says so in the log, the metrics, the API
// and the page's banner. What counts as evidence, and what does not, is in tests/unit/ops/.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import * as filters from './lib/filter.mjs';
import { assert, equal, test, until } from './lib/harness.mjs';
import { axeFinds, browser, by, shoot } from './lib/page.mjs';
import { get } from './lib/server.mjs';

const FLAGS = ['--notices-look', '100ms', '--notices-evidence-min', '2'];

async function behind(context, change, flags = []) {
    const server = await context.server([...FLAGS, ...flags]);
    const state = { change };
    const filter = await new filters.Filter(server.port, filters.changingHeads((head) => state.change(head))).start();
    context.onEnd(() => filter.stop());
    return { server, url: filter.url, state };
}

async function noticed(server) {
    const { status, body } = await get(`http://127.0.0.1:${server.opsPort}/api/v1/notices`);
    equal(status, 200, 'the API');
    return JSON.parse(body).notices;
}

const lines = (server, event) =>
    server.lines
        .filter((text) => text.startsWith('{'))
        .map((text) => JSON.parse(text))
        .filter((line) => line.event === event);

/** In all three places where the operator looks. Gives what the API says. */
async function isNoticed(server, name, level = 'fault') {
    const found = await until(
        async () => (await noticed(server)).find(({ notice }) => notice === name),
        `${name} is noticed`,
        60,
    );
    equal([found.level, found.cure], [level, `docs/howto/what-natter-noticed.md#${name}`], 'what and where');
    const metrics = await server.metrics();
    equal(metrics.get(`natter_notice{notice="${name}",level="${level}"}`), 1, 'the metric');
    assert(metrics.get(`natter_notices_raised_total{notice="${name}"}`) >= 1, 'and how often');
    const line = await until(() => lines(server, 'notice').find(({ notice }) => notice === name), 'the log');
    equal([line.kind, line.read], [level, found.cure], 'in the log');
    return found;
}

/** `natter doctor` on the machine of the running server. It leaves with 2, since something fails. */
async function doctorTells(server, words) {
    const flags = ['doctor', '--json', '--data', server.data, '--metrics-listen', `127.0.0.1:${server.opsPort}`];
    const { stdout } = await promisify(execFile)(server.binary, flags).catch((problem) => problem);
    const found = JSON.parse(stdout).checks.find(({ check }) => check === 'noticed');
    assert(found.verdict === 'fail' && words.test(found.text), JSON.stringify(found));
}

const visit = async (context, instance, url) => {
    const profile = await instance.newContext({ viewport: { width: 1100, height: 700 }, bypassCSP: true });
    context.onEnd(() => profile.close());
    const page = await profile.newPage();
    await page.goto(url);
    return page;
};

/** The banner says it, in words that are this page's, and leads to the cure. */
async function isOnPage(page, name, words) {
    const banner = page.locator(`${by('connection-banner')}[data-fault="${name}"]`);
    await banner.waitFor({ timeout: 60000 });
    const text = await banner.innerText();
    assert(words.test(text), `the banner: ${text}`);
    assert(!/127\.0\.0\.1/.test(text), 'without an address');
    equal(await banner.locator('a').getAttribute('href'), `./help/what-natter-noticed.html#${name}`, 'the cure');
    await shoot(page, `notice-${name}`);
}

async function upgradesDropped(context, instance) {
    const { server, url, state } = await behind(context, (head) =>
        filters.isForSocket(head) && !head.includes('?doctor') ? filters.withoutUpgrade(head) : head,
    );
    const page = await visit(context, instance, url);
    await isOnPage(page, 'upgrade_dropped', /proxy in front of this server lets no WebSockets through/);
    equal(await axeFinds(page), [], 'the banner');
    const { detail } = await isNoticed(server, 'upgrade_dropped');
    equal(detail, '127.0.0.1 drops Upgrade', 'the API says who and how');
    await doctorTells(server, /^upgrade_dropped, 127\.0\.0\.1 drops Upgrade: /);
    const [help] = await Promise.all([page.context().waitForEvent('page'), page.locator(by('cure')).click()]);
    await help.locator('h2#upgrade_dropped').waitFor();
    assert(/proxy_set_header Upgrade/.test(await help.locator('main').innerText()), 'the lines to write');
    await shoot(help, 'notice-help');
    equal(await axeFinds(help), [], 'the help');
    state.change = (head) => head; // cured
    for (let i = 0; i < 3; i++) await page.reload();
    await page.locator(by('name-input')).waitFor({ timeout: 60000 });
    await until(async () => (await noticed(server)).length === 0, 'it is over');
    equal(lines(server, 'notice.over').map(({ notice }) => notice), ['upgrade_dropped'], 'and the log says so');
}

async function socketsAstray(context, instance) {
    const change = (head) => (filters.isForSocket(head) ? null : head);
    const { server, url } = await behind(context, change, ['--notices-socket-time', '500ms']);
    const page = await visit(context, instance, url);
    await isOnPage(page, 'sockets_missing', /This page reaches the server, but its WebSocket does not/);
    for (let i = 0; i < 2; i++) await page.reload();
    const { detail } = await isNoticed(server, 'sockets_missing');
    equal(detail, 'the path of the WebSocket does not lead here', 'where it goes');
}

async function originRefused(context, instance) {
    const change = (head) => head.replace(/^Host: .*$/im, 'Host: natter');
    const { server, url } = await behind(context, change, ['--notices-socket-time', '500ms']);
    const page = await visit(context, instance, url);
    await isOnPage(page, 'origin_refused', /does not know itself by this address/);
    await page.reload();
    await isNoticed(server, 'origin_refused');
}

test(
    'a proxy that keeps WebSockets out is noticed in the log, the metrics, the API and on the page',
    async (context) => {
        const instance = await browser(context);
        await Promise.all([
            upgradesDropped(context, instance),
            socketsAstray(context, instance),
            originRefused(context, instance),
        ]);
    },
    { seconds: 120 },
);

test(
    'a proxy that is not trusted is noticed, told to who is connected, and can be hidden',
    async (context) => {
        const { server, url } = await behind(context, (head) => filters.withField(head, 'X-Forwarded-For: 192.0.2.7'));
        const instance = await browser(context);
        const profile = await instance.newContext({ viewport: { width: 1100, height: 700 }, bypassCSP: true });
        context.onEnd(() => profile.close());
        const page = await profile.newPage();
        await page.clock.install();
        await page.goto(url);
        await page.locator(by('name-input')).fill('Ada');
        await page.locator(by('name-submit')).click();
        await page.locator(by('name-dialog')).waitFor({ state: 'detached' }); // before the clock is moved on
        const found = await isNoticed(server, 'forwarded_not_believed');
        assert(found.detail === '127.0.0.1' && found.is_sure, JSON.stringify(found));
        await page.clock.fastForward('00:31');
        const banner = page.locator(`${by('notice')}[data-notice="forwarded_not_believed"]`);
        await banner.waitFor({ timeout: 20000 });
        assert(/does not trust its proxy/.test(await banner.innerText()), 'the banner');
        await shoot(page, 'notice-forwarded_not_believed');
        equal(await axeFinds(page), [], 'the notice');
        await page.locator(by('notice-hide')).click();
        await banner.waitFor({ state: 'detached' });
        await page.reload();
        const asked = page.waitForResponse((response) => response.url().endsWith('/api/v1/notices'));
        await page.locator(by('composer-input')).fill('still hidden');
        await page.locator(by('composer-input')).press('Enter');
        await page.locator(`${by('message')}[data-status="sent"]`).waitFor({ timeout: 20000 });
        await page.clock.fastForward('00:31');
        await asked;
        equal(await banner.count(), 0, 'it stays hidden');
    },
    { seconds: 120 },
);
