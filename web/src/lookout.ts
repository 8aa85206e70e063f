// SPDX-License-Identifier: Apache-2.0
// Looks out for what is wrong between this page and its server, where plain HTTP works and the WebSocket does not: then
// it asks the server, which also hears so of the fault. While all goes well it asks, seldom, what else the server has
// noticed of the proxy in front of it.
import type { StateChange } from "natter-client";

/** What the server notices; its text is used where this page has none of its own. */
export interface ServerNotice {
    notice: string;
    text: string;
    /** Where its cure is, relative to the page. */
    help: string;
}

/** What a lookout needs of the world; tests bring their own. */
export interface LookoutWorld {
    now(): number;
    random(): number;
    /** Calls back after `ms`; returns the call that prevents it. */
    after(ms: number, callback: () => void): () => void;
    /**
     * The answer's object; undefined: something answered, but not natter. Rejects where nothing answers, or somebody
     * says that the server is away.
     */
    ask(path: string): Promise<Record<string, unknown> | undefined>;
    origin: string;
}

const LIMITED = "limited";
const TICK_MS = 1_000;
/** An attempt that hangs so long, while plain HTTP is answered, has failed for us. */
const HANGING_MS = 4_000;
const PROBE_AGAIN_MS = 3_000;
const PLEAD_AGAIN_MS = 20_000;
/** Not all pages at once after a restart. */
const CALM_MS = 5_000;
const CALM_SPREAD_MS = 25_000;
const CALM_AGAIN_MS = 3_600_000;
/** Of no concern to a page that is connected. */
const ABOUT_SOCKETS: readonly string[] = ["upgrade_dropped", "sockets_missing", "origin_refused"];

export class Lookout {
    /** Why this page gets no WebSocket, once that is known. */
    fault: ServerNotice | undefined;
    /** What else is wrong, while it is connected. */
    notices: ServerNotice[] = [];
    /** The server has answered what there is. */
    hasLooked = false;
    private isOnline = false;
    private isTrying = false;
    private begunAt = 0;
    /** Since when plain HTTP is known to work, in this trouble. */
    private worksAt: number | undefined;
    private isAstray = false;
    private nextAt = 0;
    private isAsking = false;
    private cancel: () => void = () => undefined;

    constructor(
        private readonly world: LookoutWorld,
        private readonly changed: () => void,
    ) {}

    stateChanged({ state }: StateChange): void {
        if (state === "online") {
            if (!this.isOnline) this.calm();
            return;
        }
        const wasCalm = this.isOnline || this.begunAt === 0;
        this.isOnline = false;
        this.isTrying = state === "connecting";
        if (this.isTrying || this.begunAt === 0) this.begunAt = this.world.now();
        if (state === "closed") this.rest();
        else if (wasCalm) this.arm(TICK_MS);
    }

    /** Connected: what was wrong is over. */
    private calm(): void {
        this.isOnline = true;
        this.rest();
        this.cancel = this.world.after(CALM_MS + this.world.random() * CALM_SPREAD_MS, () => void this.askCalmly());
    }

    private rest(): void {
        this.cancel();
        this.worksAt = undefined;
        this.nextAt = 0;
        this.begunAt = 0;
        if (!this.fault) return;
        this.fault = undefined;
        this.changed();
    }

    private arm(ms: number): void {
        this.cancel();
        this.cancel = this.world.after(ms, () => {
            this.arm(TICK_MS);
            void this.tick();
        });
    }

    private async tick(): Promise<void> {
        const now = this.world.now();
        if (this.isAsking || now < this.nextAt) return;
        if (this.worksAt === undefined) return this.asking(() => this.probe());
        // Only an attempt that began, or hangs, after plain HTTP was answered tells of a way that is closed to sockets.
        const hasFailed = !this.isTrying && this.begunAt >= this.worksAt;
        const hangs = this.isTrying && now - Math.max(this.begunAt, this.worksAt) >= HANGING_MS;
        if (hasFailed || hangs) await this.asking(() => this.plead());
    }

    private async asking(ask: () => Promise<void>): Promise<void> {
        this.isAsking = true;
        try {
            await ask();
        } catch {
            // Nothing answers: the server is away, or the network is. That is another trouble.
            this.worksAt = undefined;
            this.nextAt = this.world.now() + PROBE_AGAIN_MS;
        }
        this.isAsking = false;
    }

    /** Does plain HTTP work, and does the path of the WebSocket lead to natter? */
    private async probe(): Promise<void> {
        const report = await this.world.ask("ws?doctor").catch(() => undefined);
        this.isAstray = report?.type !== "report" && report?.type !== LIMITED;
        if (this.isAstray) ofNatter(await this.world.ask("api/v1/notices"));
        this.worksAt = this.world.now();
    }

    private async plead(): Promise<void> {
        this.nextAt = this.world.now() + PLEAD_AGAIN_MS;
        const way = this.isAstray ? "&way=astray" : "";
        const path = `api/v1/notices?socket=failed${way}&origin=${this.world.origin}`;
        const answer = ofNatter(await this.world.ask(path));
        if (this.isOnline) return;
        this.worksAt = this.world.now();
        this.fault = noticeIn(answer.yours);
        this.changed();
    }

    private async askCalmly(): Promise<void> {
        this.cancel = this.world.after(CALM_AGAIN_MS, () => void this.askCalmly());
        try {
            const answer = await this.world.ask("api/v1/notices");
            const found = Array.isArray(answer?.notices) ? answer.notices.map(noticeIn) : [];
            this.notices = found.filter(
                (one): one is ServerNotice => one !== undefined && !ABOUT_SOCKETS.includes(one.notice),
            );
            this.hasLooked = answer !== undefined;
            this.changed();
        } catch {
            // It is asked for again in a while.
        }
    }
}

/** It must be natter that answers. */
function ofNatter(answer: Record<string, unknown> | undefined): Record<string, unknown> {
    if (!Array.isArray(answer?.notices)) throw new Error("something else answered");
    return answer;
}

function noticeIn(value: unknown): ServerNotice | undefined {
    if (typeof value !== "object" || value === null) return undefined;
    const { notice, text, help } = value as Record<string, unknown>;
    if (typeof notice !== "string" || typeof text !== "string" || typeof help !== "string") return undefined;
    // A path on this server, and nothing else.
    return /^help\/[\w.-]+#\w+$/.test(help) ? { notice, text, help } : undefined;
}

export const browserWorld: LookoutWorld = {
    now: () => Date.now(),
    random: () => Math.random(),
    after(ms, callback) {
        const timer = setTimeout(callback, ms);
        return () => clearTimeout(timer);
    },
    async ask(path) {
        const response = await fetch(new URL(path, document.baseURI), { cache: "no-store", credentials: "omit" });
        if (response.status >= 500) throw new Error(response.statusText);
        if (response.status === 429) return { type: LIMITED };
        try {
            const value: unknown = await response.json();
            return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
        } catch {
            return undefined;
        }
    },
    get origin() {
        return location.origin;
    },
};
