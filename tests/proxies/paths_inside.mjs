// SPDX-License-Identifier: Apache-2.0
// Runs in a network namespace of its own, see paths.test.mjs, which is the server's. Makes two more: one for clients of
// several networks, and one between, where lib/middle.py passes frames on and cuts what is silent. The clients do
// nothing but answer pings, and come back when they were lost.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { assert, equal, until } from '../e2e/lib/harness.mjs';
import { Server } from '../e2e/lib/server.mjs';
import { runProgram } from '../faults/lib/world.mjs';
import { Line } from '../faults/lib/line.mjs';

const OURS = '10.78.0.1';
const HEARTBEAT_MS = 4500;
const FLOOR_MS = 100;
const CLIENTS_EACH = 5;
const PINGS_LIVED = 4;
// As 20, 60 and 120 s are to a heartbeat of two minutes and more; the last one cuts nobody.
const NETWORKS = [
    { number: 1, how: 'reset', ms: 1000 },
    { number: 2, how: 'reset', ms: 2000 },
    { number: 3, how: 'reset', ms: 4000 },
    { number: 4, how: 'forget', ms: 1000 },
    { number: 5, how: 'forget', ms: 2000 },
    { number: 6, how: 'forget', ms: 4000 },
    { number: 7, how: 'refuse', ms: 2000 },
    { number: 8, how: 'forget', ms: 600000 },
];
const CUTTING = NETWORKS.filter(({ ms }) => ms < HEARTBEAT_MS);

async function shell(command) {
    const { status, stderr } = await runProgram('sh', ['-c', command]);
    equal(status, 0, `${command}: ${stderr}`);
}

// ---- over there: the clients ----

/** One client after another, in one network; each is given up if nothing came for longer than the network allows. */
class Seat {
    constructor(url, network) {
        Object.assign(this, { url, network, lost: 0, pings: 0, pingedAfter: 0 });
        this.sit();
    }

    sit() {
        const line = new Line(this.url, { localAddress: `10.78.${this.network.number}.2` });
        const patience = Math.min(this.network.ms * 1.5, HEARTBEAT_MS * 3);
        let timer = null;
        let heard = 0;
        const hear = () => {
            clearTimeout(timer);
            timer = setTimeout(() => line.socket.terminate(), patience);
            heard = performance.now();
        };
        this.pings = 0;
        line.welcomed.then(hear, () => {});
        line.socket.on('ping', () => {
            this.pingedAfter = performance.now() - heard;
            this.pings += 1;
            hear();
        });
        line.closed.then(() => {
            clearTimeout(timer);
            this.lost += 1;
            setTimeout(() => this.sit(), 20);
        });
    }
}

/** Sits there until its input ends, and says ten times a second how it is. */
function beClients(url) {
    const seats = NETWORKS.flatMap((network) => Array.from({ length: CLIENTS_EACH }, () => new Seat(url, network)));
    const tell = () => {
        const told = NETWORKS.map((network) => {
            const own = seats.filter((seat) => seat.network === network);
            return {
                lost: own.reduce((sum, seat) => sum + seat.lost, 0),
                pings: Math.min(...own.map((seat) => seat.pings)),
                pingedAfter: Math.max(...own.map((seat) => seat.pingedAfter)),
            };
        });
        console.log(JSON.stringify(told));
    };
    setInterval(tell, 100);
    process.stdin.resume().on('end', () => process.exit(0));
    return new Promise(() => {});
}

// ---- here: the server, and the wires ----

/** A program in a namespace of its own, which waits for `go`. */
function apart(...words) {
    const child = spawn('unshare', ['--net', 'sh', '-c', 'read go; exec "$@"', 'sh', ...words], {
        stdio: ['pipe', 'pipe', 'inherit'],
    });
    child.lines = [];
    createInterface({ input: child.stdout }).on('line', (line) => child.lines.push(line));
    return child;
}

async function isApart(child) {
    const command = `test "$(readlink /proc/self/ns/net)" != "$(readlink /proc/${child.pid}/ns/net)"`;
    await until(async () => (await runProgram('sh', ['-c', command])).status === 0, 'a namespace of its own');
}

