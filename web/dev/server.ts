// SPDX-License-Identifier: Apache-2.0
// Serves the page with the headers of the real server and a populated chat behind it. For working on the page only.
import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";
import { WebSocket } from "ws";
import { FakeServer } from "../../sdk/js/test/fake_server.js";
import { MEMBERS, seed } from "./seed.js";

const TYPES: Readonly<Record<string, string>> = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
    ".txt": "text/plain; charset=utf-8",
};

const POLICY = [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "manifest-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
].join("; ");

export const fake = new FakeServer({ cookie: true });

/**
 * `/dev/cut?seconds=10` takes the server away for a while, `/dev/close?code=4003` ends all connections, `/dev/reset`
 * puts the sample conversation back.
 */
function provoke(url: URL): boolean {
    if (url.pathname === "/dev/cut") {
        fake.isUnreachable = true;
        fake.breakAll();
        setTimeout(() => (fake.isUnreachable = false), Number(url.searchParams.get("seconds") ?? 10) * 1_000);
        return true;
    }
    if (url.pathname === "/dev/reset") {
        fake.rooms.clear();
        seed(fake);
        return true;
    }
    if (url.pathname === "/dev/close") {
        fake.closeAll(Number(url.searchParams.get("code") ?? 1001));
        return true;
    }
    return false;
}

function answer(dist: string, request: IncomingMessage, response: ServerResponse): void {
    if (provoke(new URL(request.url ?? "/", "http://localhost"))) {
        response.end("Done.\n");
        return;
    }
    // Whatever path a proxy puts in front: the page asks for everything relative to itself.
    const path = new URL(request.url ?? "/", "http://localhost").pathname.replace(/^\/under\/a\/path/, "");
    const file = normalize(path === "/" || path === "" ? "/index.html" : path);
    const type = TYPES[extname(file)];
    try {
        if (!type) throw new Error("not a file of the page");
        const body = readFileSync(join(dist, file));
        response.writeHead(200, {
            "content-type": type,
            "content-security-policy": POLICY,
            "x-content-type-options": "nosniff",
            "cache-control": "no-store",
        });
        response.end(body);
    } catch {
        response.writeHead(404, { "content-type": "text/plain" }).end("There is nothing here.\n");
    }
}

/** Lets the people of the sample conversation be there. */
function bringIn(port: number): void {
    for (const { name, rooms } of MEMBERS) {
        const socket = new WebSocket(`ws://127.0.0.1:${port}/ws`, "natter.v1");
        const user = fake.user(name);
        socket.on("open", () => {
            socket.send(JSON.stringify({ type: "login", token: `token-${user.id}` }));
            for (const room of rooms) socket.send(JSON.stringify({ type: "join", room, history: 0 }));
        });
        socket.on("error", () => undefined);
    }
}

export async function serve(dist: string, port: number): Promise<number> {
    seed(fake);
    const http: Server = createServer((request, response) => answer(dist, request, response));
    fake.attach(http);
    await new Promise<void>((resolve) => http.listen(port, "127.0.0.1", resolve));
    const { port: actual } = http.address() as AddressInfo;
    bringIn(actual);
    return actual;
}
