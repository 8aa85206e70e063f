// SPDX-License-Identifier: Apache-2.0
// Once a second: what the process uses, how long its turns are, and what clients wait.
import { statSync } from 'node:fs';
import { join } from 'node:path';

import { percentile } from '../faults/lib/context.mjs';
import { descriptors, residentBytes, sumOf } from '../faults/lib/faulty_server.mjs';

const MIB = 1024 * 1024;

function fileBytes(path) {
    try {
        return statSync(path).size;
    } catch {
        return 0;
    }
}

/** The longest turn since the sample before, as the bucket that it fell into says; in ms. */
export function longestTurn(before, after) {
    let longest = null;
    let below = 0;
    const bounds = [...after]
        .map(([name, value]) => [/^natter_turn_seconds_bucket\{.*le="([^"]+)"/.exec(name)?.[1], name, value])
        .filter(([bound]) => bound && bound !== '+Inf')
        .sort((a, b) => Number(a[0]) - Number(b[0]));
    for (const [bound, name, value] of bounds) {
        const rise = value - (before?.get(name) ?? 0);
        if (rise > below) longest = Number(bound) * 1000;
        below = Math.max(below, rise);
    }
    return longest;
}

export class Sampler {
    constructor(soak) {
        this.soak = soak;
        this.samples = [];
        this.latencies = [];
    }

    start() {
        this.timer = setInterval(() => this.take().catch(() => {}), 1000);
    }

    stop() {
        clearInterval(this.timer);
    }

    /** A server that is stopped or starting gives no metrics: then there is a hole in the curve. */
    async metrics() {
        const { server } = this.soak;
        const late = new Promise((_, reject) => setTimeout(() => reject(new Error('late')), 800));
        return Promise.race([server.metrics(), late]).catch(() => null);
    }

    async take() {
        const { soak } = this;
        const latencies = this.latencies.splice(0);
        const sample = { second: soak.second(), acked: soak.book.acked, passages: soak.passages };
        sample.p50_ms = latencies.length > 0 ? percentile(latencies, 0.5) : null;
        sample.p99_ms = latencies.length > 0 ? percentile(latencies, 0.99) : null;
        const files = ['natter.db', 'natter.db-wal'].map((name) => fileBytes(join(soak.server.data, name)));
        sample.log_mib = (files[0] + files[1]) / MIB;
        this.samples.push(sample);
        if (soak.isRestarting) return;
        try {
            sample.resident_mib = residentBytes(soak.server) / MIB;
            sample.descriptors = descriptors(soak.server);
        } catch {
            return; // it ended just now
        }
        const { child } = soak.server;
        const metrics = await this.metrics();
        if (!metrics || child !== soak.server.child) return;
        sample.connections = sumOf(metrics, 'natter_connections{');
        sample.turn_ms = longestTurn(this.child === child ? this.before : null, metrics);
        sample.slow_turns = sumOf(metrics, 'natter_slow_turns_total');
        this.before = metrics;
        this.child = child;
    }

    /** One value per second of the run, null where there was none. */
    curve(name, seconds) {
        const values = Array(seconds + 1).fill(null);
        for (const sample of this.samples) values[Math.min(seconds, sample.second)] = sample[name] ?? null;
        return values;
    }
}