async function wire(middle, clients) {
    await isApart(middle);
    await isApart(clients);
    await shell('ip link add paths-a type veth peer name paths-b && ip link add paths-c type veth peer name paths-d');
    await shell(`ip link set paths-b netns ${middle.pid} && ip link set paths-c netns ${middle.pid}`);
    await shell(`ip link set paths-d netns ${clients.pid}`);
    await shell(`ip addr add ${OURS}/16 dev paths-a && ip link set paths-a up`);
    const between = `nsenter -t ${middle.pid} -n`;
    await shell(`${between} ip link set paths-b up && ${between} ip link set paths-c up`);
    const there = `nsenter -t ${clients.pid} -n`;
    for (const { number } of NETWORKS) await shell(`${there} ip addr add 10.78.${number}.2/16 dev paths-d`);
    await shell(`${there} ip link set paths-d up`);
    middle.stdin.write('go\n');
    await until(() => middle.lines.includes('READY'), 'the middle passes frames on');
    clients.stdin.write('go\n');
}

async function learnAll(server, clients) {
    const newest = () => JSON.parse(clients.lines.at(-1) ?? '[]');
    const livesOn = () => newest().length > 0 && newest().every(({ pings }) => pings >= PINGS_LIVED);
    await until(livesOn, 'everybody lives on pings', 90).catch((error) => {
        throw new Error(`${error.message}: ${clients.lines.at(-1)}`);
    });
    const told = newest();
    NETWORKS.forEach(({ how, ms }, i) => {
        const { lost, pingedAfter } = told[i];
        const cut = ms < HEARTBEAT_MS ? `cut after ${ms} ms (${how})` : 'not cut';
        const after = `${pingedAfter.toFixed()} ms`;
        console.log(`a network that is ${cut}: ${lost} connections lost, then pinged after ${after}`);
        assert(pingedAfter < ms, `pinged in time: ${pingedAfter} ms`);
        if (ms < HEARTBEAT_MS) assert(lost >= 4, 'it did cut');
        else equal(lost, 0, 'lost where nobody cuts');
        // Nobody is pinged much more often than they need: half of half is the worst of unanswered pings.
        assert(pingedAfter > Math.min(ms, HEARTBEAT_MS) / 4, `not far too often: ${pingedAfter} ms`);
    });
    const metrics = await server.metrics();
    equal(metrics.get('natter_silence_paths'), CUTTING.length, 'paths with a heartbeat of their own');
    const shortest = metrics.get('natter_silence_heartbeat_seconds{shard="0"}');
    assert(shortest > 0.25 && shortest < 1, `the shortest heartbeat is shown: ${shortest} s`);
    assert(server.lines.some((line) => line.includes('"event":"silence.learned"')), 'the log says so');
}

async function main(binary) {
    await shell('ip link set lo up');
    const settings = { heartbeat: `${HEARTBEAT_MS}ms`, 'heartbeat-floor': `${FLOOR_MS}ms`, 'close-time': '500ms' };
    const flags = Object.entries(settings).flatMap(([name, value]) => [`--connection-${name}`, value]);
    const server = new Server(binary, ['--shards', '1', '--connections-per-address-max', '1000', ...flags]);
    server.address = '0.0.0.0';
    await server.start();
    const self = fileURLToPath(import.meta.url);
    const cuts = NETWORKS.map(({ number, how, ms }) => `${number}:${how}:${ms}`);
    const middle = apart('python3', fileURLToPath(new URL('lib/middle.py', import.meta.url)), 'paths-b', 'paths-c',
        ...cuts);
    const clients = apart(process.execPath, self, '--clients', `ws://${OURS}:${server.port}/ws`);
    try {
        await wire(middle, clients);
        await learnAll(server, clients);
        clients.stdin.end();
        await until(() => clients.exitCode !== null, 'the clients leave');
        await server.checkLeaks();
        equal((await server.stop()).code, 0, 'a clean end');
    } finally {
        clients.kill('SIGKILL');
        middle.kill('SIGKILL');
        if (!server.exit) await server.stop();
        server.cleanUp();
    }
}

const words = process.argv.slice(2);
const action = words[0] === '--clients' ? beClients(words[1]) : main(words[0]);
action.then(
    () => process.exit(0),
    (error) => {
        console.error(error.stack);
        process.exit(1);
    },
);
