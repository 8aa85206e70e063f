// SPDX-License-Identifier: Apache-2.0
// Everything that the library asks of the world around it: time, chance, sockets and the hints of a browser. Tests
// bring a world of their own.

/** The part of a browser's WebSocket that is used; the `ws` package's class fits too. */
export interface Socket {
    readonly readyState: number;
    onopen: ((event: never) => void) | null;
    onmessage: ((event: { data: unknown } & never) => void) | null;
    onclose: ((event: { code: number; reason: string } & never) => void) | null;
    onerror: ((event: never) => void) | null;
    send(data: string): void;
    close(code?: number, reason?: string): void;
}

export type SocketClass = new (url: string, protocols?: string | string[]) => Socket;

/** What `localStorage` and `sessionStorage` are. */
export interface KeyValue {
    readonly length: number;
    key(index: number): string | null;
    getItem(key: string): string | null;
    setItem(key: string, value: string): void;
    removeItem(key: string): void;
}

/** Something happened that makes it worth to look whether the connection still lives. */
export type Hint = "visible" | "online" | "offline" | "awake";

export interface Environment {
    now(): number;
    random(): number;
    /** An id in hex, for the keys that make a repeated send harmless: the time in 48 bits, then 80 random ones. */
    drawKey(): string;
    /** Calls `callback` once after `ms`; returns the call that prevents it. */
    after(ms: number, callback: () => void): () => void;
    /** False only where the browser is sure that there is no network. */
    isOnline(): boolean;
    /**
     * A socket could not be opened, and nobody tells why: asks the server when it wants to be tried again, in ms; 0
     * where it does not say.
     */
    askRetryAfter(url: string): Promise<number>;
    /** Passes on the browser's hints; returns the call that ends this. */
    onHint(listener: (hint: Hint) => void): () => void;
}

function nothing(): void {}

/** How often the clock is looked at, and by how much it may be late before the machine must have slept. */
const TICK_MS = 4_000;
const SLEPT_MS = 8_000;

export function defaultEnvironment(): Environment {
    return {
        now: () => Date.now(),
        random: () => Math.random(),
        drawKey,
        after(ms, callback) {
            const timer = setTimeout(callback, ms);
            return () => clearTimeout(timer);
        },
        isOnline: () => typeof navigator === "undefined" || navigator.onLine !== false,
        askRetryAfter,
        onHint(listener) {
            if (typeof window === "undefined" || typeof document === "undefined") return nothing;
            const online = (): void => listener("online");
            const offline = (): void => listener("offline");
            const visible = (): void => {
                if (document.visibilityState === "visible") listener("visible");
            };
            const awake = (): void => listener("awake");
            const network = (navigator as { connection?: EventTarget }).connection;
            let looked = Date.now();
            const timer = setInterval(() => {
                const late = Date.now() - looked - TICK_MS;
                looked = Date.now();
                // Timers of a page that nobody sees come late without any sleep; showing it is a hint by itself.
                if (late > SLEPT_MS && document.visibilityState === "visible") awake();
            }, TICK_MS);
            window.addEventListener("online", online);
            window.addEventListener("offline", offline);
            window.addEventListener("pageshow", awake);
            document.addEventListener("resume", awake);
            document.addEventListener("visibilitychange", visible);
            network?.addEventListener("change", awake);
            return () => {
                clearInterval(timer);
                window.removeEventListener("pageshow", awake);
                document.removeEventListener("resume", awake);
                network?.removeEventListener("change", awake);
                window.removeEventListener("online", online);
                window.removeEventListener("offline", offline);
                document.removeEventListener("visibilitychange", visible);
            };
        },
    };
}

const ASK_TIMEOUT_MS = 5_000;

/** `Retry-After-Ms` is exact; `Retry-After` is what proxies say. */
export function retryAfterOf(status: number, header: (name: string) => string | null): number {
    const ms = Number(header("retry-after-ms") ?? Number(header("retry-after")) * 1000);
    return (status === 503 || status === 429) && ms > 0 ? ms : 0;
}

async function askRetryAfter(url: string): Promise<number> {
    try {
        const signal = AbortSignal.timeout(ASK_TIMEOUT_MS);
        const { status, headers } = await fetch(url.replace(/^ws/, "http"), { signal });
        return retryAfterOf(status, (name) => headers.get(name));
    } catch {
        return 0; // nobody is there, a browser does not let this page ask, or there is nothing to ask with
    }
}

function drawKey(): string {
    const bytes = new Uint8Array(16);
    const source = (globalThis as { crypto?: Crypto }).crypto;
    // Node 18 has no global `crypto`; a key needs to be unlikely to repeat, not to be secret.
    if (source) source.getRandomValues(bytes);
    else for (let i = 0; i < bytes.length; i += 1) bytes[i] = Math.floor(Math.random() * 256);
    // The time comes first, as in a UUID of version 7: so the server finds a key near those of its time.
    const random = Array.from(bytes.subarray(6), (byte) => byte.toString(16).padStart(2, "0")).join("");
    return Date.now().toString(16).padStart(12, "0") + random;
}
