// SPDX-License-Identifier: Apache-2.0
// Starting, and what can be wrong with it: one line that says what and what to do.
import { execFile } from 'node:child_process';
import { chmodSync, mkdtempSync, writeFileSync, readdirSync, statSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { assert, equal, test, until } from './lib/harness.mjs';
import { Client, enter } from './lib/client.mjs';
import { Server } from './lib/server.mjs';

function runVerb(binary, words, environment = {}) {
    return new Promise((resolve) => {
        execFile(binary, words, { timeout: 20000, env: { ...process.env, ...environment } }, (error, stdout, stderr) =>
            resolve({ status: error ? (error.code ?? error.signal) : 0, stdout, stderr }),
        );
    });
}

function folder(context) {
    const path = mkdtempSync(join(tmpdir(), 'natter-e2e-'));
    context.onEnd(() => rmSync(path, { recursive: true, force: true }));
    return path;
}

test('version, help and unknown verbs', async (context) => {
    assert(/^natter \d+\.\d+/.test((await runVerb(context.binary, ['version'])).stdout), 'version');
    const help = await runVerb(context.binary, ['serve', '--help']);
    assert(help.status === 0 && /--listen/.test(help.stdout) && /--data/.test(help.stdout), 'help');
    const unknown = await runVerb(context.binary, ['dance']);
    assert(unknown.status === 2 && /serve/.test(unknown.stderr), 'unknown verb');
});

test('a bad setting is named with its place and its cure', async (context) => {
    const file = join(folder(context), 'natter.conf');
    writeFileSync(file, 'chat {\n  no_such_setting = 7\n}\n');
    const cases = [
        [['check-config', '--config', file], {}, 78, /no_such_setting/],
        [['serve', '--listen', 'nowhere'], {}, 78, /listen/],
        [['serve', '--shards', '1000'], {}, 78, /shards/],
        [['serve', '--data', '/tmp', '--no-such-flag'], {}, null, /no-such-flag/],
        [['check-config'], { NATTER_LISTEN: 'nowhere' }, 78, /NATTER_LISTEN/],
    ];
    for (const [words, environment, status, text] of cases) {
        const { status: found, stderr, stdout } = await runVerb(context.binary, words, environment);
        assert(found !== 0 && (status === null || found === status), `${words}: status ${found}`);
        assert(text.test(stderr + stdout), `${words}: ${stderr}${stdout}`);
    }
});

test('flags beat variables beat the file beat defaults', async (context) => {
    const file = join(folder(context), 'natter.conf');
    const sample = (await runVerb(context.binary, ['config', 'sample'])).stdout;
    writeFileSync(file, sample);
    equal((await runVerb(context.binary, ['check-config', '--config', file])).status, 0, 'the sample is right');
});

test('a port in use, and a data folder in use, are said in one line', async (context) => {
    const server = await context.server();
    const busyPort = await runVerb(context.binary, [
        'serve',
        '--listen',
        `127.0.0.1:${server.port}`,
        '--data',
        folder(context),
    ]);
    assert(busyPort.status !== 0 && /in use/.test(busyPort.stderr), busyPort.stderr);
    const busyData = await runVerb(context.binary, ['serve', '--listen', '127.0.0.1:0', '--data', server.data]);
    assert(busyData.status !== 0 && busyData.stderr.includes(String(server.child.pid)), busyData.stderr);
});

test('a database that is not ours, newer, or not writable is refused in one line', async (context) => {
    const data = folder(context);
    const first = new Server(context.binary, [], data);
    await first.start();
    await first.stop();
    const name = readdirSync(data).find(
        (entry) => entry.endsWith('.db') || entry.endsWith('.sqlite3') || entry.endsWith('.sqlite'),
    );
    assert(name, `a database in ${readdirSync(data)}`);
    const other = folder(context);
    writeFileSync(join(other, name), 'this is no database at all, just some words '.repeat(200));
    const notOurs = await runVerb(context.binary, ['serve', '--listen', '127.0.0.1:0', '--data', other]);
    assert(notOurs.status !== 0 && /database/.test(notOurs.stderr), notOurs.stderr);
    const newer = await runVerb('sqlite3', [join(data, name), 'pragma user_version = 9999']);
    equal(newer.status, 0, 'sqlite3');
    const tooNew = await runVerb(context.binary, ['serve', '--listen', '127.0.0.1:0', '--data', data]);
    assert(tooNew.status !== 0 && /newer/.test(tooNew.stderr), tooNew.stderr);
    const file = join(folder(context), 'file');
    writeFileSync(file, '');
    const noFolder = await runVerb(context.binary, ['serve', '--listen', '127.0.0.1:0', '--data', join(file, 'x')]);
    assert(noFolder.status !== 0 && noFolder.stderr.length > 10, noFolder.stderr);
});

test('secrets are private and refused when others can read them', async (context) => {
    const data = folder(context);
    const server = new Server(context.binary, [], data);
    await server.start();
    await server.stop();
    equal(statSync(join(data, 'secret')).mode & 0o777, 0o600, 'mode');
    chmodSync(join(data, 'secret'), 0o644);
    const refused = await runVerb(context.binary, ['serve', '--listen', '127.0.0.1:0', '--data', data]);
    assert(refused.status !== 0 && /secret/.test(refused.stderr), refused.stderr);
});

test('logs carry no message, no token', async (context) => {
    const server = await context.server();
    const ada = await enter(server, 'lobby');
    await ada.say('lobby', 'the-secret-of-the-day');
    await ada.close();
    await server.stop();
    const log = server.lines.join('\n');
    for (const line of server.lines) JSON.parse(line);
    assert(!log.includes('the-secret-of-the-day') && !log.includes(ada.welcome.token), 'nothing of users');
});

test('descriptors that run out pause accepting, and service goes on', async (context) => {
    const data = folder(context);
    const limited = join(data, 'limited');
    writeFileSync(limited, `#!/bin/sh\nulimit -n 60\nexec ${context.binary} "$@"\n`, { mode: 0o700 });
    const wrapped = new Server(limited, ['--limits', 'off'], data);
    await wrapped.start();
    context.servers.push(wrapped);
    const first = await enter(wrapped, 'lobby');
    const crowd = Array.from({ length: 80 }, () => new Client(wrapped.ws));
    await until(() => wrapped.lines.some((line) => line.includes('listener.paused')), 'accepting pauses');
    equal((await first.say('lobby', 'still served')).type, 'ack', 'service goes on');
    for (const client of crowd) client.socket.terminate();
    await until(() => crowd.every((client) => client.closed), 'the crowd is gone');
    const late = await enter(wrapped, 'lobby');
    await late.close();
    await first.close();
});
