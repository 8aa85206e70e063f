// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import type { ChatError, Client, ClientOptions, Room } from "../src/index.js";
import { FakeServer } from "./fake_server.js";
import { clientOf, until, World } from "./world.js";

describe("room", () => {
    let server: FakeServer;
    let world: World;
    let clients: Client[] = [];

    beforeEach(async () => {
        server = await FakeServer.start({ replayMax: 20 });
        world = new World();
    });

    afterEach(async () => {
        for (const client of clients) client.close();
        clients = [];
        await server.stop();
    });

    function open(options: Partial<ClientOptions> = {}): Client {
        const client = clientOf(server.url, world, options);
        clients.push(client);
        return client;
    }

    function recorded(room: Room): number[] {
        const seen: number[] = [];
        room.on("event", ({ seq }) => void seen.push(seq));
        return seen;
    }

    async function comeBack(client: Client): Promise<void> {
        await until(() => client.state === "waiting");
        world.pass(20_000);
        await client.ready();
    }

    const ada = () => server.user("Ada");

    test("a join replays the newest and goes on live", async () => {
        for (let i = 1; i <= 5; i += 1) server.say("lobby", ada(), `text ${i}`);
        const room = open().room("lobby");
        const seen = recorded(room);
        const joined = await room.join({ history: 3 });
        assert.equal(joined.seq, 5);
        assert.equal(joined.resumed, false);
        server.say("lobby", ada(), "live");
        await until(() => seen.length === 4);
        assert.deepEqual(seen, [3, 4, 5, 6]);
    });

    test("presence that comes in one piece with the join is told after it", async () => {
        server.intercept = (frame, connection) => {
            if (frame.type !== "join") return "pass";
            server.intercept = () => "pass";
            const people = { members: [ada()], count: 1 };
            const log = { epoch: "1", seq: 0, events: [], truncated: false };
            const joined = { type: "joined", room: "lobby", ...log, ...people };
            const bob = server.user("Bob");
            const socket = (connection.socket as unknown as { _socket: { cork(): void; uncork(): void } })._socket;
            socket.cork();
            connection.socket.send(JSON.stringify({ ref: frame.ref, ...joined }));
            connection.socket.send(
                JSON.stringify({ type: "presence", room: "lobby", joined: [bob], left: [], count: 2 }),
            );
            socket.uncork();
            return "drop";
        };
        const room = open().room("lobby");
        const told: string[] = [];
        room.on("joined", ({ count }) => void told.push(`joined ${count}`));
        room.on("presence", ({ count }) => void told.push(`presence ${count}`));
        await room.join();
        await until(() => told.length === 2);
        assert.deepEqual(told, ["joined 1", "presence 2"]);
    });

    test("after a loss the room goes on without hole or repeat", async () => {
        const client = open();
        const room = client.room("lobby");
        const seen = recorded(room);
        await room.join();
        server.say("lobby", ada(), "one");
        await until(() => seen.length === 1);
        server.breakAll();
        await until(() => client.state === "waiting");
        server.say("lobby", ada(), "two");
        server.say("lobby", ada(), "three");
        await comeBack(client);
        await until(() => room.isJoined);
        server.say("lobby", ada(), "four");
        await until(() => seen.length === 4);
        assert.deepEqual(seen, [1, 2, 3, 4]);
        const join = server.received.filter(({ type }) => type === "join").at(-1);
        assert.deepEqual([join?.after, join?.epoch], [1, "1"]);
    });

    test("events that a connection lost are fetched before what follows", async () => {
        const room = open().room("lobby");
        const seen = recorded(room);
        await room.join();
        server.say("lobby", ada(), "one");
        server.say("lobby", ada(), "two", true);
        server.say("lobby", ada(), "three", true);
        server.say("lobby", ada(), "four");
        await until(() => seen.length === 4);
        assert.deepEqual(seen, [1, 2, 3, 4]);
    });

    test("a gap that the server announces is filled although nothing follows", async () => {
        const room = open().room("lobby");
        const seen = recorded(room);
        await room.join();
        for (let i = 0; i < 4; i += 1) server.say("lobby", ada(), "missed", true);
        server.tell("lobby", { type: "gap", room: "lobby", from: 1, to: 4 });
        await until(() => seen.length === 4);
        assert.deepEqual(seen, [1, 2, 3, 4]);
    });

    test("filling a gap goes on after the server asks for a pause", async () => {
        const room = open().room("lobby");
        const seen = recorded(room);
        await room.join();
        let refusals = 0;
        server.intercept = ({ type }) => {
            if (type !== "history" || refusals > 0) return "pass";
            refusals += 1;
            return { type: "error", code: "rate_limited", message: "Slower.", retry_after: 700 };
        };
        server.say("lobby", ada(), "missed", true);
        server.say("lobby", ada(), "seen");
        await until(() => refusals === 1);
        await new Promise((resolve) => setTimeout(resolve, 20));
        assert.deepEqual(seen, []);
        world.pass(700);
        await until(() => seen.length === 2);
        assert.deepEqual(seen, [1, 2]);
    });

    test("a gap wider than the limit is told to the program", async () => {
        const room = open({ gapLimit: 10 }).room("lobby");
        const seen = recorded(room);
        const gaps: unknown[] = [];
        room.on("gap", (gap) => void gaps.push(gap));
        await room.join();
        for (let i = 0; i < 30; i += 1) server.say("lobby", ada(), "missed", true);
        server.say("lobby", ada(), "seen");
        await until(() => seen.length === 1);
        assert.deepEqual(gaps, [{ from: 1, to: 30 }]);
    });

    test("a log that began a new life is told, and the room starts afresh", async () => {
        const client = open();
        const room = client.room("lobby");
        const seen = recorded(room);
        const resets: string[] = [];
        room.on("reset", ({ reason }) => void resets.push(reason));
        await room.join();
        server.say("lobby", ada(), "old");
        await until(() => seen.length === 1);
        server.breakAll();
        await until(() => client.state === "waiting");
        server.rooms.delete("lobby");
        server.room("lobby").epoch = "2";
        server.say("lobby", ada(), "new");
        await comeBack(client);
        await until(() => seen.length === 2);
        assert.deepEqual(seen, [1, 1]);
        assert.deepEqual(resets, ["epoch"]);
        assert.equal(room.epoch, "2");
    });

    test("missing more than a replay holds is told, and the newest are there", async () => {
        const client = open();
        const room = client.room("lobby");
        const seen = recorded(room);
        const resets: string[] = [];
        room.on("reset", ({ reason }) => void resets.push(reason));
        await room.join();
        server.say("lobby", ada(), "one");
        await until(() => seen.length === 1);
        server.breakAll();
        await until(() => client.state === "waiting");
        for (let i = 0; i < 50; i += 1) server.say("lobby", ada(), "missed");
        await comeBack(client);
        await until(() => seen.length === 21);
        assert.deepEqual(resets, ["truncated"]);
        assert.deepEqual([seen[1], seen.at(-1)], [32, 51]);
    });

    test("a program that kept its place goes on from there", async () => {
        for (let i = 1; i <= 5; i += 1) server.say("lobby", ada(), `text ${i}`);
        const room = open().room("lobby");
        const seen = recorded(room);
        const joined = await room.join({ since: 3, epoch: "1" });
        assert.equal(joined.resumed, true);
        await until(() => seen.length === 2);
        assert.deepEqual(seen, [4, 5]);
    });

    test("the server's spelling of the name is taken over", async () => {
        const client = open();
        const room = client.room("Lobby");
        await room.join();
        assert.equal(room.name, "lobby");
        assert.equal(client.room("LOBBY"), room);
    });

    test("a room that refuses says why and is not asked again", async () => {
        server.intercept = ({ type }) =>
            type === "join" ? { type: "error", code: "forbidden", message: "Not for you." } : "pass";
        const client = open();
        const room = client.room("secret");
        const problems: ChatError[] = [];
        room.on("refused", (problem) => void problems.push(problem));
        await assert.rejects(room.join(), (problem: ChatError) => problem.code === "forbidden");
        assert.equal(problems.length, 1);
        const before = server.received.length;
        server.breakAll();
        await comeBack(client);
        assert.equal(server.received.slice(before).filter(({ type }) => type === "join").length, 0);
    });

    test("a busy server is asked to join again after its pause", async () => {
        let refusals = 0;
        server.intercept = ({ type }) => {
            if (type !== "join" || refusals > 0) return "pass";
            refusals += 1;
            return { type: "error", code: "busy", message: "Later.", retry_after: 900 };
        };
        const room = open().room("lobby");
        const wait = room.join();
        await until(() => refusals === 1);
        await new Promise((resolve) => setTimeout(resolve, 20));
        world.pass(900);
        await wait;
    });

    test("the last subscription that closes leaves the room", async () => {
        const room = open().room("lobby");
        const first = room.subscribe();
        const second = room.subscribe();
        await Promise.all([first.joined, second.joined]);
        first.close();
        assert.equal(room.isJoined, true);
        second.close();
        assert.equal(room.isJoined, false);
        await until(() => server.received.at(-1)?.type === "leave");
    });

    test("a subscription is an iterator over the same events, and ends with it", async () => {
        const room = open().room("lobby");
        const subscription = room.subscribe();
        const texts: string[] = [];
        const reading = (async () => {
            for await (const event of subscription) {
                if (event.type === "message") texts.push(event.text);
                if (texts.length === 2) subscription.close();
            }
        })();
        await subscription.joined;
        server.say("lobby", ada(), "one");
        server.say("lobby", ada(), "two");
        await reading;
        assert.deepEqual(texts, ["one", "two"]);
    });

    test("an event of an unknown kind makes no hole", async () => {
        const room = open().room("lobby");
        const seen = recorded(room);
        await room.join();
        server.publish("lobby", ada(), { type: "pinned", target: 1 });
        server.say("lobby", ada(), "after");
        await until(() => seen.length === 2);
        assert.equal(server.received.filter(({ type }) => type === "history").length, 0);
    });

    test("typing goes out at most once in 3 s", async () => {
        const room = open().room("lobby");
        await room.join();
        for (let i = 0; i < 5; i += 1) room.typing();
        world.pass(3_000);
        room.typing();
        await until(() => server.received.filter(({ type }) => type === "typing").length === 2);
    });

    test("presence, typing and members are passed on", async () => {
        const client = open();
        const other = open();
        const room = client.room("lobby");
        const joined: string[] = [];
        const typing: string[] = [];
        room.on("presence", (frame) => joined.push(...frame.joined.map(({ name }) => name)));
        room.on("typing", ({ user }) => void typing.push(user.name));
        await room.join();
        await other.room("lobby").join();
        other.room("lobby").typing();
        await until(() => typing.length === 1);
        assert.ok(joined.includes(other.user?.name ?? ""));
        assert.equal((await room.members()).count, 2);
        const rooms = await client.rooms();
        assert.deepEqual(
            rooms.map((info) => [info.room, info.count, info.joined]),
            [["lobby", 2, true]],
        );
    });

    test("history serves pages in both directions", async () => {
        for (let i = 1; i <= 30; i += 1) server.say("lobby", ada(), `text ${i}`);
        const room = open().room("lobby");
        await room.join({ history: 5 });
        const older = await room.history({ before: 26, limit: 10 });
        assert.deepEqual([older.events[0]?.seq, older.events.at(-1)?.seq, older.more], [16, 25, true]);
        const newer = await room.history({ after: 28 });
        assert.deepEqual([newer.events.map(({ seq }) => seq), newer.more], [[29, 30], false]);
    });
});
