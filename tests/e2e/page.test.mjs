// SPDX-License-Identifier: Apache-2.0
// What a person can do at the page, each shown with real browsers at a real server.
import http from 'node:http';
import net from 'node:net';
import { enter } from './lib/client.mjs';
import { assert, equal, test, until } from './lib/harness.mjs';
import { axeFinds, browser, by, isSent, message, person, PHONE, say, sees, takeName, watch } from './lib/page.mjs';
import { get } from './lib/server.mjs';

const composer = (page) => page.locator(by('composer-input'));
const currentRoom = (page) => page.locator('.room-item.is-current').getAttribute('data-room');
const focused = (page) => page.evaluate(() => document.activeElement?.dataset.testid);

test('page: everything can be done with the keyboard', async (context) => {
    const server = await context.server();
    const page = await person(context, await browser(context), server.url, 'Ada');
    const { keyboard } = page;
    await say(page, 'teh first');
    await isSent(page, 'teh first');
    await keyboard.press('ArrowUp');
    await until(async () => (await composer(page).inputValue()) === 'teh first', 'the last message is edited');
    await composer(page).fill('the first');
    await keyboard.press('Enter');
    await page.locator('.message-edited').waitFor();

    await keyboard.press('Control+k');
    await page.locator(by('switcher-input')).waitFor();
    await keyboard.type('kit');
    await page.locator(`${by('switcher-item')}:has-text("#kit")`).waitFor();
    await keyboard.press('Enter');
    await until(async () => (await currentRoom(page)) === 'kit', 'a new room by its name');
    await keyboard.press('Alt+ArrowDown');
    await until(async () => (await currentRoom(page)) === 'lobby', 'the next room');

    await composer(page).focus();
    await keyboard.press('F6');
    await until(async () => (await focused(page)) === 'timeline', 'the focus is among the messages');
    await keyboard.press('ArrowUp');
    await until(async () => (await focused(page)) === 'message', 'on a message');
    await keyboard.press('r');
    await page.locator('.composer-task').waitFor();
    await keyboard.type('an answer');
    await keyboard.press('Enter');
    await page.locator('.quote').waitFor();
    await isSent(page, 'an answer');
    await keyboard.press('F6');
    await until(async () => (await focused(page)) === 'timeline', 'the focus is among the messages again');
    await keyboard.press('ArrowUp');
    await until(async () => (await focused(page)) === 'message', 'on a message again');
    await keyboard.press('+');
    await page.locator('.picker').waitFor();
    await keyboard.press('ArrowRight');
    await keyboard.press('Enter');
    await page.locator(by('reaction')).waitFor();
    await keyboard.press('Delete');
    await page.locator(by('delete-dialog')).waitFor();
    await page.locator(by('delete-confirm')).press('Enter');
    await page.locator('.message-text.is-deleted').waitFor();

    await page.locator(by('timeline')).focus();
    await keyboard.press('?');
    await page.locator(by('shortcut-sheet')).waitFor();
    await keyboard.press('Escape');
    await page.locator(by('shortcut-sheet')).waitFor({ state: 'detached' });
});

test('page: people, rooms, emoji and commands are completed', async (context) => {
    const server = await context.server();
    const instance = await browser(context);
    const ada = await person(context, instance, server.url, 'Ada');
    const bob = await person(context, instance, server.url, 'Bob Miller');
    await say(bob, 'here I am');
    await sees(ada, 'here I am');
    await composer(ada).pressSequentially('hello @mil');
    await ada.locator(`${by('candidates')} [role="option"]:has-text("Bob Miller")`).waitFor();
    await ada.keyboard.press('Tab');
    equal(await composer(ada).inputValue(), 'hello @Bob Miller ', 'a person by a part of the name');
    await ada.keyboard.press('Enter');
    await bob.locator('mark.mention').waitFor();
    await composer(ada).pressSequentially('well done :tad');
    await ada.locator(`${by('candidates')} [role="option"]:has-text(":tada:")`).waitFor();
    await ada.keyboard.press('Enter');
    equal(await composer(ada).inputValue(), 'well done 🎉 ', 'an emoji by its name');
    await composer(ada).fill('');
    await composer(ada).pressSequentially('/ni');
    await ada.keyboard.press('Tab');
    await ada.keyboard.type('Ada Lovelace');
    await ada.keyboard.press('Enter');
    await until(async () => (await ada.locator('.self-name').innerText()) === 'Ada Lovelace', 'another name');
    await say(ada, '/me waves');
    await until(
        async () => (await bob.locator('.is-action').allTextContents()).some((text) => text === 'Ada Lovelace waves'),
        'what somebody does is told so',
    );
    await say(ada, '/nothing of the kind');
    await ada.locator('.composer-note.is-problem').waitFor();
    assert((await message(ada, 'of the kind').count()) === 0, 'an unknown command is not sent');
    await say(ada, '/join tea-room');
    await until(async () => (await currentRoom(ada)) === 'tea-room', '/join');
    await say(ada, '/leave');
    await until(async () => (await currentRoom(ada)) === 'lobby', '/leave');
});

