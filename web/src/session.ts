// SPDX-License-Identifier: Apache-2.0
// The page's one client, the rooms it follows, and which of them is looked at.
import {
    type ChatError,
    type Client,
    createClient,
    type MyRoom,
    type RoomInfo,
    type StateChange,
    type User,
} from "natter-client";
import { announce, deserves, isLookedAt } from "./alerts";
import { setPartners } from "./direct";
import { byName } from "./format";
import { keep, localStore } from "./keep";
import type { Message } from "./log";
import { browserWorld, Lookout } from "./lookout";
import { Notifier } from "./notifier";
import { RoomModel } from "./room_model";
import { DEFAULT_ROOM, hashOf, onRoute, type Route, routeOf } from "./router";

/** How long trouble may last before it is worth a word. */
const PATIENCE_MS = 2_500;
const DIRECTORY_MS = 20_000;
/** A message from yesterday should not go out by surprise, but a long train tunnel is fine. */
const QUEUE_TTL_MS = 30 * 60_000;
const OUTBOX_PREFIX = "natter.outbox.";

function isPending({ status }: { status: string }): boolean {
    return status === "pending";
}

export class Session extends Notifier {
    readonly client: Client;
    readonly rooms = new Map<string, RoomModel>();
    /** All rooms of the server that it lists. */
    directory: RoomInfo[] = [];
    current = DEFAULT_ROOM;
    /** When the next attempt comes, in ms since the epoch. */
    retryAt: number | undefined;
    /** Trouble that has lasted long enough to be shown. */
    trouble: StateChange | undefined;
    /** What is wrong between this page and its server. */
    readonly lookout = new Lookout(browserWorld, () => this.changed());
    wasOnline = false;
    isNamed = keep.isNamed;
    /** The rooms in the order in which they were looked at, the last one first. */
    recent: string[] = [];
    /** A message that a link asks for, until the timeline has gone there. */
    target: { room: string; seq: number } | undefined;
    /** A newer page waits to take over. */
    hasNewPage = false;
    private troubleTimer: number | undefined;
    private lastTrouble: StateChange | undefined;

    constructor(socketUrl: string) {
        super();
        const storage = localStore ? { storage: localStore } : {};
        this.client = createClient({
            url: socketUrl,
            identity: "cookie",
            autoConnect: false,
            queue: { max: 100, ttl: QUEUE_TTL_MS },
            ...storage,
        });
        this.client.on("state", (change) => this.stateChanged(change));
        this.client.on("welcome", () => this.welcomed());
        this.client.on("user", () => this.changed());
        this.client.on("unread", (told) => this.follow(told.room).tell(told));
        this.client.on("left", ({ room }) => this.dropped(room));
        this.client.on("direct", ({ room, users }) => this.enterDirect(room, users));
        keep.onReadMark((room) => this.rooms.get(room)?.readElsewhere());
        window.addEventListener("storage", (event) => this.storedElsewhere(event));
    }

    get user(): User | undefined {
        return this.client.user;
    }

    get room(): RoomModel {
        return this.follow(this.current);
    }

    start(): void {
        for (const name of keep.rooms) this.follow(name);
        this.visit(routeOf(location.hash));
        onRoute((route) => this.visit(route));
        document.addEventListener("visibilitychange", () => this.visibilityChanged());
        window.addEventListener("blur", () => this.room.away());
        window.setInterval(() => this.refreshDirectory(), DIRECTORY_MS);
        this.client.connect();
    }

    newPageIsThere(): void {
        this.hasNewPage = true;
        this.changed();
    }

    private visit({ room, seq }: Route): void {
        this.target = seq === undefined ? undefined : { room, seq };
        this.show(room);
    }

    /** The message that is asked for in this room; asked once. */
    takeTarget(room: string): number | undefined {
        const { target } = this;
        if (target?.room !== room) return undefined;
        this.target = undefined;
        return target.seq;
    }

    /** Shows the room, and joins it where that was not done yet. */
    show(name: string): void {
        if (this.current !== name) this.rooms.get(this.current)?.close();
        this.current = name;
        this.recent = [name, ...this.recent.filter((one) => one !== name)];
        this.follow(name).open();
        this.changed();
    }

    go(name: string): void {
        location.hash = hashOf(name);
    }

    leave(name: string): void {
        const model = this.rooms.get(name);
        if (!model) return;
        model.leave();
        this.rooms.delete(name);
        this.recent = this.recent.filter((one) => one !== name);
        keep.setSeen(name, undefined);
        this.keepRooms();
        if (this.current === name) {
            const next = this.recent[0] ?? [...this.rooms.keys()][0] ?? DEFAULT_ROOM;
            history.replaceState(null, "", hashOf(next));
            this.show(next);
        }
        this.changed();
        this.refreshDirectory();
    }

    /** The room of this person and another. Rejects with words for the person. */
    async talkTo(userId: string): Promise<void> {
        const { room, users } = await this.client.direct([userId]);
        this.enterDirect(room, users);
        this.go(room);
    }

    private enterDirect(room: string, users: readonly User[]): void {
        setPartners(room, users, this.user?.id);
        this.follow(room);
        this.changed();
    }

    /** Another device of this person has left the room. */
    private dropped(room: string): void {
        if (this.rooms.has(room)) this.leave(room);
    }

    /** The rooms that this person belongs to, on whatever device. */
    private takeMine(mine: readonly MyRoom[]): void {
        for (const { users, ...told } of mine) {
            if (users) setPartners(told.room, users, this.user?.id);
            this.follow(told.room).tell(told);
        }
        this.changed();
    }

