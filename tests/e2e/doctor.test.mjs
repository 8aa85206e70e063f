// SPDX-License-Identifier: Apache-2.0
// natter doctor against what real proxies cannot be made to do, and about the machine it runs on. The four real proxies
// are in tests/proxies.
import { chmodSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

import { assert, equal, test } from './lib/harness.mjs';
import { blamed, doctor, show } from './lib/doctor.mjs';
import * as filters from './lib/filter.mjs';

/** Through something on the way. The page's address is the filter's, so the Origin fits. */
async function through(context, server, make, words = ['--quick']) {
    const filter = await new filters.Filter(server.port, make).start();
    context.onEnd(() => filter.stop());
    return doctor(context, filter.url, ...words);
}

/** A server of a few lines. `answer` is called for plain requests, `upgrade` for upgrades. */
async function standIn(context, answer, upgrade) {
    const server = http.createServer(answer);
    if (upgrade) server.on('upgrade', upgrade);
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    context.onEnd(() => {
        server.closeAllConnections();
        return new Promise((resolve) => server.close(resolve));
    });
    return `http://127.0.0.1:${server.address().port}/`;
}

test('doctor finds nothing wrong where nothing is', async (context) => {
    const server = await context.server();
    const findings = await doctor(context, `${server.url}/`, '--quick');
    equal([findings.verdict, findings.status, blamed(findings)], ['pass', 0, []], show(findings));
    const text = await server.verb('doctor', `${server.url}/`, '--quick');
    assert(/^ {2}ok {4}upgrade {6}A WebSocket opens\.$/m.test(text), text);
    const metrics = await server.metrics();
    equal(metrics.get('natter_guests_new_total'), 0, 'nobody entered the chat');
});

// All at once: most of the time they wait.
test('doctor finds what boxes on the way do to WebSockets', async (context) => {
    const server = await context.server(['--doctor-rate', '1000/1000', '--doctor-talks-per-address-max', '30']);
    const idle = ['--idle-max', '4'];
    const cases = [
        ['hold small messages back', filters.holdingBack(700), 'buffered'],
        ['let no large message up', filters.cuttingLarge('up', 20000), 'size_limited'],
        ['let no large message down', filters.cuttingLarge('down', 20000), 'size_limited'],
        ['cut when the client is silent', filters.cuttingSilent('up', 2000), 'idle_cut', idle],
        ['cut when natter is silent', filters.cuttingSilent('down', 2000), 'idle_cut', idle],
        ['break compressed messages', filters.spoilingCompressed(), 'compression_broken'],
        ['answer upgrades wrongly', filters.replacing(/Accept: ..../, 'Accept: AAAA'), 'upgrade_faulty'],
    ];
    const look = async ([what, make, fault, words]) => {
        const findings = await through(context, server, make, words);
        equal([findings.verdict, blamed(findings)], ['fail', [fault]], `${what}\n${show(findings)}`);
        return findings.checks.find((found) => found.fault === fault).text;
    };
    const texts = await Promise.all(cases.map(look));
    const passed = Number(/more than (\d+) bytes/.exec(texts[1])[1]);
    assert(passed > 19000 && passed <= 20000, `the largest is measured: ${texts[1]}`);
    assert(/after [12]\.\d s/.test(texts[3]), `the time is measured: ${texts[3]}`);
});

test('doctor finds a page that is compressed twice', async (context) => {
    const server = await context.server();
    const report = await fetch(`${server.url}/ws?doctor`).then((answer) => answer.text());
    const url = await standIn(context, (request, response) => {
        if (request.url.startsWith('/ws')) {
            response.end(report.replace('"origin":"none"', '"origin":"allowed"'));
            return;
        }
        response.setHeader('Content-Encoding', 'gzip');
        response.end(gzipSync(gzipSync('<!doctype html>')));
    });
    const findings = await doctor(context, url, '--quick');
    assert(blamed(findings).includes('compressed_twice'), show(findings));
});

for (const [what, fault, answer, upgrade] of [
    [
        'is an older natter',
        'natter_old',
        (request, response) => response.writeHead(426).end('This is a WebSocket address. A client must send'),
    ],
    ['says nothing', 'no_answer', (request) => request.socket.destroy()],
    ['says that it was asked too much', 'limited', (request, response) => response.writeHead(429).end('Too many')],
    ['is something else', 'not_natter', (request, response) => response.end('<h1>It works!</h1>')],
]) {
    test(`doctor finds that what answers ${what}`, async (context) => {
        const findings = await doctor(context, await standIn(context, answer, upgrade), '--quick');
        equal([findings.verdict, blamed(findings)], ['fail', [fault]], show(findings));
    });
}

test('doctor finds an upgrade that is refused on the way', async (context) => {
    const server = await context.server();
    const report = await fetch(`${server.url}/ws?doctor`, { headers: { Origin: server.url } }).then((answer) =>
        answer.text(),
    );
    const url = await standIn(
        context,
        (request, response) => response.end(report),
        (request, socket) => socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 9\r\n\r\nforbidden'),
    );
    const findings = await doctor(context, url, '--quick');
    assert(blamed(findings).includes('upgrade_refused'), show(findings));
});

test('doctor finds what is wrong before HTTP begins', async (context) => {
    const server = await context.server();
    const cases = [
        ['http://no-such-name.invalid/', 'name_unknown'],
        ['http://127.0.0.1:1/', 'not_connected'],
        [`https://127.0.0.1:${server.port}/`, 'tls_failed'],
    ];
    for (const [url, fault] of cases) {
        const findings = await doctor(context, url, '--quick');
        equal([findings.status, blamed(findings)], [2, [fault]], show(findings));
    }
});

test('doctor looks at the machine it runs on', async (context) => {
    const folder = mkdtempSync(join(tmpdir(), 'natter-doctor-'));
    context.onEnd(() => rmSync(folder, { recursive: true, force: true }));
    const data = join(folder, 'data');
    const fresh = await doctor(context, '--data', data);
    assert(fresh.checks.find(({ check }) => check === 'data').verdict === 'skipped', show(fresh));
    const server = await context.server([], { data });
    const live = await doctor(context, '--data', data);
    const { text } = live.checks.find(({ check }) => check === 'server');
    assert(text.includes(`process ${server.child.pid}`), text);
    equal(live.checks.find(({ check }) => check === 'database').verdict, 'pass', show(live));
    equal(readdirSync(data).filter((name) => name.startsWith('sync-')), [], 'nothing is left behind');
    await server.stop();
    chmodSync(join(data, 'secret'), 0o644);
    const open = await doctor(context, '--data', data);
    equal([open.status, open.checks.find(({ check }) => check === 'secret').fault], [2, 'here_not_private']);
    for (const name of readdirSync(data).filter((file) => file.includes('.db')))
        writeFileSync(join(data, name), 'this is no database, and long enough to be read as one'.repeat(100));
    const broken = await doctor(context, '--data', data);
    equal(broken.checks.find(({ check }) => check === 'database').fault, 'here_database', show(broken));
});