test('page: emoji are picked, and code is coloured, without a word from elsewhere', async (context) => {
    const server = await context.server();
    const page = await person(context, await browser(context), server.url, 'Ada');
    const foreign = [];
    page.on('request', (request) => {
        if (!request.url().startsWith(server.url) && !/^(data|blob):/.test(request.url())) foreign.push(request.url());
    });
    await page.locator(by('emoji-open')).click();
    await page.locator(by('emoji-search')).fill('rocket');
    await page.locator('.emoji-item[title=":rocket:"]').click();
    equal(await composer(page).inputValue(), '🚀', 'the emoji is in the text');
    await say(page, '```c\nint answer = 42; /* why */\n```');
    await page.locator('.code-keyword').waitFor();
    equal(await page.locator('.code-comment').innerText(), '/* why */', 'a comment');
    await message(page, 'answer').first().hover();
    await page.locator(by('message-react')).click();
    await page.locator(by('reaction-more')).click();
    await page.locator(by('emoji-search')).fill('100');
    await page.keyboard.press('Enter');
    await page.locator(`${by('reaction')}:has-text("💯")`).waitFor();
    equal(foreign, [], 'requests to others');
});

test('page: a link leads to one message, however old, and one reads on from there', async (context) => {
    const server = await context.server(['--limits', 'off']);
    const writer = await enter(server, 'lobby');
    for (let i = 1; i <= 1500; i++) writer.send({ type: 'send', room: 'lobby', text: `line ${i}.`, key: `k${i}` });
    await until(() => writer.messages('lobby').length === 1500, '1500 messages');
    await writer.close();
    const page = await person(context, await browser(context), server.url, 'Reader');
    await sees(page, 'line 1500.');
    await page.goto(`${server.url}/#/room/lobby/700`);
    const target = page.locator('[data-seq="700"]');
    await target.waitFor();
    await until(
        async () => {
            const box = await target.boundingBox();
            return box && box.y > 100 && box.y < 700;
        },
        'the message is in sight',
    );
    equal(await page.locator('[data-seq="1500"]').count(), 0, 'far from the end');
    const seen = () =>
        page.locator(by('message')).evaluateAll((rows) => rows.map((row) => Number(row.dataset.seq)));
    await page.locator(by('timeline')).hover();
    await until(
        async () => {
            await page.mouse.wheel(0, 3000);
            return (await page.locator('[data-seq="1500"]').count()) > 0;
        },
        'one reads on to the end',
    );
    const seqs = await seen();
    assert(seqs.every((seq, index) => index === 0 || seq === seqs[index - 1] + 1), `without a hole: ${seqs}`);
    await page.goBack();
    await page.goForward();
    await target.waitFor();
    await page.locator(by('jump-latest')).click();
    await page.locator('[data-seq="1500"]').waitFor();

    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await page.locator('[data-seq="1500"]').hover();
    await page.locator(by('message-link')).click();
    const link = await page.evaluate(() => navigator.clipboard.readText());
    assert(link.endsWith('/#/room/lobby/1500'), link);
});

test('page: what waits is kept over a reload without the server, and sent once', async (context) => {
    const server = await context.server();
    const instance = await browser(context);
    const ada = await person(context, instance, server.url, 'Ada');
    const bob = await person(context, instance, server.url, 'Bob');
    await say(ada, 'before');
    await isSent(ada, 'before');
    await sees(bob, 'before');
    await until(() => ada.evaluate(() => Boolean(navigator.serviceWorker.controller)), 'the service worker is there');
    await until(
        () => ada.evaluate(() => (localStorage.getItem('natter.page.seen.lobby') ?? '').includes('before')),
        'the last messages are kept',
    );
    await server.kill();
    for (const text of ['one', 'two', 'three']) await say(ada, `waiting ${text}`);
    await composer(ada).fill('a draft');
    await ada.reload();
    await sees(ada, 'before');
    await sees(ada, 'waiting three');
    equal(await ada.locator(`${by('message')}[data-status="pending"]`).count(), 3, 'all wait');
    await until(async () => /^3 /.test(await ada.locator(by('waiting')).innerText().catch(() => '')), 'how many wait');
    await server.start();
    await ada.locator(`${by('connection-banner')} button`).click({ timeout: 5000 }).catch(() => {});
    await isSent(ada, 'waiting three');
    await sees(bob, 'waiting three');
    for (const page of [ada, bob]) {
        const rows = page.locator(by('message'));
        const texts = await rows.evaluateAll((all) =>
            all.map((row) => row.querySelector('[data-testid="message-text"]').textContent),
        );
        equal(texts, ['before', 'waiting one', 'waiting two', 'waiting three'], 'once and in order');
    }
    equal(await composer(ada).inputValue(), 'a draft', 'the draft is kept');
});

