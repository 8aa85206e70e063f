// SPDX-License-Identifier: Apache-2.0
// natter doctor's findings, as programs get them.
import { execFile } from 'node:child_process';

export function doctor(context, ...words) {
    return new Promise((resolve, reject) => {
        execFile(context.binary, ['doctor', '--json', ...words], (error, stdout, stderr) => {
            try {
                resolve({ ...JSON.parse(stdout), status: error ? error.code : 0 });
            } catch {
                reject(new Error(`doctor: ${error}\n${stdout}${stderr}`));
            }
        });
    });
}

const line = ({ verdict, fault, text }) => `${verdict} ${fault}: ${text}`;
export const show = (findings) => findings.checks.map(line).join('\n');
export const blamed = (findings) => findings.checks.map(({ fault }) => fault).filter((fault) => fault !== 'none');
