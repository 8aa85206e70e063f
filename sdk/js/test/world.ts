// SPDX-License-Identifier: Apache-2.0
// A world for tests: sockets are real, time is moved by hand, chance is a number that the test sets.
import { WebSocket } from "ws";
import { type Client, type ClientOptions, createClient, type SocketClass } from "../src/index.js";
import type { Environment, Hint, KeyValue } from "../src/environment.js";

interface Timer {
    at: number;
    callback: () => void;
}

export class World implements Environment {
    chance = 0.5;
    /** What a server that refuses says of when to come back. */
    retryAfterMs = 0;
    asked: string[] = [];
    online = true;
    private clock = 1_000_000;
    private keys = 0;
    private readonly timers = new Set<Timer>();
    private readonly hints = new Set<(hint: Hint) => void>();

    now(): number {
        return this.clock;
    }

    random(): number {
        return this.chance;
    }

    drawKey(): string {
        this.keys += 1;
        return `key-${this.clock}-${this.keys}`;
    }

    after(ms: number, callback: () => void): () => void {
        const timer = { at: this.clock + ms, callback };
        this.timers.add(timer);
        return () => void this.timers.delete(timer);
    }

    isOnline(): boolean {
        return this.online;
    }

    async askRetryAfter(url: string): Promise<number> {
        this.asked.push(url);
        return this.retryAfterMs;
    }

    onHint(listener: (hint: Hint) => void): () => void {
        this.hints.add(listener);
        return () => void this.hints.delete(listener);
    }

    hint(hint: Hint): void {
        for (const listener of [...this.hints]) listener(hint);
    }

    get timerCount(): number {
        return this.timers.size;
    }

    /** Moves the clock, and rings what is due on the way in its order. */
    pass(ms: number): void {
        const end = this.clock + ms;
        for (;;) {
            const due = [...this.timers].filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at)[0];
            if (!due) break;
            this.timers.delete(due);
            this.clock = Math.max(this.clock, due.at);
            due.callback();
        }
        this.clock = end;
    }
}

export class MemoryStorage implements KeyValue {
    private readonly map = new Map<string, string>();

    get length(): number {
        return this.map.size;
    }

    key(index: number): string | null {
        return [...this.map.keys()][index] ?? null;
    }

    getItem(key: string): string | null {
        return this.map.get(key) ?? null;
    }

    setItem(key: string, value: string): void {
        this.map.set(key, value);
    }

    removeItem(key: string): void {
        this.map.delete(key);
    }
}

const DEADLINE_MS = 5_000;

/** Waits for a condition, not for a time. */
export async function until(condition: () => boolean, what = "the condition"): Promise<void> {
    const end = Date.now() + DEADLINE_MS;
    while (!condition()) {
        if (Date.now() > end) throw new Error(`${what} did not come true within ${DEADLINE_MS} ms`);
        await new Promise((resolve) => setImmediate(resolve));
    }
}

export function clientOf(url: string, world: World, options: Partial<ClientOptions> = {}): Client {
    const socketClass = WebSocket as unknown as SocketClass;
    return createClient({ url, WebSocket: socketClass, environment: world, ...options });
}
