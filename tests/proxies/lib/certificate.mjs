// SPDX-License-Identifier: Apache-2.0
// Certificates for the time of a test run, made by openssl's command.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A certificate that vouches for itself; `names` as subjectAltName has them ("IP:127.0.0.1"). */
export function makeCertificate(folder, name, { names = ['DNS:localhost', 'IP:127.0.0.1'], days = 30 } = {}) {
    const key = join(folder, `${name}.key`);
    const certificate = join(folder, `${name}.pem`);
    const both = join(folder, `${name}.both.pem`);
    execFileSync(
        'openssl',
        [
            ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
            ...['-keyout', key, '-out', certificate, '-days', String(days), '-subj', '/CN=natter test'],
            ...['-addext', `subjectAltName=${names.join(',')}`],
        ],
        { stdio: 'ignore' },
    );
    writeFileSync(both, readFileSync(certificate) + readFileSync(key), { mode: 0o600 });
    return { key, certificate, both, text: readFileSync(certificate) };
}
