// SPDX-License-Identifier: Apache-2.0
// The heartbeat learns of what lies between: real networks, in namespaces, of which each cuts silent connections after
// its own time and in its own way. The rest runs in there, in paths_inside.mjs.
import { fileURLToPath } from 'node:url';

import { equal, test } from '../e2e/lib/harness.mjs';
import { need, runProgram } from '../faults/lib/world.mjs';

export function tests() {
    test(
        'networks that cut silence are pinged in time, each in its own, once that is known',
        async (context) => {
            const enter = process.getuid() === 0 ? ['--net'] : ['--user', '--map-root-user', '--net'];
            const veth = 'ip link add paths-a type veth peer name paths-b';
            await need('unshare', [...enter, 'sh', '-c', veth], 'network namespaces are refused here');
            const inside = fileURLToPath(new URL('./paths_inside.mjs', import.meta.url));
            const words = [...enter, process.execPath, inside, context.binary];
            const run = await runProgram('unshare', words, { timeout: 110000 });
            for (const line of run.stdout.split('\n').filter(Boolean)) console.log(`# ${line}`);
            equal(run.status, 0, `paths_inside.mjs: ${run.stderr.slice(-2000)}`);
        },
        { seconds: 120 },
    );
}
