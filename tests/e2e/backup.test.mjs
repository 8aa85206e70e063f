// SPDX-License-Identifier: Apache-2.0
// Data folders that are copied, put back, written out and read in, with real servers on them.
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { enter } from './lib/client.mjs';
import { assert, equal, test, until } from './lib/harness.mjs';
import { Ledger, Persistent } from './lib/ledger.mjs';
import { Server } from './lib/server.mjs';

/** A folder for what a test makes beside the servers' own. */
async function inFolder(body) {
    const folder = mkdtempSync(join(tmpdir(), 'natter-keep-'));
    try {
        await body(folder);
    } finally {
        rmSync(folder, { recursive: true, force: true });
    }
}

/** Another server on that data folder, until `body` is done. */
async function onData(server, data, body) {
    const other = new Server(server.binary, ['--limits', 'off'], data);
    try {
        await other.start();
        await body(other);
        equal((await other.stop()).code, 0, 'a clean end');
    } finally {
        other.cleanUp();
    }
}

async function events(server, data, room) {
    const text = await server.verb('history', room, '--data', data, '--after', '0', '--limit', '1000000', '--json');
    return text.split('\n').filter(Boolean).map((line) => JSON.parse(line));
}

test('a backup taken under load has all that was acknowledged before it began', async (context) => {
    await inFolder(async (folder) => {
        const server = await context.server(['--limits', 'off']);
        const ledger = new Ledger('busy');
        const clients = Array.from({ length: 4 }, (_, i) => new Persistent(server, ledger, `c${i}`));
        await until(() => ledger.acks.size >= 500, '500 acks', 40);
        const before = new Map(ledger.acks);
        const file = join(folder, 'copy.natter');
        const words = ['backup', file, '--data', server.data, '--slice', '50', '--json'];
        const made = JSON.parse(await server.verb(...words));
        await Promise.all(clients.map((client) => client.stop()));
        assert(made.events >= before.size, `${made.events} events, ${before.size} acknowledged before`);
        equal(statSync(file).mode & 0o777, 0o600, 'for its owner only');
        const proof = await server.verb('verify', file);
        assert(proof.includes('complete, in order, no key twice'), proof);
        await server.verb('restore', file, '--data', join(folder, 'data'));
        const kept = await events(server, join(folder, 'data'), 'busy');
        equal(kept.length, made.events, 'as many as it said');
        const keys = new Set(kept.map((event) => event.key));
        for (const key of before.keys()) assert(keys.has(key), `the acknowledged ${key} is in the backup`);
    });
}, { seconds: 120 });

test('after a restore tokens are good, and who saw more learns that the log is another', async (context) => {
    await inFolder(async (folder) => {
        const server = await context.server(['--limits', 'off']);
        const ada = await enter(server, 'lobby');
        for (const text of ['one', 'two']) await ada.say('lobby', text);
        const file = join(folder, 'copy.natter');
        await server.verb('backup', file, '--data', server.data, '--quiet');
        for (const text of ['lost 3', 'lost 4']) await ada.say('lobby', text);
        await ada.close();
        await server.verb('restore', file, '--data', join(folder, 'data'));
        await onData(server, join(folder, 'data'), async (restored) => {
            const headers = { Authorization: `Bearer ${ada.welcome.token}` };
            const bob = await enter(restored, 'lobby');
            for (const text of ['new 3', 'new 4', 'new 5']) await bob.say('lobby', text);
            const back = await enter(restored, 'lobby', { headers, join: { after: 4, epoch: ada.joined.epoch } });
            equal(back.welcome.user.id, ada.welcome.user.id, 'the same user');
            assert(back.joined.epoch !== ada.joined.epoch, 'another epoch');
            equal(back.joined.truncated, true, 'told that the log is another one');
            equal(
                back.joined.events.map((event) => event.text),
                ['one', 'two', 'new 3', 'new 4', 'new 5'],
                'all of the log that there is, not only what comes after 4',
            );
            await Promise.all([bob.close(), back.close()]);
        });
    });
});

test('a restore leaves a folder in use, or with something in it, as it is', async (context) => {
    await inFolder(async (folder) => {
        const server = await context.server();
        const ada = await enter(server, 'lobby');
        await ada.say('lobby', 'still here');
        const file = join(folder, 'copy.natter');
        await server.verb('backup', file, '--data', server.data);
        const refused = (...words) => server.verb(...words).then(() => null, (error) => error);
        equal((await refused('backup', file, '--data', server.data)).code, 1, 'the file is there already');
        const inUse = await refused('restore', file, '--data', server.data, '--force');
        equal([inUse.code, inUse.stderr.includes('a server uses this data folder')], [1, true], 'in use');
        equal((await ada.say('lobby', 'and goes on')).seq, 2, 'seq');
        await ada.close();
        await server.stop();
        equal((await refused('restore', file, '--data', server.data)).code, 1, 'not empty');
        equal((await events(server, server.data, 'lobby')).length, 2, 'as it was');
        const told = JSON.parse(await server.verb('restore', file, '--data', server.data, '--force', '--json'));
        equal((await events(server, told.aside, 'lobby')).length, 2, 'the old data are aside');
        equal((await events(server, server.data, 'lobby')).length, 1, 'the backup is in their place');
        assert(existsSync(join(server.data, 'secret')), 'with its secret');
        equal((await refused('restore', join(folder, 'none'), '--data', join(folder, 'x'))).code, 1, 'no such backup');
        equal((await refused('backup')).code, 2, 'usage');
        await server.start();
    });
});
