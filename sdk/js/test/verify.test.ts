// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { afterEach, beforeEach, describe, test } from "node:test";
import type { Client, Room, Verification } from "../src/index.js";
import type { RoomEvent } from "../src/codec.js";
import { sha256 } from "../src/sha256.js";
import { Trail, TRAIL_MAX } from "../src/trail.js";
import { FakeServer } from "./fake_server.js";
import { clientOf, until, World } from "./world.js";

const event = (seq: number): RoomEvent => {
    const user = { id: "u", name: "U" };
    return { type: "message", room: "lobby", seq, at: 1, user, text: "", key: `k-${seq}` };
};

describe("sha256", () => {
    test("is that of the standard, at every length around the ends of blocks", () => {
        for (let length = 0; length < 200; length += 1) {
            const text = randomBytes(length).toString("latin1");
            assert.equal(sha256(text), createHash("sha256").update(text, "utf8").digest("hex"), `length ${length}`);
        }
        assert.equal(sha256(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    });
});

describe("trail", () => {
    test("names what is missing between the first and the last", () => {
        const trail = new Trail();
        assert.deepEqual(trail.holes(9), []);
        for (const seq of [5, 6, 9, 12]) trail.note(event(seq));
        assert.deepEqual(trail.holes(0), [
            { from: 7, to: 8 },
            { from: 10, to: 11 },
        ]);
        assert.deepEqual(trail.holes(14).pop(), { from: 13, to: 14 });
    });

    test("remembers the newest only, however many come", () => {
        const trail = new Trail();
        for (let seq = 1; seq <= 3 * TRAIL_MAX; seq += 1) trail.note(event(seq));
        assert.equal(trail.first, 2 * TRAIL_MAX + 1);
        assert.equal(trail.keyOf(2 * TRAIL_MAX), undefined);
        trail.note(event(7));
        assert.equal(trail.first, 2 * TRAIL_MAX + 1);
        assert.deepEqual(trail.holes(0), []);
    });

    test("a page of older events makes no hole", () => {
        const trail = new Trail();
        for (const seq of [50, 51]) trail.note(event(seq));
        trail.notePage([event(10), event(11)]);
        assert.equal(trail.first, 50);
        trail.notePage([event(48), event(49)]);
        assert.equal(trail.first, 48);
        assert.deepEqual(trail.holes(0), []);
    });
});

describe("verify", () => {
    let server: FakeServer;
    let world: World;
    let client: Client;
    let room: Room;
    const ada = () => server.user("Ada");

    beforeEach(async () => {
        server = await FakeServer.start({ replayMax: 20 });
        world = new World();
        client = clientOf(server.url, world, { gapLimit: 5 });
        for (let i = 1; i <= 3; i += 1) server.say("lobby", ada(), `text ${i}`);
        room = client.room("lobby");
        await room.join();
    });

    afterEach(async () => {
        client.close();
        await server.stop();
    });

    /** What is committed may still be on its way, so a hole at the end takes its time. */
    async function verified(): Promise<Verification> {
        let found: Verification | undefined;
        void room.verify().then((one) => (found = one));
        await until(() => {
            world.pass(500);
            return found !== undefined;
        }, "a verdict");
        return found as Verification;
    }

    test("all that there is was seen", async () => {
        server.say("lobby", ada(), "live");
        await until(() => room.seq === 4);
        assert.deepEqual(await verified(), { state: "complete", from: 1, to: 4 });
    });

    test("what was lost at the end is named, and loaded as events", async () => {
        server.say("lobby", ada(), "lost", true);
        server.say("lobby", ada(), "lost too", true);
        const seen: number[] = [];
        room.on("event", ({ seq }) => void seen.push(seq));
        assert.deepEqual(await verified(), { state: "incomplete", holes: [{ from: 4, to: 5 }] });
        assert.deepEqual(seen, []);
        await room.fill({ from: 4, to: 5 });
        await until(() => room.seq === 5);
        assert.deepEqual(seen, [4, 5]);
        assert.deepEqual(await verified(), { state: "complete", from: 1, to: 5 });
    });

    test("what was skipped is named, and loaded out of turn", async () => {
        for (let i = 4; i <= 10; i += 1) server.say("lobby", ada(), `missed ${i}`, true);
        const gaps: unknown[] = [];
        room.on("gap", (gap) => void gaps.push(gap));
        server.say("lobby", ada(), "seen");
        await until(() => room.seq === 11);
        assert.deepEqual(gaps, [{ from: 4, to: 10 }]);
        assert.deepEqual(await verified(), { state: "incomplete", holes: [{ from: 4, to: 10 }] });
        const filled: number[] = [];
        room.on("filled", ({ events }) => void filled.push(...events.map(({ seq }) => seq)));
        await room.fill({ from: 4, to: 10 });
        assert.deepEqual(filled, [4, 5, 6, 7, 8, 9, 10]);
        assert.deepEqual(await verified(), { state: "complete", from: 1, to: 11 });
    });

    test("an event that is another than the server's is named", async () => {
        server.say("lobby", ada(), "live");
        await until(() => room.seq === 4);
        Object.assign(server.room("lobby").log[1] as object, { key: "another" });
        assert.deepEqual(await verified(), { state: "incomplete", holes: [{ from: 2, to: 2 }] });
        await room.fill({ from: 2, to: 2 });
        assert.deepEqual(await verified(), { state: "complete", from: 1, to: 4 });
    });

    test("what comes a little late is no hole", async () => {
        const late = server.say("lobby", ada(), "late", true);
        const verdict = room.verify();
        await until(() => server.received.some((frame) => frame.type === "history"));
        server.tell("lobby", late);
        await until(() => room.seq === 4);
        let found: Verification | undefined;
        void verdict.then((one) => (found = one));
        await until(() => {
            world.pass(500);
            return found !== undefined;
        });
        assert.deepEqual(found, { state: "complete", from: 1, to: 4 });
    });

    test("nothing can be told without the room, or of what the server forgot", async () => {
        server.room("lobby").forgotten = 2;
        assert.deepEqual(await verified(), { state: "unknown" });
        await server.stop();
        await until(() => !room.isJoined);
        assert.deepEqual(await verified(), { state: "unknown" });
    });
});
