// SPDX-License-Identifier: Apache-2.0
// Other programs, and what only some machines allow.
import { execFile } from 'node:child_process';

import { skip } from '../../e2e/lib/harness.mjs';

export function runProgram(program, words, options = {}) {
    return new Promise((resolve) => {
        execFile(program, words, { timeout: 60000, maxBuffer: 64 * 1024 * 1024, ...options }, (error, stdout, stderr) =>
            resolve({ status: error ? (error.code ?? error.signal) : 0, stdout, stderr }),
        );
    });
}

/** Throws what makes a test be skipped, with the reason, if it goes wrong. */
export async function need(program, words, what) {
    const { status, stderr } = await runProgram(program, words);
    if (status !== 0) skip(`${what}: ${program} ${words.join(' ')}: ${stderr.trim().split('\n')[0] || status}`);
}

/** A file system of its own on `path`, of so many bytes, until the test ends. */
export async function mountSmall(context, kind, path, bytes) {
    if (kind === 'tmpfs') {
        await need('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'none', path], 'mounting is refused here');
    } else {
        const image = `${context.folder()}/image`;
        await need('truncate', ['-s', String(bytes), image], 'no file');
        await need('mkfs.ext4', ['-q', '-m', '0', '-O', '^has_journal', image], 'no ext4');
        await need('mount', ['-o', 'loop', image, path], 'mounting is refused here');
    }
    context.onEnd(() => runProgram('umount', ['-l', path]));
}