    retry(): void {
        this.client.connect();
    }

    async setName(name: string): Promise<void> {
        if (name !== this.user?.name) await this.client.setName(name);
        this.named();
    }

    /** The person has a name and need not be asked. */
    named(): void {
        keep.isNamed = true;
        this.isNamed = true;
        this.changed();
    }

    /** The room above or below in the list, or the next one of those with something unread. */
    neighbour(step: 1 | -1, mustBeUnread = false): string | undefined {
        const names = [...this.rooms.values()].sort(byName).map(({ name }) => name);
        const index = names.indexOf(this.current);
        for (let count = 1; count < names.length; count += 1) {
            const name = names[(index + step * count + names.length * count) % names.length];
            if (name !== undefined && (!mustBeUnread || (this.rooms.get(name)?.unread ?? 0) > 0)) return name;
        }
        return undefined;
    }

    markAllRead(): void {
        for (const room of this.rooms.values()) {
            room.markRead(true);
            room.clearDivider();
        }
    }

    get unread(): number {
        let sum = 0;
        for (const room of this.rooms.values()) sum += room.unread;
        return sum;
    }

    get hasMention(): boolean {
        return [...this.rooms.values()].some(({ mentionCount }) => mentionCount > 0);
    }

    /** Everybody who is known here, by id. */
    get people(): Map<string, User> {
        const found = new Map<string, User>();
        for (const { members } of this.rooms.values()) for (const [id, user] of members) found.set(id, user);
        return found;
    }

    /** How many messages wait for a connection. */
    get waiting(): number {
        let sum = 0;
        for (const room of this.rooms.values()) sum += room.room.pending().filter(isPending).length;
        return sum;
    }

    arrived(model: RoomModel, message: Message, isMention: boolean): void {
        if (isLookedAt(model.name === this.current)) return;
        if (deserves(keep.notify, isMention, message.user.id === this.user?.id)) announce(model, message);
    }

    roomChanged(model: RoomModel): void {
        this.adopt(model);
        this.changed();
    }

    roomRefused(model: RoomModel, _problem: ChatError): void {
        // A room that cannot be entered is not worth asking for again at the next visit.
        keep.rooms = [...this.rooms.keys()].filter((name) => name !== model.name);
        keep.setSeen(model.name, undefined);
        this.changed();
    }

    refreshDirectory(): void {
        if (this.client.state !== "online" || document.visibilityState === "hidden") return;
        this.client.rooms().then(
            (rooms) => {
                this.directory = rooms;
                this.changed();
            },
            // The list is a convenience; it is asked for again in a while.
            () => undefined,
        );
    }

    private follow(name: string): RoomModel {
        let model = this.rooms.get(name);
        if (!model) {
            this.rooms.set(name, (model = new RoomModel(this.client.room(name), this)));
            this.keepRooms();
        }
        return model;
    }

    /** The server may spell a room's name in another way than it was typed. */
    private adopt(model: RoomModel): void {
        if (this.rooms.get(model.name) === model) return;
        const known = [...this.rooms].find(([, one]) => one === model)?.[0];
        if (known === undefined) return;
        this.rooms.delete(known);
        const twin = this.rooms.get(model.name);
        if (twin) model.leave();
        else this.rooms.set(model.name, model);
        this.keepRooms();
        if (this.current === known) {
            this.current = model.name;
            history.replaceState(null, "", hashOf(model.name));
        }
    }

    private keepRooms(): void {
        keep.rooms = [...this.rooms.keys()];
    }

    /** A message that another tab has sent, or given up, must not be sent from here as well. */
    private storedElsewhere({ key, newValue }: StorageEvent): void {
        if (!key?.startsWith(OUTBOX_PREFIX) || newValue !== null) return;
        for (const model of this.rooms.values()) model.outgoingOf(key.slice(OUTBOX_PREFIX.length))?.cancel();
    }

    private welcomed(): void {
        this.wasOnline = true;
        // What was kept for somebody else is not for this person; a room that has shown it begins afresh.
        if (keep.userId !== undefined && keep.userId !== this.user?.id) keep.forgetMessages();
        keep.userId = this.user?.id;
        // A server that does not know the question yet leaves each browser with its own rooms.
        this.client.mine().then(
            (mine) => this.takeMine(mine),
            () => undefined,
        );
        this.refreshDirectory();
        this.changed();
    }

    private stateChanged(change: StateChange): void {
        this.lookout.stateChanged(change);
        this.retryAt = change.retryInMs === undefined ? undefined : Date.now() + change.retryInMs;
        if (change.reason === "removed" || change.reason === "unauthorized") keep.forgetMessages();
        if (change.state === "online") {
            window.clearTimeout(this.troubleTimer);
            this.troubleTimer = undefined;
            this.lastTrouble = undefined;
            this.trouble = undefined;
        } else {
            this.lastTrouble = change;
            if (this.trouble || change.state === "closed") this.trouble = change;
            else this.troubleTimer ??= window.setTimeout(() => this.showTrouble(), PATIENCE_MS);
        }
        this.changed();
    }

    private showTrouble(): void {
        this.troubleTimer = undefined;
        this.trouble = this.lastTrouble;
        this.changed();
    }

    private visibilityChanged(): void {
        if (document.visibilityState === "hidden") this.room.away();
        else this.refreshDirectory();
        this.changed();
    }
}
