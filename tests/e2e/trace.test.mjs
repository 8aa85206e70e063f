// SPDX-License-Identifier: Apache-2.0
// Points for tracers: where natter was built with them, the notes in the binary are those of the documentation.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { assert, equal, test } from './lib/harness.mjs';

const run = promisify(execFile);

test('trace: the points in the binary are the documented ones, with as many arguments', async (context) => {
    const { stdout: version } = await run(context.binary, ['version', '--json']);
    const { stdout: notes } = await run('readelf', ['-n', context.binary], { maxBuffer: 1 << 26 });
    const page = readFileSync(fileURLToPath(new URL('../../docs/howto/trace.md', import.meta.url)), 'utf8');
    const documented = new Map(
        [...page.matchAll(/^\| `([a-z]+)` \| ([^|]+) \|/gm)].map(([, name, words]) => [name, words.split(',').length]),
    );
    const found = new Map();
    const form = /Provider: natter\s+Name: (\w+)\s+Location:[^\n]*\s+Arguments:([^\n]*)/g;
    for (const [, name, list] of notes.matchAll(form))
        found.set(name, list.trim().split(/\s+/).length);
    assert(documented.size >= 10, 'the page lists them');
    const wanted = JSON.parse(version).trace === 'yes' ? [...documented].sort() : [];
    equal([...found].sort(), wanted, 'points');
});
