// SPDX-License-Identifier: Apache-2.0
// natter doctor against natter's own TLS: every check on the certificate, and what is told to browsers.
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { makeCertificate } from '../proxies/lib/certificate.mjs';
import { blamed, doctor, show } from './lib/doctor.mjs';
import { assert, equal, test } from './lib/harness.mjs';

function folderOf(context) {
    const folder = mkdtempSync(join(tmpdir(), 'natter-doctor-tls-'));
    context.onEnd(() => rmSync(folder, { recursive: true, force: true }));
    return folder;
}

function openssl(...words) {
    execFileSync('openssl', words, { stdio: 'ignore' });
}

/** A root that only the client knows, an issuer in between, and a certificate of it for this machine. */
function makeChain(folder) {
    const at = (name) => join(folder, name);
    const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
    const make = (name, issuer, extensions) => {
        writeFileSync(at(`${name}.ext`), extensions);
        openssl('req', '-new', ...ec, '-keyout', at(`${name}.key`), '-out', at(`${name}.csr`), '-subj', `/CN=${name}`);
        const sign = ['x509', '-req', '-in', at(`${name}.csr`), '-out', at(`${name}.pem`), '-days', '60'];
        const by = ['-CA', at(`${issuer}.pem`), '-CAkey', at(`${issuer}.key`), '-CAcreateserial'];
        openssl(...sign, ...by, '-extfile', at(`${name}.ext`));
    };
    const root = ['-keyout', at('root.key'), '-out', at('root.pem'), '-days', '60', '-subj', '/CN=root'];
    openssl('req', '-x509', ...ec, ...root, '-addext', 'basicConstraints=critical,CA:TRUE');
    make('between', 'root', 'basicConstraints=critical,CA:TRUE');
    make('own', 'between', 'subjectAltName=DNS:localhost,IP:127.0.0.1');
    chmodSync(at('own.key'), 0o600);
    writeFileSync(at('chain.pem'), readFileSync(at('own.pem'), 'utf8') + readFileSync(at('between.pem'), 'utf8'));
    const [chain, bare] = ['chain.pem', 'own.pem'].map((name) => `${at(name)} ${at('own.key')}`);
    return { root: at('root.pem'), chain, bare };
}

async function serverWith(context, pair, flags = [], second = 'tls') {
    const server = await context.server(['--tls-certificates', pair, ...flags], { second });
    server.secure = `https://127.0.0.1:${server.secondPort}/`;
    return server;
}

const of = (findings, check) => findings.checks.find((found) => found.check === check);

test("doctor finds nothing wrong with natter's own TLS", async (context) => {
    const { root, chain } = makeChain(folderOf(context));
    const server = await serverWith(context, chain, ['--tls-hsts', '1h']);
    const words = ['--quick', '--ca', root, '--plain-port', String(server.secondPort)];
    const findings = await doctor(context, server.secure, ...words);
    equal([findings.status, findings.verdict, blamed(findings)], [0, 'pass', []], show(findings));
    assert(/TLSv1.3, a certificate for 127.0.0.1, good for (59|60) more days/.test(of(findings, 'tls').text), 'tls');
    assert(of(findings, 'natter').text.endsWith('answers, directly.'), 'directly');
    assert(of(findings, 'hsts').text.includes('for 1.0 hours'), 'HSTS');
    equal(of(findings, 'redirect').verdict, 'pass', 'plain HTTP on the port for TLS');
    assert(!of(findings, 'forwarded'), 'nobody stands between');
});

test("doctor finds what is wrong with natter's own TLS", async (context) => {
    const folder = folderOf(context);
    const { root, chain, bare } = makeChain(folder);
    const own = (name, options) => {
        const made = makeCertificate(folder, name, options);
        chmodSync(made.key, 0o600);
        return [`${made.certificate} ${made.key}`, made.certificate];
    };
    const cases = [
        ['the issuer is not sent along', 'fail', 'tls_chain', bare, root],
        ['nobody vouches for it', 'fail', 'tls_chain', chain, null],
        ['another name', 'fail', 'tls_name', ...own('other', { names: ['DNS:other.example'] })],
        ['it has ended', 'fail', 'tls_time', ...own('ended', { hasEnded: true })],
        ['it ends soon', 'warn', 'tls_expires_soon', ...own('soon', { days: 5 })],
    ];
    const look = async ([what, verdict, fault, pair, ca]) => {
        const server = await serverWith(context, pair);
        const findings = await doctor(context, server.secure, '--quick', ...(ca ? ['--ca', ca] : []));
        equal([findings.verdict, blamed(findings)], [verdict, [fault]], `${what}\n${show(findings)}`);
        assert(of(findings, 'tls').cure, `${what}: a cure`);
    };
    await Promise.all(cases.map(look)); // most of the time they wait
});

test('doctor finds plain HTTP that is not sent to https, or elsewhere', async (context) => {
    const { root, chain } = makeChain(folderOf(context));
    const trusting = ['--quick', '--ca', root, '--plain-port'];
    const server = await serverWith(context, chain);
    const other = await context.server(['--public-url', 'https://elsewhere.example/'], { second: 'redirect' });
    const [open, moved, nothing] = await Promise.all(
        [server.port, other.secondPort, 1].map((port) => doctor(context, server.secure, ...trusting, String(port))),
    );
    equal([open.verdict, of(open, 'redirect').fault], ['warn', 'not_redirected'], show(open));
    equal(of(moved, 'redirect').fault, 'redirected_elsewhere', show(moved));
    equal(of(nothing, 'redirect').verdict, 'skipped', show(nothing));
});
