// SPDX-License-Identifier: Apache-2.0
// A normal client beside whatever a test does, whose delay is compared with itself alone.
import { fail } from '../../e2e/lib/harness.mjs';
import { milliseconds, percentile } from './context.mjs';
import { lineIn } from './line.mjs';

const WORSE_TIMES = 5; // others use the machine as well: only what is far from alone is told from noise
const SLACK_MS = 10;

/** Delays from sending to the ack, one after the other, for so long. */
export async function ackDelays(line, room, ms) {
    const delays = [];
    for (const end = performance.now() + ms; performance.now() < end;) {
        const started = performance.now();
        await line.ask({ type: 'send', room, text: 'how long?', key: `m${Math.random()}` });
        delays.push(performance.now() - started);
    }
    return delays;
}

/**
 * Alone, then with what `begin` does (its result is called to end it), in turns. The best turn counts, as another
 * program's burst spoils one and not all.
 */
export async function compareDelays(context, server, what, begin) {
    const turns = context.isLong ? 5 : 2;
    const ms = 300;
    const room = '~measured';
    const line = await lineIn(server.ws, room, { localAddress: '127.0.0.3' });
    await ackDelays(line, room, ms / 2);
    const found = [];
    for (let turn = 0; turn < turns; turn++) {
        const alone = await ackDelays(line, room, ms);
        const end = await begin();
        const beside = await ackDelays(line, room, ms);
        await end();
        found.push({ alone, beside });
    }
    await line.end();
    const at = (list, share) => percentile(list, share);
    const shown = ({ alone, beside }) =>
        `p50 ${milliseconds(at(alone, 0.5))} → ${milliseconds(at(beside, 0.5))}, ` +
        `p99 ${milliseconds(at(alone, 0.99))} → ${milliseconds(at(beside, 0.99))}`;
    const fits = ({ alone, beside }) =>
        at(beside, 0.5) <= at(alone, 0.5) * WORSE_TIMES + SLACK_MS &&
        at(beside, 0.99) <= at(alone, 0.99) * WORSE_TIMES + SLACK_MS;
    found.sort((a, b) => at(a.beside, 0.99) / at(a.alone, 0.99) - at(b.beside, 0.99) / at(b.alone, 0.99));
    context.note(`a normal client's acks, alone → beside ${what}: ${shown(found[0])}`);
    if (!fits(found[0])) fail(`a normal client suffers from ${what}: ${found.map(shown).join('; ')}`);
}
