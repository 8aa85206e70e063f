// SPDX-License-Identifier: Apache-2.0
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import { Context } from '../e2e/lib/context.mjs';
import { runAll } from '../e2e/lib/harness.mjs';
import { makeCertificate } from './lib/certificate.mjs';
import { faultTable } from './lib/faults.mjs';
import { kinds } from './lib/kinds.mjs';
import { Proxy } from './lib/proxy.mjs';

const words = process.argv.slice(2);
const option = (name) => (words.includes(name) ? words[words.indexOf(name) + 1] : null);
if (words.includes('--table')) {
    console.log(faultTable());
    process.exit(0);
}
const binary = resolve(option('--natter') ?? 'build/natter');
if (!existsSync(binary)) {
    console.error(`tests/proxies/run: there is no ${binary}; build it first, or name another with --natter`);
    process.exit(2);
}
const wanted = option('--proxy') ? [option('--proxy')] : [...Object.keys(kinds), 'paths'];
const folder = mkdtempSync(join(tmpdir(), 'natter-certificates-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
const certificate = makeCertificate(folder, 'right');

/** What a test gets besides: proxies, which end before the servers are looked at. */
class ProxyContext extends Context {
    constructor() {
        super(binary);
        this.proxies = [];
        this.certificates = folder;
    }

    async proxy(kind, server, options = {}) {
        const proxy = new Proxy(kind, server, options.certificate ?? certificate, options);
        this.proxies.push(proxy);
        this.onEnd(() => proxy.stop());
        return proxy.start();
    }

    log() {
        return [super.log(), ...this.proxies.map((proxy) => proxy.lastLog ?? proxy.log())].join('\n');
    }
}

const suites = await Promise.all(['deployed', 'doctor'].map((name) => import(`./${name}.test.mjs`)));
if (wanted.includes('nginx')) for (const suite of suites) suite.commonTests?.();
for (const name of wanted) {
    if (name === 'paths') {
        (await import('./paths.test.mjs')).tests();
    } else if (kinds[name]?.program) {
        for (const suite of suites) suite.tests(name);
    } else {
        console.log(`ok ${name}: everything # skip there is no ${name} here; tools/setup --test brings it`);
    }
}
const failed = await runAll(() => new ProxyContext(), option('--only'), Number(process.env.TEST_TIME_SCALE ?? 1));
process.exit(failed ? 1 : 0);
