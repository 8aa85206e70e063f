// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { after, beforeEach, afterEach, describe, test } from "node:test";
import type { Client, ClientOptions, StateChange } from "../src/index.js";
import { retryAfterOf } from "../src/environment.js";
import { ChatError } from "../src/index.js";
import { FakeServer } from "./fake_server.js";
import { clientOf, MemoryStorage, until, World } from "./world.js";

describe("connection", () => {
    let server: FakeServer;
    let world: World;
    let clients: Client[] = [];

    beforeEach(async () => {
        server = await FakeServer.start();
        world = new World();
    });

    afterEach(async () => {
        for (const client of clients) client.close();
        clients = [];
        assert.equal(world.timerCount, 0, "a closed client leaves no timer");
        await server.stop();
    });

    after(() => undefined);

    function open(options: Partial<ClientOptions> = {}): Client {
        const client = clientOf(server.url, world, options);
        clients.push(client);
        return client;
    }

    async function waiting(client: Client): Promise<StateChange> {
        await until(() => client.state === "waiting" || client.state === "offline", "waiting");
        return client.detail;
    }

    test("a guest without a token is greeted and told who it is", async () => {
        const client = open();
        const user = await client.ready();
        assert.deepEqual(user, client.user);
        assert.deepEqual(
            server.received.map(({ type }) => type),
            ["ping"],
        );
    });

    test("a guest's token is kept and brought back as the first frame", async () => {
        const storage = new MemoryStorage();
        const first = open({ storage });
        const before = await first.ready();
        first.close();
        const second = open({ storage });
        const now = await second.ready();
        assert.equal(now.id, before.id);
        assert.equal(server.received.filter(({ type }) => type === "login").length, 1);
        assert.equal(
            server.received.findIndex(({ type }) => type === "login"),
            1,
            "before anything else",
        );
    });

    test("where the cookie says who it is, no token is sent or kept", async () => {
        const storage = new MemoryStorage();
        storage.setItem("natter.token", "token-u-other");
        await open({ storage, identity: "cookie" }).ready();
        assert.equal(storage.getItem("natter.token"), "token-u-other");
        assert.deepEqual(
            server.received.map(({ type }) => type),
            ["ping"],
        );
    });

    test("who comes back tells how the last connection ended, once", async () => {
        const client = open();
        await client.ready();
        server.breakAll();
        await waiting(client);
        world.pass(20_000);
        await client.ready();
        const told = server.received.filter(({ type, last }) => type === "ping" && last !== undefined);
        assert.equal(told.length, 1);
        const last = told[0]?.["last"] as { code: number; connection: string; ago: number; saw: string[] };
        assert.equal(last.code, 1006);
        assert.equal(last.connection, "c1");
        assert.ok(last.ago >= 20_000 && Array.isArray(last.saw));
        server.breakAll();
        await waiting(client);
        world.pass(20_000);
        await client.ready();
        assert.equal(server.received.filter(({ last }) => last !== undefined).length, 2, "each end is told once");
    });

    test("a refused token closes the client and never makes it a new guest", async () => {
        const client = open({ token: "stale" });
        await assert.rejects(client.ready(), (problem: ChatError) => problem.code === "unauthorized");
        assert.equal(client.state, "closed");
        assert.equal(client.detail.reason, "unauthorized");
        assert.equal(client.detail.message, "The token is outdated.");
        world.pass(60_000);
        assert.equal(client.state, "closed");
    });

    test("a token that can be renewed is renewed once", async () => {
        const reasons: string[] = [];
        const client = open({
            token: async ({ reason }) => {
                reasons.push(reason);
                return reason === "expired" ? "token-u-ada" : "stale";
            },
        });
        await waiting(client);
        world.pass(20_000);
        await client.ready();
        assert.deepEqual(reasons, ["connect", "expired"]);
    });

    test("a token that stays refused after its renewal closes the client", async () => {
        const client = open({ token: async () => "stale" });
        await waiting(client);
        world.pass(20_000);
        await until(() => client.state === "closed");
        assert.equal(client.detail.reason, "unauthorized");
    });

    test("a lost connection comes back by itself after a jittered pause", async () => {
        const client = open();
        await client.ready();
        server.breakAll();
        const { retryInMs, reason } = await waiting(client);
        assert.equal(reason, "lost");
        assert.equal(retryInMs, 250);
        world.pass(249);
        assert.equal(client.state, "waiting");
        world.pass(1);
        await client.ready();
    });

    test("pauses grow until the connection was stable for 30 s", async () => {
        const client = open();
        const pauses: (number | undefined)[] = [];
        for (let i = 0; i < 3; i += 1) {
            await client.ready();
            server.breakAll();
            pauses.push((await waiting(client)).retryInMs);
            world.pass(20_000);
        }
        await client.ready();
        world.pass(24_000);
        world.pass(6_000);
        await new Promise((resolve) => setImmediate(resolve));
        server.breakAll();
        pauses.push((await waiting(client)).retryInMs);
        assert.deepEqual(pauses, [250, 500, 1000, 250]);
    });

    test("a pause that the server asks for in its bye is kept", async () => {
        const client = open();
        await client.ready();
        server.closeAll(1001, { type: "bye", reason: "restart", retry_after: 4_000, resume: true });
        const { retryInMs, reason } = await waiting(client);
        assert.equal(reason, "shutdown");
        assert.equal(retryInMs, 4_250);
    });

    test("a crowded server's moment is kept, whatever the pause would have been", async () => {
        server.isUnreachable = true;
        world.retryAfterMs = 7_000;
        const client = open();
        await waiting(client);
        await until(() => client.detail.retryInMs === 7_250);
        assert.deepEqual(world.asked, [server.url]);
        server.isUnreachable = false;
        world.pass(7_249);
        assert.equal(client.state, "waiting");
        world.pass(1);
        await client.ready();
        server.breakAll();
        await waiting(client);
        assert.equal(world.asked.length, 1); // it had been let in: there is nothing to ask
    });

    test("only answers that mean later say when", () => {
        const said = (status: number, fields: Record<string, string>): number =>
            retryAfterOf(status, (name) => fields[name] ?? null);
        assert.equal(said(503, { "retry-after": "3", "retry-after-ms": "2731" }), 2_731);
        assert.equal(said(429, { "retry-after": "3" }), 3_000);
        assert.equal(said(503, { "retry-after": "Wed, 21 Oct 2026 07:28:00 GMT" }), 0);
        assert.equal(said(426, { "retry-after": "3" }), 0);
        assert.equal(said(503, {}), 0);
    });

    test("codes 4100 to 4199, 1012 and 1013 pause for a second at least", async () => {
        for (const code of [4108, 1012, 1013]) {
            world.chance = 0;
            const client = open();
            await client.ready();
            server.closeAll(code);
            assert.equal((await waiting(client)).retryInMs, 1_000, String(code));
            client.close();
        }
    });

    test("codes 4000 to 4099 stop for good", async () => {
        const client = open();
        await client.ready();
        server.closeAll(4003);
        await until(() => client.state === "closed");
        assert.equal(client.detail.reason, "removed");
        assert.equal(client.detail.code, 4003);
        assert.equal(world.timerCount, 0);
    });

    test("a person can come back from a stop by hand", async () => {
        const client = open();
        await client.ready();
        server.closeAll(4003);
        await until(() => client.state === "closed");
        client.connect();
        await client.ready();
    });

    test("silence for a heartbeat is asked about, and an answer calms", async () => {
        const client = open();
        await client.ready();
        const before = server.received.length;
        world.pass(25_000);
        await until(() => server.received.length > before, "a ping");
        assert.equal(server.received.at(-1)?.type, "ping");
        await new Promise((resolve) => setTimeout(resolve, 20));
        world.pass(10_000);
        assert.equal(client.state, "online");
    });

    test("a peer that stays silent is given up after its deadline", async () => {
        const client = open();
        await client.ready();
        server.intercept = ({ type }) => (type === "ping" ? "drop" : "pass");
        world.pass(25_000);
        world.pass(9_999);
        assert.equal(client.state, "online");
        world.pass(1);
        assert.equal((await waiting(client)).reason, "no_answer");
    });

    test("a page that becomes visible notices a dead connection within 2 s", async () => {
        const client = open();
        await client.ready();
        server.intercept = ({ type }) => (type === "ping" ? "drop" : "pass");
        world.hint("visible");
        world.pass(2_000);
        assert.equal((await waiting(client)).reason, "no_answer");
    });

    test("a machine that slept through a question asks again, and does not wait as long as it slept", async () => {
        const client = open();
        await client.ready();
        server.intercept = ({ type }) => (type === "ping" ? "drop" : "pass");
        world.pass(25_000);
        world.pass(3_000); // asked at the heartbeat, with 10 s for the answer
        assert.equal(client.state, "online");
        world.hint("awake");
        world.pass(2_000);
        assert.equal((await waiting(client)).reason, "no_answer");
    });

    test("the network's return ends the pause", async () => {
        const client = open();
        await client.ready();
        world.online = false;
        server.breakAll();
        await waiting(client);
        assert.equal(client.state, "offline");
        world.hint("online");
        assert.equal(client.state, "connecting");
        await client.ready();
    });

    test("no network is only a hint: attempts go on", async () => {
        const client = open();
        await client.ready();
        world.online = false;
        server.breakAll();
        await waiting(client);
        world.pass(20_000);
        await client.ready();
    });

    test("a server that accepts and says nothing is given up", async () => {
        server.intercept = () => "drop";
        const client = open();
        await until(() => server.received.length > 0);
        world.pass(15_000);
        assert.equal((await waiting(client)).reason, "no_answer");
    });

    test("connect() does not wait for the pause to end", async () => {
        const client = open();
        await client.ready();
        server.breakAll();
        await waiting(client);
        client.connect();
        await client.ready();
    });

    test("a closed client rejects who waits and never comes back", async () => {
        const client = open();
        const wait = client.ready();
        client.close();
        await assert.rejects(wait, (problem: ChatError) => problem.code === "closed");
        client.connect();
        assert.equal(client.state, "closed");
    });

    test("waiting to be ready can be given up", async () => {
        const abort = new AbortController();
        const client = open({ autoConnect: false });
        const wait = client.ready({ signal: abort.signal });
        abort.abort();
        await assert.rejects(wait, (problem: ChatError) => problem.code === "cancelled");
        assert.equal(client.state, "idle");
    });

    test("a name is changed, and a taken one is refused with its reason", async () => {
        const ada = open();
        const bob = open();
        await Promise.all([ada.ready(), bob.ready()]);
        assert.equal((await ada.setName("Ada")).name, "Ada");
        assert.equal(ada.user?.name, "Ada");
        await assert.rejects(bob.setName("Ada"), (problem: ChatError) => problem.code === "conflict");
    });

    test("a listener that throws is reported and hurts nobody else", async () => {
        const reports: unknown[] = [];
        const client = open({ autoConnect: false, logger: (_, problem) => void reports.push(problem) });
        client.on("welcome", () => {
            throw new Error("listener");
        });
        let calls = 0;
        const off = client.on("welcome", () => void (calls += 1));
        client.connect();
        await client.ready();
        assert.equal(calls, 1);
        assert.equal(reports.length, 1);
        off();
    });
});
