// SPDX-License-Identifier: Apache-2.0
// /ws?doctor: how a request arrived, and talks that echo, drip and keep silent. docs/reference/diagnosis.md.

import { Client } from './lib/client.mjs';
import { assert, equal, test, until } from './lib/harness.mjs';
import { get } from './lib/server.mjs';

const upgrade = {
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
};

/** An upgrade as it would arrive through a proxy that changes it. */
async function arriving(server, headers) {
    const answer = await get(`${server.url}/ws?doctor`, { headers });
    return { status: answer.status, ...JSON.parse(answer.body) };
}

async function talk(server, options = {}) {
    const client = new Client(`${server.ws}?doctor`, { protocol: 'natter.doctor', ...options });
    await client.opened();
    client.report = await client.wait('report');
    return client;
}

test('whoever asks is told how the request arrived, and nothing secret', async (context) => {
    const server = await context.server(['--connection-heartbeat', '7s']);
    const report = await arriving(server, {
        Cookie: 'natter=secret-of-a-visitor',
        Authorization: 'Bearer secret-of-a-visitor',
        Origin: 'https://evil.example',
        'X-Forwarded-For': '203.0.113.9, \u00e9',
    });
    equal([report.status, report.type, report.http, report.upgrade], [200, 'report', '1.1', 'none'], 'the request');
    equal([report.peer, report.scheme, report.origin], ['loopback', 'unknown', 'refused'], 'where it comes from');
    equal(report.fields['X-Forwarded-For'], '203.0.113.9, ?', 'what a proxy added');
    equal([report.limits.heartbeat_ms, report.limits.frame_bytes], [7000, 65536], 'what holds here');
    assert(!JSON.stringify(report).includes('secret-of'), 'no cookie, no token');
});

test('an upgrade that did not arrive whole is told what is missing', async (context) => {
    const server = await context.server();
    const without = (name, value) => {
        const headers = { ...upgrade, ...(value ? { [name]: value } : {}) };
        if (!value) delete headers[name];
        return arriving(server, headers);
    };
    for (const [name, value, status, words] of [
        ['Upgrade', null, 426, /no Upgrade: websocket/],
        ['Connection', 'close', 400, /Connection field lacks Upgrade/],
        ['Sec-WebSocket-Version', '8', 426, /Version/],
    ]) {
        const report = await without(name, value);
        equal([report.status, report.upgrade], [status, 'faulty'], name);
        assert(words.test(report.fault), `${name}: ${report.fault}`);
        equal(report.fields['Sec-WebSocket-Key'], 'there', 'the key came, and is not repeated');
    }
});

test('a talk echoes, drips and keeps silent', async (context) => {
    const server = await context.server(['--connection-heartbeat', '300ms']);
    const doctor = await talk(server);
    equal([doctor.socket.protocol, doctor.report.upgrade], ['natter.doctor', 'right'], 'opened');
    doctor.socket.send(Buffer.alloc(60000));
    equal((await doctor.wait('got')).bytes, 60000, 'up');
    doctor.send({ type: 'echo', bytes: 300000 });
    equal((await doctor.wait((frame) => frame.binary)).binary.length, 300000, 'down');
    doctor.send({ type: 'drip', count: 3, interval_ms: 60, bytes: 10 });
    for (const number of [1, 2, 3]) equal((await doctor.wait('drop')).number, number, 'a drop');
    let pings = 0;
    doctor.socket.on('ping', () => pings++);
    doctor.send({ type: 'silence', for_ms: 1000 });
    await doctor.wait('awake');
    equal(pings, 0, 'not even a heartbeat was heard meanwhile');
    for (const wrong of ['{', '{"type":"echo","bytes":-1}', '{"type":"drip","interval_ms":1}', '{"type":"sing"}']) {
        doctor.send(wrong);
        assert((await doctor.wait('error')).message.length > 10, wrong);
    }
    doctor.send({ type: 'ping' });
    assert(Math.abs((await doctor.wait('pong')).at - Date.now()) < 60000, 'its clock');
    await doctor.close();
    const metrics = await server.metrics();
    equal([metrics.get('natter_doctor_talks_total'), metrics.get('natter_doctor_talks_live')], [1, 0], 'counted');
});

test('talks are few, short and bounded, and nothing of the chat', async (context) => {
    const server = await context.server([
        ...['--shards', '1', '--doctor-talks-per-address-max', '2', '--doctor-talk-time', '1s'],
        ...['--doctor-talk-max', '64KiB', '--doctor-rate', '1/6'],
    ]);
    const first = await talk(server);
    const second = await talk(server);
    const third = new Client(`${server.ws}?doctor`, { protocol: 'natter.doctor' });
    await until(() => third.closed, 'the third is refused');
    equal(third.refused?.status, 429, 'too many from one address');
    first.socket.send(Buffer.alloc(50000));
    first.socket.send(Buffer.alloc(50000));
    await until(() => first.closed && second.closed, 'both end by themselves');
    equal([first.closed.code, second.closed.code], [1008, 1000], 'bytes and time');
    let status = 200;
    for (let i = 0; i < 10 && status === 200; i++) status = (await get(`${server.url}/ws?doctor`)).status;
    equal(status, 429, 'the rate');
    const foreign = new Client(`${server.ws}?doctor`, { headers: { Origin: 'https://evil.example' } });
    await until(() => foreign.closed, 'refused');
    equal(foreign.refused?.status, 403, 'a page of somebody else');
    const metrics = await server.metrics();
    equal(metrics.get('natter_guests_new_total'), 0, 'nobody became a guest');
    assert(metrics.get('natter_doctor_talks_refused_total') >= 1, 'counted');
    assert(metrics.get('natter_doctor_reports_refused_total') >= 1, 'counted');
});

test('a drain ends talks as well', async (context) => {
    const server = await context.server();
    const doctor = await talk(server);
    equal((await server.stop()).code, 0, 'status');
    await until(() => doctor.closed, 'closed');
    equal(doctor.closed.code, 1001, 'code');
});

test('a request in HTTP/1.0 is told so', async (context) => {
    const server = await context.server();
    const net = await import('node:net');
    const text = await new Promise((resolve) => {
        const socket = net.connect(server.port, '127.0.0.1');
        let all = '';
        socket.on('data', (bytes) => (all += bytes));
        socket.on('close', () => resolve(all));
        const lines = Object.entries(upgrade).map(([name, value]) => `${name}: ${value}`);
        socket.write(`GET /ws?doctor HTTP/1.0\r\n${lines.join('\r\n')}\r\n\r\n`);
    });
    const report = JSON.parse(text.slice(text.indexOf('\r\n\r\n')));
    equal([report.http, report.upgrade], ['1.0', 'faulty'], 'the version');
});
