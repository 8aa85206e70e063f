// SPDX-License-Identifier: Apache-2.0
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

import { runAll } from '../e2e/lib/harness.mjs';
import { Context } from './lib/context.mjs';

const words = process.argv.slice(2);
const option = (name) => (words.includes(name) ? words[words.indexOf(name) + 1] : null);
const binary = resolve(option('--natter') ?? 'build/natter');
const faulty = join(dirname(binary), 'tests', 'faults', 'natter_faulty');
for (const path of [binary, faulty]) {
    if (existsSync(path)) continue;
    console.error(`tests/faults/run: there is no ${path}; build it first, or name another natter with --natter`);
    process.exit(2);
}

const options = {
    binary,
    faulty,
    isLong: words.includes('--long'),
    rounds: Number(option('--rounds') ?? 20),
    isSanitized: dirname(binary).endsWith('san'),
};

const BY_NATURE = ['book', 'kill', 'disk', 'process', 'crowd', 'slow', 'flood', 'storm', 'secure', 'half_open'];
for (const suite of [...BY_NATURE, 'handover'])
    await import(`./${suite}.test.mjs`);
const scale = (options.isLong ? 20 : 1) * Number(process.env.TEST_TIME_SCALE ?? 1);
const failed = await runAll(() => new Context(options), option('--only'), scale);
process.exit(failed ? 1 : 0);
