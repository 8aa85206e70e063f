// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import type { ChatError, Client, ClientOptions, Room } from "../src/index.js";
import { FakeServer } from "./fake_server.js";
import { clientOf, MemoryStorage, until, World } from "./world.js";

describe("outbox", () => {
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
        await server.stop();
    });

    function open(options: Partial<ClientOptions> = {}): Client {
        const client = clientOf(server.url, world, options);
        clients.push(client);
        return client;
    }

    async function joined(options: Partial<ClientOptions> = {}): Promise<{ client: Client; room: Room }> {
        const client = open(options);
        const room = client.room("lobby");
        await room.join();
        return { client, room };
    }

    async function comeBack(client: Client): Promise<void> {
        await until(() => client.state === "waiting");
        world.pass(20_000);
        await client.ready();
    }

    const texts = () => server.room("lobby").log.map(({ text }) => text);
    const sends = () => server.received.filter(({ type }) => type === "send");
    const quiet = () => new Promise((resolve) => setTimeout(resolve, 20));

    test("a message is pending until its ack and has its place then", async () => {
        const { room } = await joined();
        const message = room.send("hello");
        assert.equal(message.status, "pending");
        assert.deepEqual(room.pending(), [message]);
        const ack = await message.ack;
        assert.equal(ack.seq, 1);
        assert.equal(message.status, "sent");
        assert.equal(message.seq, 1);
        assert.deepEqual(room.pending(), []);
    });

    test("a message whose ack was lost is repeated with the same key and is there once", async () => {
        const { client, room } = await joined();
        let isFirst = true;
        server.intercept = (frame, connection) => {
            if (frame.type !== "send" || !isFirst) return "pass";
            isFirst = false;
            // It is in the log, and then the cable is cut before anybody is told.
            server.publish("lobby", connection.user, { type: "message", text: frame.text, key: frame.key }, true);
            connection.socket.terminate();
            return "drop";
        };
        const message = room.send("once");
        await comeBack(client);
        const ack = await message.ack;
        assert.equal(ack.seq, 1);
        assert.deepEqual(texts(), ["once"]);
    });

    test("a duplicate ack is a success", async () => {
        const { room } = await joined();
        server.intercept = ({ type, key }) =>
            type === "send" ? { type: "ack", room: "lobby", key, seq: 7, at: 1, duplicate: true } : "pass";
        const ack = await room.send("again").ack;
        assert.deepEqual([ack.seq, ack.duplicate], [7, true]);
    });

    test("the own event counts where the ack never comes", async () => {
        const { client, room } = await joined();
        server.intercept = ({ type }) => (type === "send" ? "drop" : "pass");
        const message = room.send("seen");
        await until(() => sends().length === 1);
        const user = client.user ?? { id: "", name: "" };
        server.publish("lobby", user, { type: "message", text: "seen", key: message.id });
        assert.equal((await message.ack).seq, 1);
        assert.equal(message.status, "sent");
    });

    test("messages written offline go out in their order", async () => {
        const { client, room } = await joined();
        server.breakAll();
        await until(() => client.state === "waiting");
        const messages = ["a", "b", "c"].map((text) => room.send(text));
        assert.deepEqual(
            messages.map(({ status }) => status),
            ["pending", "pending", "pending"],
        );
        await comeBack(client);
        await Promise.all(messages.map(({ ack }) => ack));
        assert.deepEqual(texts(), ["a", "b", "c"]);
    });

    test("a rate limit delays without changing the order", async () => {
        const { room } = await joined();
        let refusals = 0;
        server.intercept = ({ type }) => {
            if (type !== "send" || refusals > 0) return "pass";
            refusals += 1;
            return { type: "error", code: "rate_limited", message: "Slower.", retry_after: 1_500 };
        };
        const messages = ["a", "b"].map((text) => room.send(text));
        await until(() => refusals === 1);
        await quiet();
        assert.deepEqual(texts(), []);
        assert.deepEqual(
            messages.map(({ status }) => status),
            ["pending", "pending"],
        );
        world.pass(1_500);
        await Promise.all(messages.map(({ ack }) => ack));
        assert.deepEqual(texts(), ["a", "b"]);
    });

    test("an error fails the message with its reason, and a retry keeps its id", async () => {
        const { room } = await joined();
        server.intercept = ({ type }) =>
            type === "send" ? { type: "error", code: "internal", message: "Disk." } : "pass";
        const message = room.send("hello");
        await assert.rejects(message.ack, (problem: ChatError) => problem.code === "internal" && problem.retryable);
        assert.equal(message.status, "failed");
        assert.deepEqual(room.pending(), [message]);
        server.intercept = () => "pass";
        message.retry();
        assert.equal(message.status, "pending");
        await message.ack;
        assert.deepEqual(
            sends().map(({ key }) => key),
            [message.id, message.id],
        );
        assert.deepEqual(texts(), ["hello"]);
    });

    test("no answer in time fails the message, and a late ack still makes it sent", async () => {
        const { client, room } = await joined();
        server.intercept = ({ type }) => (type === "send" ? "drop" : "pass");
        const message = room.send("slow");
        await until(() => sends().length === 1);
        world.pass(10_000);
        await assert.rejects(message.ack, (problem: ChatError) => problem.code === "timeout");
        const user = client.user ?? { id: "", name: "" };
        server.publish("lobby", user, { type: "message", text: "slow", key: message.id });
        await until(() => message.status === "sent");
        assert.deepEqual(room.pending(), []);
    });

    test("what waited too long fails instead of surprising everybody later", async () => {
        const { client, room } = await joined({ queue: { ttl: 60_000 } });
        await server.stop();
        await until(() => client.state === "waiting");
        const message = room.send("late");
        world.pass(60_000);
        await assert.rejects(message.ack, (problem: ChatError) => problem.code === "expired");
    });

    test("the queue is bounded and says so", async () => {
        const client = open({ autoConnect: false, queue: { max: 2 } });
        const room = client.room("lobby");
        room.send("a");
        room.send("b");
        const third = room.send("c");
        assert.equal(third.status, "failed");
        assert.equal(third.error?.code, "queue_full");
    });

    test("a message can be cancelled until it is on its way", async () => {
        const client = open({ autoConnect: false });
        const room = client.room("lobby");
        const message = room.send("oops");
        assert.equal(message.cancel(), true);
        assert.equal(message.status, "cancelled");
        assert.deepEqual(room.pending(), []);
        client.connect();
        await room.join();
        server.intercept = ({ type }) => (type === "send" ? "drop" : "pass");
        const sent = room.send("too late");
        await until(() => sends().length === 1);
        assert.equal(sent.cancel(), false);
        assert.deepEqual(
            sends().map(({ text }) => text),
            ["too late"],
        );
    });

    test("what was not sent survives a restart of the program", async () => {
        const storage = new MemoryStorage();
        const { client, room } = await joined({ storage });
        server.breakAll();
        await until(() => client.state === "waiting");
        const message = room.send("from before");
        client.close();
        const later = open({ storage });
        const again = later.room("lobby");
        assert.deepEqual(
            again.pending().map(({ id, text }) => [id, text]),
            [[message.id, "from before"]],
        );
        await again.join();
        await until(() => texts().length === 1);
        await until(() => storage.length === 1, "only the token is left");
    });

    test("another user on the same machine does not send what the first one wrote", async () => {
        const storage = new MemoryStorage();
        const { client, room } = await joined({ storage });
        server.breakAll();
        await until(() => client.state === "waiting");
        room.send("mine");
        client.close();
        storage.removeItem("natter.token");
        const { room: again } = await joined({ storage });
        assert.equal(again.pending()[0]?.status, "failed");
        assert.equal(again.pending()[0]?.error?.code, "unauthorized");
        assert.deepEqual(texts(), []);
    });

    test("a storage entry that is not ours to read is dropped", () => {
        const storage = new MemoryStorage();
        storage.setItem("natter.outbox.bad", "{");
        storage.setItem("natter.outbox.null", "null");
        open({ storage, autoConnect: false });
        assert.equal(storage.length, 0);
    });

    test("a text over the server's limit fails here and blocks nothing", async () => {
        const { room } = await joined();
        const long = room.send("x".repeat(8_193));
        const next = room.send("short");
        await assert.rejects(long.ack, (problem: ChatError) => problem.code === "too_large");
        await next.ack;
        assert.deepEqual(texts(), ["short"]);
    });

    test("a message that makes the server close the connection is not tried for ever", async () => {
        const { client, room } = await joined();
        server.intercept = ({ type }, { socket }) => {
            if (type !== "send") return "pass";
            socket.close(1009);
            return "drop";
        };
        const message = room.send("poison");
        await comeBack(client);
        await assert.rejects(message.ack, (problem: ChatError) => problem.code === "bad_request");
        assert.equal(sends().length, 1);
    });

    test("edits, deletes and reactions are acknowledged and repeated like messages", async () => {
        const { client, room } = await joined();
        const { seq } = await room.send("first").ack;
        await room.edit(seq, { text: "better" });
        const reacting = room.react(seq, "\u{1F44D}");
        server.breakAll();
        await comeBack(client);
        await reacting;
        await room.delete(seq);
        assert.deepEqual(
            server.room("lobby").log.map(({ type }) => type),
            ["message", "edited", "reaction", "deleted"],
        );
    });
});
