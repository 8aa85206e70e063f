// SPDX-License-Identifier: Apache-2.0
// The page's side of the service worker: registers it, and tells when a newer page waits to take over.

/** The policy of the page lets no text become a script's address; this one, which never varies, may. */
function workerAddress(): string {
    const types = (window as { trustedTypes?: { createPolicy(name: string, rules: object): TypePolicy } }).trustedTypes;
    const policy = types?.createPolicy("natter-worker", { createScriptURL: () => "sw.js" });
    return policy ? policy.createScriptURL("") : "sw.js";
}

interface TypePolicy {
    createScriptURL(text: string): string;
}

let waiting: ServiceWorker | undefined;

/** `onNew`: a newer page is there, and comes with `takeNew`. */
export function registerWorker(onNew: () => void): void {
    // Elsewhere than on this machine a browser wants TLS for it.
    if (!("serviceWorker" in navigator) || !window.isSecureContext) return;
    const found = (worker: ServiceWorker | null | undefined): void => {
        if (!worker || !navigator.serviceWorker.controller) return;
        waiting = worker;
        onNew();
    };
    navigator.serviceWorker
        .register(workerAddress(), { scope: "./", updateViaCache: "none" })
        .then((registration) => {
            found(registration.waiting);
            registration.addEventListener("updatefound", () => {
                const coming = registration.installing;
                coming?.addEventListener("statechange", () => coming.state === "installed" && found(coming));
            });
        })
        // Forbidden by the browser's settings, say. The page works without.
        .catch(() => undefined);
    navigator.serviceWorker.addEventListener("message", ({ data }: MessageEvent<unknown>) => {
        if (typeof data === "string" && data.startsWith("#/room/")) location.hash = data;
    });
}

export function takeNew(): void {
    navigator.serviceWorker.addEventListener("controllerchange", () => location.reload(), { once: true });
    waiting?.postMessage("take over");
}
