// SPDX-License-Identifier: Apache-2.0
// Each proxy broken in each way, and doctor must name that fault, the proxy, and a cure; and nothing where all is well.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';

import { assert, equal, test } from '../e2e/lib/harness.mjs';
import { makeCertificate } from './lib/certificate.mjs';
import { faults, faultTable } from './lib/faults.mjs';

const labels = { nginx: 'Nginx', caddy: 'Caddy', haproxy: 'HAProxy', apache: 'Apache' };
const statuses = { pass: 0, warn: 1, fail: 2 };

/** Doctor's findings, as programs get them. */
export function doctor(binary, words) {
    return new Promise((resolve, reject) => {
        execFile(binary, ['doctor', '--json', ...words], (error, stdout, stderr) => {
            try {
                resolve({ ...JSON.parse(stdout), status: error ? error.code : 0 });
            } catch {
                reject(new Error(`doctor: ${error}\n${stdout}${stderr}`));
            }
        });
    });
}

export function show(findings) {
    const line = ({ check, verdict, fault, text }) => `${verdict} ${check} (${fault}): ${text}`;
    return findings.checks.map(line).join('\n');
}

async function examine(context, kind, row, number) {
    const server = await context.server([
        ...['--connection-heartbeat', row.cut ? '30s' : '25s'],
        ...(row.isStrangerToNatter ? [] : ['--trusted-proxies', '127.0.0.1']),
    ]);
    const own = row.certificate && makeCertificate(context.certificates, `${kind}-${number}`, row.certificate);
    const proxy = await context.proxy(kind, server, {
        place: row.place ?? 'root',
        edits: row.edits[kind],
        certificate: own || undefined,
    });
    if (row.isDown) await server.stop();
    const words = [`${proxy.url}/`, ...(row.cut ? ['--idle-max', '5'] : ['--quick'])];
    if (!row.isStranger) words.push('--ca', proxy.certificate.certificate);
    return doctor(context.binary, words);
}

export function tests(kind) {
    for (const place of ['root', 'subpath']) {
        test(`${kind}, ${place}: doctor finds nothing wrong with the shipped configuration`, async (context) => {
            const row = { place, edits: { [kind]: [] } };
            const findings = await examine(context, kind, row, 0);
            assert(findings.verdict === 'pass' && findings.status === 0, show(findings));
            equal(findings.proxy, labels[kind], 'recognised');
            equal(findings.checks.filter(({ verdict }) => verdict === 'pass').length >= 12, true, show(findings));
        });
    }
    faults.forEach((row, number) => {
        if (row.edits[kind] === null) return;
        test(`${kind}: doctor finds that ${row.title}`, async (context) => {
            const findings = await examine(context, kind, row, number);
            const wrong = findings.checks.filter(({ fault }) => fault !== 'none');
            const found = wrong.find(({ fault }) => fault === row.fault);
            assert(found, `${row.fault} was not found:\n${show(findings)}`);
            equal([found.verdict, findings.verdict], [row.verdict, row.verdict], `verdict\n${show(findings)}`);
            equal(findings.status, statuses[row.verdict], 'exit status');
            const others = wrong.map(({ fault }) => fault).filter((fault) => fault !== row.fault);
            equal(others, row.others ?? [], 'nothing else is blamed');
            const isBeforeHttp = row.fault.startsWith('tls');
            if (!isBeforeHttp) equal(findings.proxy, labels[kind], `recognised\n${show(findings)}`);
            assert(found.cure || ['redirected'].includes(row.fault), 'a cure');
        });
    });
}

/** Of no proxy in particular. */
export function commonTests() {
    test('the table of faults in the documentation is what these tests hold', async () => {
        const page = readFileSync(new URL('../../docs/howto/doctor.md', import.meta.url), 'utf8');
        assert(page.includes(faultTable()), 'tests/proxies/run --table prints it: put it into docs/howto/doctor.md');
    });
}
