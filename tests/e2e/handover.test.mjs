// SPDX-License-Identifier: Apache-2.0
// The binary is replaced under two people who talk; tests/faults does it under load.
import { enter } from './lib/client.mjs';
import { assert, equal, test } from './lib/harness.mjs';

test('handover: who talks goes on talking, and the metrics tell of it', async (context) => {
    const server = await context.server(['--store-recent-events', '4']);
    const ada = await enter(server, 'lobby');
    for (let number = 1; number <= 8; number++) await ada.say('lobby', `text ${number}`, `k${number}`);
    const bob = await enter(server, 'lobby', { join: { history: 8 } });
    equal(bob.joined.events.length, 8, 'half of them are no longer in memory');
    assert((await server.metrics()).get('natter_replays_from_disk_total') > 0, 'so all come from the disk');
    const { failed, taken } = await server.handOver();
    equal([failed, taken?.connections], [null, '2'], 'both go along');
    equal((await ada.say('lobby', 'after it', 'after')).seq, 9, 'the next number');
    equal((await ada.say('lobby', 'after it', 'after')).duplicate, true, 'its key is known');
    equal((await bob.ask({ type: 'send', room: 'lobby', text: 'me too', key: 'bob' })).seq, 10, 'and the other one');
    const values = await server.metrics();
    equal(values.get('natter_handovers_total{result="done"}'), 1, 'counted');
    equal(values.get('natter_handover_connections{what="passed"}'), 2, 'with both');
    equal(values.get('natter_taken_over_total'), 2, 'as accepted before');
    assert(values.get('natter_handover_pause_seconds') > 0, 'and how long it took');
    await Promise.all([ada.close(), bob.close()]);
});
