// SPDX-License-Identifier: Apache-2.0
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';

import { Context } from './lib/context.mjs';
import { runAll } from './lib/harness.mjs';

const words = process.argv.slice(2);
const option = (name) => (words.includes(name) ? words[words.indexOf(name) + 1] : null);
const binary = resolve(option('--natter') ?? 'build/natter');
if (!existsSync(binary)) {
    console.error(`tests/e2e/run: there is no ${binary}; build it first, or name another with --natter`);
    process.exit(2);
}

const suites = [
    'chat', 'durable', 'from_disk', 'bad_input', 'http', 'walk_in', 'limits', 'operation', 'schema', 'diagnosis',
    'doctor', 'doctor_tls', 'proof', 'agree', 'backup',
    'retention', 'export', 'handover',
];
const slow = ['inside', 'top', 'talk', 'proxy', 'silence', 'tls', 'tls_offer', 'browser', 'notices', 'trace'];
const last = ['page', 'page_long', 'metrics'];
const without = (option('--without') ?? '').split(',');
for (const suite of [...suites, ...slow, ...last].filter((name) => !without.includes(name)))
    await import(`./${suite}.test.mjs`);
const failed = await runAll(() => new Context(binary), option('--only'), Number(process.env.TEST_TIME_SCALE ?? 1));
process.exit(failed ? 1 : 0);
