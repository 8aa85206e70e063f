// SPDX-License-Identifier: Apache-2.0
// The service worker: keeps the files of the page, so that it opens at once and without a network. Messages are none of
// its business; the page keeps the last ones itself. The build puts the list of files in.
declare const SHELL: { version: string; files: readonly string[]; later: readonly string[] };

interface Worker {
    addEventListener(type: string, listener: (event: never) => void): void;
    skipWaiting(): Promise<void>;
    readonly registration: { readonly scope: string };
    readonly clients: {
        claim(): Promise<void>;
        matchAll(query: object): Promise<{ focus(): Promise<unknown>; postMessage(data: unknown): void }[]>;
        openWindow(url: string): Promise<unknown>;
    };
}

interface Extended {
    waitUntil(work: Promise<unknown>): void;
}

const worker = self as unknown as Worker;
const PREFIX = `natter ${worker.registration.scope} `;
const CACHE = PREFIX + SHELL.version;

async function install(): Promise<void> {
    const cache = await caches.open(CACHE);
    await cache.addAll(["./", ...SHELL.files]);
}

/** Files of older pages go. */
async function activate(): Promise<void> {
    for (const name of await caches.keys()) {
        if (name.startsWith(PREFIX) && name !== CACHE) await caches.delete(name);
    }
    await worker.clients.claim();
}

async function answer(request: Request): Promise<Response> {
    const cache = await caches.open(CACHE);
    const path = new URL(request.url).href.slice(worker.registration.scope.length).replace(/[?#].*$/, "");
    const key = request.mode === "navigate" && path === "" ? "./" : path;
    const kept = await cache.match(key);
    if (kept) return kept;
    const response = await fetch(request);
    // What is only wanted now and then is kept once it was wanted.
    if (response.ok && SHELL.later.includes(path)) await cache.put(key, response.clone());
    return response;
}

worker.addEventListener("install", (event: Extended) => event.waitUntil(install()));
worker.addEventListener("activate", (event: Extended) => event.waitUntil(activate()));
worker.addEventListener("message", ({ data }: { data: unknown }) => {
    if (data === "take over") void worker.skipWaiting();
});
worker.addEventListener("fetch", (event: Extended & { request: Request; respondWith(r: Promise<Response>): void }) => {
    const { request } = event;
    const { scope } = worker.registration;
    const path = request.url.slice(scope.length).replace(/[?#].*$/, "");
    const isPage = request.mode === "navigate" && path === "";
    const isOwn = request.method === "GET" && request.url.startsWith(scope);
    if (isOwn && (isPage || SHELL.files.includes(path) || SHELL.later.includes(path)))
        event.respondWith(answer(request));
});
worker.addEventListener("notificationclick", (event: Extended & { notification: Notification & { data: unknown } }) => {
    const { notification } = event;
    notification.close();
    const open = async (): Promise<void> => {
        const [page] = await worker.clients.matchAll({ type: "window", includeUncontrolled: true });
        if (!page) return void (await worker.clients.openWindow(worker.registration.scope + String(notification.data)));
        await page.focus();
        page.postMessage(notification.data);
    };
    event.waitUntil(open());
});
