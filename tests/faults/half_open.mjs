// SPDX-License-Identifier: Apache-2.0
// Runs in a network namespace of its own, see half_open.test.mjs: makes another one for the peers, joins both by a pair
// of virtual devices, and takes the peers' address away while they are connected. No packet comes any more, no reset
// either.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import { assert, equal, until } from '../e2e/lib/harness.mjs';
import { Server } from '../e2e/lib/server.mjs';
import { ended } from './lib/faulty_server.mjs';
import { Line, lineIn } from './lib/line.mjs';
import { runProgram } from './lib/world.mjs';

const OURS = '10.77.0.1';
const THEIRS = '10.77.0.2';
const HEARTBEAT_MS = 1500; // the witness must answer within it, on a busy machine as well
const CLOSE_MS = 500;

async function shell(command) {
    const { status, stderr } = await runProgram('sh', ['-c', command]);
    equal(status, 0, `${command}: ${stderr}`);
}

/** What the child does over there: connects, and does nothing but answer pings. */
async function bePeers(url, count) {
    await Promise.all(Array.from({ length: count }, () => lineIn(url, 'vanishing')));
    console.log('in');
    setInterval(() => {}, 1000);
}

async function main(binary, count) {
    await shell('ip link set lo up');
    const times = ['--connection-heartbeat', `${HEARTBEAT_MS}ms`, '--connection-close-time', `${CLOSE_MS}ms`];
    const server = new Server(binary, ['--limits', 'off', ...times]);
    server.address = '0.0.0.0';
    await server.start();
    const self = fileURLToPath(import.meta.url);
    const url = `ws://${OURS}:${server.port}/ws`;
    const there = `read go; exec ${process.execPath} ${self} --peers ${url} ${count}`;
    const peers = spawn('unshare', ['--net', 'sh', '-c', there], { stdio: ['pipe', 'pipe', 'inherit'] });
    try {
        await meet(peers);
        await vanish(server, peers, count);
    } finally {
        peers.kill('SIGKILL');
        if (!server.exit) await server.stop();
        server.cleanUp();
    }
}

async function meet(peers) {
    await shell('ip link add natter-a type veth peer name natter-b');
    const isApart = `test "$(readlink /proc/self/ns/net)" != "$(readlink /proc/${peers.pid}/ns/net)"`;
    await until(async () => (await runProgram('sh', ['-c', isApart])).status === 0, 'a second namespace');
    await shell(`ip link set natter-b netns ${peers.pid}`);
    await shell(`ip addr add ${OURS}/24 dev natter-a && ip link set natter-a up`);
    const there = `nsenter -t ${peers.pid} -n`;
    await shell(`${there} ip addr add ${THEIRS}/24 dev natter-b && ${there} ip link set natter-b up`);
    peers.stdin.write('go\n');
    let said = '';
    peers.stdout.on('data', (data) => (said += data));
    await until(() => said.includes('in'), 'the peers are in');
}

async function vanish(server, peers, count) {
    const witness = await lineIn(server.ws, 'vanishing');
    equal((await witness.ask({ type: 'who', room: 'vanishing' })).count, count + 1, 'all are here');
    await shell(`nsenter -t ${peers.pid} -n ip addr del ${THEIRS}/24 dev natter-b`);
    const started = performance.now();
    let said = 0;
    const reasons = async () => [await ended(server, 'heartbeat'), await ended(server, 'slow')];
    await until(
        async () => {
            const [heartbeat, slow] = await reasons();
            // Nothing is on its way to them until the first has ended: silence is for the heartbeat to find.
            const command = { type: 'send', room: 'vanishing', text: 'are you there?', key: `k${++said}` };
            const answer = await witness.ask(heartbeat + slow === 0 ? { type: 'who', room: 'vanishing' } : command);
            equal(answer.type, heartbeat + slow === 0 ? 'members' : 'ack', 'the others go on');
            return heartbeat + slow === count;
        },
        'all that vanished have ended',
        30,
    );
    const [heartbeat, slow] = await reasons();
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    const due = (2 * HEARTBEAT_MS + CLOSE_MS) / 1000;
    console.log(`${count} vanished: ${heartbeat} ended by heartbeat, ${slow} by the write deadline, all within ` +
        `${seconds} s (two heartbeats and the time to close are ${due} s)`);
    assert(heartbeat > 0, 'some by the heartbeat');
    const shown = async () => (await witness.ask({ type: 'who', room: 'vanishing' })).count;
    await until(async () => (await shown()) === 1, 'they are not shown any more');
    assert(!witness.isClosed, 'the others are still connected');
    await witness.end();
    const line = new Line(server.ws);
    await line.welcomed;
    await line.end();
    await server.checkLeaks();
    equal((await server.stop()).code, 0, 'a clean end');
}

const words = process.argv.slice(2);
const action = words[0] === '--peers' ? bePeers(words[1], Number(words[2])) : main(words[0], Number(words[1]));
action.then(
    () => words[0] !== '--peers' && process.exit(0),
    (error) => {
        console.error(error.stack);
        process.exit(1);
    },
);
