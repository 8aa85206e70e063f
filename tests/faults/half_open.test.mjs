// SPDX-License-Identifier: Apache-2.0
// Peers that vanish without a word: the cable is pulled. Two network namespaces and a pair of virtual devices; the rest
// runs in them, in half_open.mjs.
import { fileURLToPath } from 'node:url';

import { equal, test } from '../e2e/lib/harness.mjs';
import { need, runProgram } from './lib/world.mjs';

test('peers that vanish without a word end by the heartbeat, and nobody else notices', async (context) => {
    const enter = process.getuid() === 0 ? ['--net'] : ['--user', '--map-root-user', '--net'];
    const veth = 'ip link add natter-a type veth peer name natter-b';
    await need('unshare', [...enter, 'sh', '-c', veth], 'network namespaces are refused here');
    const inside = fileURLToPath(new URL('./half_open.mjs', import.meta.url));
    const peers = context.isLong ? '500' : '60';
    const words = [...enter, process.execPath, inside, context.binary, peers];
    const run = await runProgram('unshare', words);
    for (const line of run.stdout.split('\n').filter(Boolean)) context.note(line);
    equal(run.status, 0, `half_open.mjs: ${run.stdout} ${run.stderr.slice(-2000)}`);
});