test('page: two tabs of one person agree', async (context) => {
    const server = await context.server();
    const instance = await browser(context);
    const ada = await person(context, instance, server.url, 'Ada');
    const bob = await person(context, instance, server.url, 'Bob');
    const second = await ada.context().newPage();
    await second.goto(server.url);
    await say(ada, 'from the first tab');
    await sees(second, 'from the first tab');
    equal(await second.locator(`${by('member')}:has-text("Ada")`).count(), 1, 'one person');
    await server.kill();
    await say(ada, 'while away');
    await second.reload().catch(() => {});
    await sees(second, 'while away');
    await ada.locator(by('connection-banner')).waitFor({ timeout: 20000 });
    await server.start();
    await isSent(ada, 'while away');
    await isSent(second, 'while away');
    await sees(bob, 'while away');
    for (const page of [ada, second, bob])
        equal(await message(page, 'while away').count(), 1, 'sent once by two tabs');
});

test('page: notifications come to those who are away and asked for them', async (context) => {
    const server = await context.server();
    const instance = await browser(context);
    const ada = await person(context, instance, server.url, 'Ada', { permissions: ['notifications'] });
    const bob = await person(context, instance, server.url, 'Bob');
    await ada.evaluate(() => {
        window.shown = [];
        window.Notification = class {
            static permission = 'granted';
            constructor(title, options) {
                window.shown.push(`${title}: ${options.body}`);
            }
        };
    });
    const lookAway = (isAway) =>
        ada.evaluate((value) => {
            document.hasFocus = () => !value;
            window.dispatchEvent(new Event(value ? 'blur' : 'focus'));
        }, isAway);
    const shown = () => ada.evaluate(() => window.shown);
    await lookAway(true);
    await say(bob, '@Ada nobody asked yet');
    await sees(ada, 'nobody asked yet');
    await lookAway(false);
    await ada.locator(by('settings-open')).click();
    await ada.locator('input[name="notify"][value="mentions"]').check({ force: true });
    await ada.keyboard.press('Escape');
    await say(bob, '@Ada you look here');
    await sees(ada, 'you look here');
    await lookAway(true);
    await say(bob, 'nothing for anybody');
    await say(bob, 'and @Ada, this is for you');
    await until(async () => (await shown()).length > 0, 'a notification');
    equal(await shown(), ['Bob · #lobby: and @Ada, this is for you'], 'for a mention only, and only when away');
    await until(async () => /^\(2\)/.test(await ada.title()), 'the title counts');
    equal(await ada.locator('link[rel="icon"]').getAttribute('data-dot'), 'mention', 'the icon has a dot');
    await lookAway(false);
    await until(async () => !/^\(/.test(await ada.title()), 'it was seen');
});

test('page: what was read can be marked as unread, and stays so until it is read again', async (context) => {
    const server = await context.server();
    const instance = await browser(context);
    const writer = await enter(server, 'lobby');
    for (const word of ['one', 'two', 'three']) await writer.say('lobby', `number ${word}`);
    await writer.close();
    const page = await person(context, instance, server.url, 'Ada');
    await sees(page, 'number three');
    await message(page, 'number two').hover();
    await page.locator(by('message-unread')).click();
    await page.locator(by('new-divider')).waitFor();
    const unread = () => page.locator('[data-room="lobby"]').getAttribute('data-unread');
    equal(await unread(), '2', 'two are unread');
    await page.evaluate(() => window.dispatchEvent(new Event('focus')));
    equal(await unread(), '2', 'looking at it does not change that');
    await page.reload();
    await page.locator(by('new-divider')).waitFor();
    await composer(page).focus();
    await page.keyboard.press('Escape');
    await page.locator(by('new-divider')).waitFor({ state: 'detached' });
    equal(await unread(), '0', 'read');
});

test('page: a page that slept asks whether its connection lives', async (context) => {
    const server = await context.server();
    const instance = await browser(context);
    const profile = await instance.newContext();
    const page = watch(await profile.newPage());
    await page.clock.install();
    let sockets = 0;
    let isDead = false;
    await page.routeWebSocket(/\/ws/, (socket) => {
        const isDoomed = sockets++ === 0;
        const upstream = socket.connectToServer();
        // A dead path says nothing: no close, no answer.
        socket.onMessage((text) => (isDoomed && isDead) || upstream.send(text));
        upstream.onMessage((text) => (isDoomed && isDead) || socket.send(text));
    });
    await page.goto(server.url);
    await takeName(page, 'Ada');
    await say(page, 'before the sleep');
    await isSent(page, 'before the sleep');
    isDead = true;
    await page.clock.fastForward('10:00'); // the lid is closed
    await page.clock.fastForward('00:04');
    await page.clock.fastForward('00:02'); // and open for six seconds
    await until(
        async () => {
            await page.clock.fastForward('00:01');
            return sockets > 1;
        },
        'another connection',
    );
    await say(page, 'after the sleep');
    await until(
        async () => {
            await page.clock.fastForward('00:01');
            return (await page.locator(`${by('message')}[data-status="sent"]:has-text("after the sleep")`).count()) > 0;
        },
        'the page talks again',
    );
    equal(page.faults, [], 'faults');
    await profile.close();
});


test('page: two people talk alone, and everything is read on all of a person\'s devices', async (context) => {
    const server = await context.server();
    const instance = await browser(context);
    const ada = await person(context, instance, server.url, 'Ada');
    const bob = await person(context, instance, server.url, 'Bob');
    const eve = await person(context, instance, server.url, 'Eve');
    // Another device of Bob's is another browser with the same cookie.
    const cookies = await bob.context().cookies();
    const device = await instance.newContext();
    await device.addCookies(cookies);
    const phone = watch(await device.newPage());
    await phone.goto(server.url);
    await phone.locator(by('name-keep')).click();

    const row = ada.locator(`${by('member')}:has-text("Bob")`);
    await row.hover();
    await row.locator(by('member-direct')).click();
    await until(async () => /Bob/.test(await ada.locator('h1').innerText()), 'a room with the name of the other');
    await say(ada, 'just between us');
    await isSent(ada, 'just between us');
    for (const page of [bob, phone])
        await page.locator(`${by('direct-list')} ${by('room-item')}[data-unread="1"]:has-text("Ada")`).waitFor();
    equal(await eve.locator(`${by('room-item')}:has-text("Ada")`).count(), 0, 'nobody else sees it');
    await bob.locator(`${by('direct-list')} a`).click();
    await sees(bob, 'just between us');
    await bob.bringToFront();
    await bob.evaluate(() => window.dispatchEvent(new Event('focus')));
    await phone.locator(`${by('direct-list')} ${by('room-item')}[data-unread="0"]`).waitFor();

    await bob.evaluate(() => (location.hash = '#/room/kitchen'));
    await until(async () => (await currentRoom(bob)) === 'kitchen', 'Bob looks elsewhere');
    await phone.evaluate(() => (location.hash = '#/room/kitchen'));
    await say(eve, 'hello @Bob');
    await isSent(eve, 'hello @Bob');
    for (const page of [bob, phone]) await page.locator(`[data-room="lobby"] ${by('mentions')}`).waitFor();
    await bob.reload();
    await bob.locator(`[data-room="lobby"] ${by('mentions')}`).waitFor();
    await say(ada, '/msg eve');
    await until(async () => /Eve/.test(await ada.locator('h1').innerText()), '/msg');
    equal(phone.faults, [], 'faults');
    await device.close();
});

/** A way to the server that changes the service worker in passing; its address. */
async function wayTo(context, server, change) {
    const proxy = http.createServer(async (request, response) => {
        const { status, headers, bytes } = await get(server.url + request.url);
        delete headers['content-length'];
        response.writeHead(status, headers);
        response.end(request.url === '/sw.js' ? change(bytes.toString()) : bytes);
    });
    proxy.on('upgrade', ({ url, rawHeaders }, socket) => {
        const upstream = net.connect(server.port, '127.0.0.1');
        const fields = rawHeaders.map((word, index) => word + (index % 2 === 0 ? ': ' : '\r\n')).join('');
        upstream.write(`GET ${url} HTTP/1.1\r\n${fields}\r\n`);
        for (const [from, to] of [[socket, upstream], [upstream, socket]]) {
            from.pipe(to);
            from.on('error', () => to.destroy());
        }
    });
    await new Promise((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    context.onEnd(() => proxy.closeAllConnections());
    context.onEnd(() => void proxy.close());
    return `http://127.0.0.1:${proxy.address().port}`;
}

test('page: a newer page asks before it takes over, and keeps the draft', async (context) => {
    const server = await context.server();
    let suffix = '';
    const url = await wayTo(context, server, (script) => script + suffix);
    const page = await person(context, await browser(context), url, 'Ada');
    await until(() => page.evaluate(() => Boolean(navigator.serviceWorker.controller)), 'the first worker');
    await composer(page).fill('half a thought');
    suffix = '\n// newer';
    await page.reload();
    await page.locator(by('new-page')).waitFor({ timeout: 20000 });
    equal(await composer(page).inputValue(), 'half a thought', 'nothing is disturbed');
    await Promise.all([page.waitForEvent('load'), page.locator(`${by('new-page')} button`).click()]);
    await until(async () => (await composer(page).inputValue()) === 'half a thought', 'the draft is kept');
    equal(await page.locator(by('new-page')).count(), 0, 'it has taken over');
});

test('page: another language, another direction', async (context) => {
    const server = await context.server();
    const instance = await browser(context);
    const page = await person(context, instance, server.url, null, { locale: 'ar', bypassCSP: true });
    await page.locator(by('name-dialog')).waitFor();
    const { lang, dir } = await page.evaluate(() => ({ lang: document.documentElement.lang, dir: document.dir }));
    equal([lang, dir], ['ar', 'rtl'], 'language and direction');
    equal(await axeFinds(page), [], 'axe');
    await takeName(page, 'ليلى');
    await say(page, 'مرحبا');
    await isSent(page, 'مرحبا');
    const sides = await page.evaluate(() => {
        const left = (selector) => document.querySelector(selector).getBoundingClientRect().left;
        return left('nav.rooms') > left('main') && left('aside.members') < left('main');
    });
    assert(sides, 'the rooms are at the right, the members at the left');
    await page.locator(by('settings-open')).click();
    await page.locator(by('language')).selectOption('zh');
    await page.locator('html[lang="zh"]').waitFor({ state: 'attached' });
    await sees(page, 'مرحبا');
    equal(await composer(page).getAttribute('placeholder'), '发消息到 #lobby', 'Chinese');
});

test('page: axe finds nothing on any view', async (context) => {
    const server = await context.server();
    const instance = await browser(context);
    const writer = await enter(server, 'lobby');
    const long = `${'long'.repeat(80)} https://example.org/${'path/'.repeat(40)}`;
    for (const text of ['**bold** and `code`', '```js\nconst a = 1;\n```', '> quoted\n\n- a\n- b', long])
        await writer.say('lobby', text);
    const views = {
        switcher: (page) => page.keyboard.press('Control+k'),
        sheet: (page) => page.keyboard.press('Control+/'),
        settings: (page) => page.locator(by('settings-open')).click(),
        emoji: (page) => page.locator(by('emoji-open')).click(),
        commands: (page) => composer(page).pressSequentially('/'),
    };
    for (const colorScheme of ['light', 'dark']) {
        // A dialog that fades in has little contrast for a moment.
        const options = { colorScheme, reducedMotion: 'reduce', bypassCSP: true };
        const page = await person(context, instance, server.url, `Viewer ${colorScheme}`, options);
        await page.locator('.code-keyword').waitFor();
        for (const [name, open] of Object.entries(views)) {
            await open(page);
            equal(await axeFinds(page), [], `${name}, ${colorScheme}`);
            await page.keyboard.press('Escape');
        }
    }
    const small = [PHONE, { viewport: { width: 320, height: 568 } }, { viewport: { width: 640, height: 400 } }];
    for (const options of small) {
        const more = { reducedMotion: 'reduce', bypassCSP: true };
        const page = await person(context, instance, server.url, null, { ...options, ...more });
        await page.locator(by('name-keep')).click();
        await sees(page, 'quoted');
        const width = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
        assert(width <= 0, `nothing sticks out at ${options.viewport.width} (${width} px)`);
        await page.locator('.room-header .icon-button').click();
        await page.locator(by('switcher-open')).waitFor();
        equal(await axeFinds(page), [], `the rooms at ${options.viewport.width}`);
    }
    await writer.close();
});
