// SPDX-License-Identifier: Apache-2.0
// Writes the built page as a C table:  node tools/embed.mjs DIST_DIR OUT.c
// The table is declared in src/http/assets_data.h. Bytes become string literals, which compile many times faster than
// lists of numbers.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { extname, join, relative, sep } from 'node:path';

const TYPES = {
    '.html': 'text/html; charset=utf-8',
    '.js': 'text/javascript; charset=utf-8',
    '.css': 'text/css; charset=utf-8',
    '.svg': 'image/svg+xml',
    '.png': 'image/png',
    '.ico': 'image/x-icon',
    '.json': 'application/json',
    '.webmanifest': 'application/manifest+json',
    '.txt': 'text/plain; charset=utf-8',
    '.woff2': 'font/woff2',
};
const FORMS = ['.gz', '.br'];
/** As esbuild writes names: the hash is the last part before the extension. */
const HASHED = /^assets\/.+-[A-Z0-9]{8}\.[a-z0-9]+$/;
const LINE_MAX = 110;
const ETAG_DIGITS = 32;

function filesIn(folder) {
    return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
        const path = join(folder, entry.name);
        return entry.isDirectory() ? filesIn(path) : [path];
    });
}

/** Three digits always, so that a digit behind an escape is not taken for a part of it. `?` could begin a trigraph. */
const ESCAPES = Array.from({ length: 256 }, (_, byte) => {
    const character = String.fromCharCode(byte);
    if (character === '\n') return '\\n';
    if (character === '"' || character === '\\') return `\\${character}`;
    const isPlain = byte >= 0x20 && byte < 0x7f && character !== '?';
    return isPlain ? character : `\\${byte.toString(8).padStart(3, '0')}`;
});

function literal(bytes) {
    const lines = [];
    let line = '';
    for (const byte of bytes) {
        line += ESCAPES[byte];
        if (line.length >= LINE_MAX) {
            lines.push(line);
            line = '';
        }
    }
    if (line !== '' || lines.length === 0) lines.push(line);
    return lines.map((one) => `    "${one}"`).join('\n');
}

function main(dist, out) {
    const all = filesIn(dist);
    const files = all.filter((path) => !FORMS.includes(extname(path)));
    const names = files
        .map((path) => relative(dist, path).split(sep).join('/'))
        .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    if (!names.includes('index.html')) throw new Error(`${dist} holds no index.html; run \`npm run build\` first.`);
    const blobs = [];
    const rows = [];

    const blob = (path) => {
        if (!existsSync(path)) return '{NULL, 0}';
        const bytes = readFileSync(path);
        const name = `bytes_${blobs.length}`;
        blobs.push(`static const uint8_t ${name}[] =\n${literal(bytes)};\n`);
        return `{${name}, ${bytes.length}}`;
    };

    for (const name of names) {
        const type = TYPES[extname(name)];
        if (!type) throw new Error(`tools/embed.mjs knows no content type for ${name}; add one.`);
        const path = join(dist, name);
        const digest = createHash('sha256').update(readFileSync(path)).digest('hex').slice(0, ETAG_DIGITS);
        rows.push(
            `    {"/${name}", "${type}", "\\"${digest}\\"", ${HASHED.test(name)},\n` +
                `     ${blob(path)}, ${blob(`${path}.gz`)}, ${blob(`${path}.br`)}},`,
        );
    }

    const text = [
        '/* SPDX-License-Identifier: Apache-2.0 */',
        '/* Written by tools/embed.mjs from the built page; changes belong there. */',
        '#include "http/assets_data.h"',
        '',
        '/* Longer than the standard promises a literal may be; gcc and clang take any length. */',
        '#pragma GCC diagnostic ignored "-Woverlength-strings"',
        '',
        ...blobs,
        'const struct asset assets_data[] = {',
        ...rows,
        '};',
        '',
        `const size_t assets_data_count = ${rows.length};`,
        '',
    ].join('\n');
    // Ninja looks at the time of the file, so an unchanged one is left alone.
    if (!existsSync(out) || readFileSync(out, 'utf8') !== text) writeFileSync(out, text);
}

const [dist, out] = process.argv.slice(2);
if (!dist || !out) {
    console.error('usage: node tools/embed.mjs DIST_DIR OUT.c');
    process.exit(2);
}
try {
    main(dist, out);
} catch (problem) {
    console.error(`embed: ${problem.message}`);
    process.exit(1);
}
