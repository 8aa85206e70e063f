// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import type { State, StateChange } from "natter-client";
import { Lookout } from "../src/lookout";

const DROPPED = { notice: "upgrade_dropped", text: "…", help: "help/what-natter-noticed.html#upgrade_dropped" };
const SILENCE = { notice: "silence_cut", text: "…", help: "help/what-natter-noticed.html#silence_cut" };

type Answer = Record<string, unknown> | undefined;

/** A world whose time is moved by hand, and whose server answers what a test says. */
class World {
    time = 1_000;
    asked: string[] = [];
    answers: Record<string, Answer | Error> = {};
    changes = 0;
    readonly origin = "https://chat.example";
    readonly lookout = new Lookout(this, () => (this.changes += 1));
    private timers: { at: number; callback: () => void }[] = [];

    now = (): number => this.time;
    random = (): number => 0.5;

    after = (ms: number, callback: () => void): (() => void) => {
        const timer = { at: this.time + ms, callback };
        this.timers.push(timer);
        return () => (this.timers = this.timers.filter((one) => one !== timer));
    };

    ask = (path: string): Promise<Answer> => {
        this.asked.push(path);
        const found = this.answers[path.split("?")[0] ?? ""];
        return found instanceof Error ? Promise.reject(found) : Promise.resolve(found);
    };

    state(state: State): void {
        this.lookout.stateChanged({ state, reason: "lost", attempt: 1 } satisfies StateChange);
    }

    async pass(ms: number): Promise<void> {
        for (const end = this.time + ms; this.time < end; ) {
            this.time += 100;
            const due = this.timers.filter(({ at }) => at <= this.time);
            this.timers = this.timers.filter(({ at }) => at > this.time);
            for (const { callback } of due) callback();
            for (let i = 0; i < 5; i += 1) await Promise.resolve();
        }
    }

    async failAgain(): Promise<void> {
        this.state("connecting");
        await this.pass(100);
        this.state("waiting");
    }
}

test("a socket that fails while plain HTTP works is told to the server, which says why", async () => {
    const world = new World();
    world.answers = { ws: { type: "report" }, "api/v1/notices": { notices: [], yours: DROPPED } };
    await world.failAgain();
    await world.pass(1_500);
    assert.deepEqual(world.asked, ["ws?doctor"]);
    assert.equal(world.lookout.fault, undefined);
    await world.failAgain();
    await world.pass(1_500);
    assert.deepEqual(world.asked[1], "api/v1/notices?socket=failed&origin=https://chat.example");
    assert.deepEqual(world.lookout.fault, DROPPED);
    assert.equal(world.changes, 1);
    await world.failAgain();
    await world.pass(10_000);
    assert.equal(world.asked.length, 2);
    world.state("connecting");
    world.state("online");
    assert.equal(world.lookout.fault, undefined);
});

test("an attempt that hangs is taken for a failed one", async () => {
    const world = new World();
    world.answers = { ws: { type: "report" }, "api/v1/notices": { notices: [], yours: DROPPED } };
    world.state("connecting");
    await world.pass(4_000);
    assert.deepEqual(world.asked, ["ws?doctor"]);
    await world.pass(3_000);
    assert.deepEqual(world.lookout.fault, DROPPED);
});

test("a socket's path that leads elsewhere is told", async () => {
    const world = new World();
    world.answers = { ws: new Error("502"), "api/v1/notices": { notices: [], yours: DROPPED } };
    await world.failAgain();
    await world.pass(1_500);
    await world.failAgain();
    await world.pass(1_500);
    assert.match(world.asked[2] ?? "", /^api\/v1\/notices\?socket=failed&way=astray&/);
});

test("a proxy that answers for a server that is away says nothing about sockets", async () => {
    const world = new World();
    world.answers = { ws: new Error("502"), "api/v1/notices": new Error("502") };
    await world.failAgain();
    await world.pass(5_000);
    await world.failAgain();
    world.answers = { "api/v1/notices": undefined };
    await world.pass(5_000);
    await world.failAgain();
    await world.pass(30_000);
    assert.ok(world.asked.every((path) => !path.includes("socket=failed")));
    assert.equal(world.changes, 0);
});

test("a server that is away, restarts and comes back is not told of anything", async () => {
    const world = new World();
    world.answers = { ws: new Error("refused") };
    await world.failAgain();
    await world.pass(10_000);
    world.answers = { ws: { type: "report" } };
    await world.pass(3_100);
    // It is back, and no attempt has been made since: that there is no socket yet means nothing.
    await world.pass(30_000);
    assert.ok(world.asked.every((path) => !path.includes("socket=failed")));
    world.state("connecting");
    await world.pass(1_000);
    world.state("online");
    assert.equal(world.changes, 0);
});

test("while connected it asks once in a while, and leaves out what it knows better", async () => {
    const world = new World();
    const evil = { ...SILENCE, help: "https://evil.example/#silence_cut" };
    world.answers = { "api/v1/notices": { notices: [DROPPED, SILENCE, evil, { notice: 7 }] } };
    world.state("connecting");
    world.state("online");
    await world.pass(60_000);
    assert.deepEqual(world.asked, ["api/v1/notices"]);
    assert.deepEqual(world.lookout.notices, [SILENCE]);
    world.answers = { "api/v1/notices": { notices: [] } };
    await world.pass(3_600_000);
    assert.equal(world.asked.length, 2);
    assert.deepEqual(world.lookout.notices, []);
});
