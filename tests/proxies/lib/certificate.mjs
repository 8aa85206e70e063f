// SPDX-License-Identifier: Apache-2.0
// Certificates for the time of a test run, made by openssl's command.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A certificate that vouches for itself; `names` as subjectAltName has them ("IP:127.0.0.1"). */
export function makeCertificate(folder, name, options = {}) {
    const { names = ['DNS:localhost', 'IP:127.0.0.1'], days = 30, hasEnded = false } = options;
    const [key, request, certificate, both, settings] = ['key', 'csr', 'pem', 'both.pem', 'cnf'].map((ending) =>
        join(folder, `${name}.${ending}`),
    );
    const openssl = (...words) => execFileSync('openssl', words, { stdio: 'ignore' });
    writeFileSync(`${settings}.index`, '');
    writeFileSync(
        settings,
        [
            '[req]\ndistinguished_name = subject\n[subject]',
            `[ca]\ndefault_ca = own\n[own]\ndatabase = ${settings}.index\nnew_certs_dir = ${folder}\nrand_serial = yes`,
            'default_md = sha256\npolicy = any\n[any]\ncommonName = supplied',
            `[names]\nsubjectAltName = ${names.join(',')}`,
        ].join('\n'),
    );
    openssl(
        ...['req', '-new', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-config', settings],
        ...['-keyout', key, '-out', request, '-subj', '/CN=natter test'],
    );
    openssl(
        ...['ca', '-batch', '-selfsign', '-config', settings, '-keyfile', key, '-in', request, '-out', certificate],
        ...['-notext', '-extensions', 'names'],
        ...(hasEnded ? ['-startdate', '20200101000000Z', '-enddate', '20200201000000Z'] : ['-days', String(days)]),
    );
    writeFileSync(both, readFileSync(certificate) + readFileSync(key), { mode: 0o600 });
    return { key, certificate, both, text: readFileSync(certificate) };
}
