// SPDX-License-Identifier: Apache-2.0
// What happens to the server during a soak, one thing after the other.
import { pause } from '../faults/lib/worker.mjs';

const pick = (list) => list[Math.floor(Math.random() * list.length)];

async function restart(soak, end) {
    soak.isRestarting = true;
    await end();
    await soak.server.start();
    soak.isRestarting = false;
}

async function failingDisk(soak, kind, ms) {
    await soak.server.arm(kind);
    await pause(ms);
    await soak.server.disarm();
}

/** `weight`: how often, against the others. `ends`: the process does not survive it. */
export const FAULTS = [
    {
        name: 'kill -9',
        color: '#c62828',
        weight: 4,
        ends: true,
        act: (soak) => restart(soak, () => soak.server.kill()),
    },
    {
        name: 'SIGTERM',
        color: '#ef6c00',
        weight: 1,
        ends: true,
        act: (soak) =>
            restart(soak, async () => {
                const exit = await soak.server.stop();
                if (exit.code !== 0) soak.violate(`SIGTERM ended it with ${JSON.stringify(exit)}`);
            }),
    },
    {
        name: 'SIGSTOP',
        color: '#6a1b9a',
        weight: 2,
        act: async (soak) => {
            soak.server.child.kill('SIGSTOP');
            await pause(300 + Math.random() * 1500);
            soak.server.child.kill('SIGCONT');
        },
    },
    { name: 'disk full', color: '#1565c0', weight: 1, act: (soak) => failingDisk(soak, 'disk_full', 1500) },
    { name: 'failing fsync', color: '#00838f', weight: 1, act: (soak) => failingDisk(soak, 'sync', 800) },
    { name: 'I/O error', color: '#2e7d32', weight: 1, act: (soak) => failingDisk(soak, 'torn_write', 800) },
    {
        name: 'slow disk',
        color: '#795548',
        weight: 1,
        act: async (soak) => {
            await soak.server.order('slow 100');
            await pause(2000);
            await soak.server.order('slow 0');
        },
    },
    {
        name: 'resets',
        color: '#607d8b',
        weight: 2,
        act: async (soak) => {
            for (const worker of soak.workers) if (Math.random() < 0.7) worker.line.reset();
        },
    },
];

export async function startFaults(soak) {
    while (!soak.isOver) {
        await Promise.race([pause(4000 + Math.random() * 8000), soak.over]);
        if (soak.isOver) return;
        const allowed = FAULTS.filter((fault) => !fault.ends || soak.mayRestart());
        const fault = pick(allowed.flatMap((one) => Array(one.weight).fill(one)));
        soak.marks.push({ second: soak.second(), kind: fault.name });
        await fault.act(soak);
    }
}
