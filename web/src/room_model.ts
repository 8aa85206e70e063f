// SPDX-License-Identifier: Apache-2.0
// Everything that the page knows of one room: its log, who is there and who types, what waits to be sent, and how far
// the person has read.
import type { ChatError, OutgoingMessage, ResetEvent, Room, RoomEvent, Subscription, User } from "natter-client";
import { keep } from "./keep";
import { Log, type Message, messageId } from "./log";
import { Notifier } from "./notifier";
import type { Draft } from "./rows";
import { Watch } from "./watch";

export interface RoomHost {
    readonly user: User | undefined;
    /** Something that the whole page shows has changed: an unread count, say. */
    roomChanged(room: RoomModel): void;
    roomRefused(room: RoomModel, problem: ChatError): void;
}

type OlderState = "idle" | "loading" | "failed";

const FIRST_PAGE = 60;
const OLDER_PAGE = 80;
const TYPING_MS = 6_000;
/** `read` is told to the server at most this often. */
const READ_PAUSE_MS = 1_500;

export class RoomModel extends Notifier {
    log = new Log();
    notice: ResetEvent["reason"] | undefined;
    members = new Map<string, User>();
    count = 0;
    isJoined = false;
    refusal: ChatError | undefined;
    /** The "New" divider stands behind this `seq`; undefined: there is none. */
    dividerSeq: number | undefined;
    olderState: OlderState = "idle";
    newestSeq = 0;
    readonly watch: Watch;
    /** The server has nothing older, although the first `seq` here is not 1. */
    private isAtStart = false;
    private readonly typists = new Map<string, { user: User; until: number }>();
    private readonly subscription: Subscription;
    private readSeq: number | undefined;
    private toldSeq = 0;
    private readTimer: number | undefined;
    private typingTimer: number | undefined;
    private sent: OutgoingMessage[] = [];

    constructor(
        readonly room: Room,
        private readonly host: RoomHost,
    ) {
        super();
        this.watch = new Watch(room, () => this.changed());
        room.on("joined", ({ seq, members, count }) => this.joined(seq, members, count));
        room.on("event", (event) => this.take(event));
        room.on("reset", ({ reason }) => this.reset(reason));
        room.on("gap", (gap) => this.watch.skip(gap));
        room.on("filled", ({ events }) => this.filled(events));
        room.on("presence", ({ joined, left, count }) => this.presence(joined, left, count));
        room.on("typing", ({ user }) => this.typed(user));
        room.on("outgoing", (message) => this.outgoing(message));
        room.on("refused", (problem) => this.refused(problem));
        this.subscription = room.subscribe({ history: FIRST_PAGE });
    }

    get name(): string {
        return this.room.name;
    }

    get hasOlder(): boolean {
        return !this.isAtStart && this.log.first !== undefined && this.log.first > 1;
    }

    get typing(): User[] {
        return [...this.typists.values()].map(({ user }) => user);
    }

    /** What others wrote since the person last looked. */
    get unread(): number {
        return this.unreadMessages().length;
    }

    get hasMention(): boolean {
        const name = this.host.user?.name.toLowerCase();
        return name !== undefined && this.unreadMessages().some(({ text }) => text.toLowerCase().includes(`@${name}`));
    }

    /** Own messages that are not in the log yet, oldest first. */
    get drafts(): Draft[] {
        const userId = this.host.user?.id ?? "";
        const all = [...this.sent, ...this.room.pending()];
        return all
            .filter((one) => one.status !== "cancelled" && !this.log.has(messageId(userId, one.id)))
            .map((one) => draftOf(one, userId));
    }

    outgoingOf(key: string): OutgoingMessage | undefined {
        return this.room.pending().find(({ id }) => id === key);
    }

    lastOwn(): Message | undefined {
        const own = this.log.messages.filter(({ user, isDeleted }) => user.id === this.host.user?.id && !isDeleted);
        return own[own.length - 1];
    }

    async loadOlder(): Promise<void> {
        const before = this.log.first;
        if (before === undefined || !this.hasOlder || this.olderState === "loading") return;
        this.olderState = "loading";
        this.changed();
        const log = this.log;
        try {
            const page = await this.room.history({ before, limit: OLDER_PAGE });
            // The room may have started afresh meanwhile.
            if (log === this.log) {
                for (const event of page.events) log.add(event);
                this.isAtStart = page.events.length === 0 || !page.more;
            }
            this.olderState = "idle";
        } catch {
            this.olderState = "failed";
        }
        this.changed();
    }

    /** The person opens the room: what was not read gets a divider that stays where it is. */
    open(): void {
        this.dividerSeq = this.unread > 0 ? this.readSeq : undefined;
        this.watch.open();
        this.changed();
    }

    /** The person leaves the page or the room: the next new message gets the divider. */
    close(): void {
        this.dividerSeq = undefined;
        this.watch.close();
    }

    /** The page is looked away from while the room is open. */
    away(): void {
        if (this.dividerSeq === undefined || this.unread === 0) this.dividerSeq = this.newestSeq;
    }

    clearDivider(): void {
        this.dividerSeq = undefined;
        this.changed();
    }

    /** Everything up to the newest was seen. */
    markRead(): void {
        const seq = this.log.last ?? this.newestSeq;
        if (this.readSeq !== undefined && seq <= this.readSeq) return;
        this.readSeq = seq;
        keep.setReadMark(this.name, { seq, epoch: this.room.epoch });
        this.tellRead();
        this.host.roomChanged(this);
        this.changed();
    }

    /** Another page of this browser has read further. */
    readElsewhere(): void {
        const mark = keep.readMark(this.name);
        if (!mark || mark.seq <= (this.readSeq ?? 0)) return;
        this.readSeq = mark.seq;
        this.host.roomChanged(this);
        this.changed();
    }

    leave(): void {
        window.clearTimeout(this.readTimer);
        window.clearTimeout(this.typingTimer);
        this.watch.close();
        this.subscription.close();
    }

    private unreadMessages(): Message[] {
        const { readSeq } = this;
        if (readSeq === undefined) return [];
        return this.log.messages.filter(
            ({ seq, user, isDeleted }) => seq > readSeq && user.id !== this.host.user?.id && !isDeleted,
        );
    }

    private joined(seq: number, members: User[], count: number): void {
        this.isJoined = true;
        this.refusal = undefined;
        this.newestSeq = Math.max(this.newestSeq, seq);
        this.members = new Map(members.map((user) => [user.id, user]));
        this.count = count;
        this.typists.clear();
        if (this.readSeq === undefined) {
            this.readSeq = this.rememberedSeq(seq);
            if (this.readSeq < seq) this.dividerSeq = this.readSeq;
        }
        this.host.roomChanged(this);
        this.changed();
    }

    /** A first visit has read everything; a mark from another life of the log means nothing. */
    private rememberedSeq(newest: number): number {
        const mark = keep.readMark(this.name);
        if (!mark || mark.epoch !== this.room.epoch || mark.seq > newest) return newest;
        return mark.seq;
    }

    private take(event: RoomEvent): void {
        this.log.add(event);
        this.newestSeq = Math.max(this.newestSeq, event.seq);
        this.watch.touched();
        this.typists.delete(event.user.id);
        this.sent = this.sent.filter(({ id }) => !this.log.has(messageId(this.host.user?.id ?? "", id)));
        this.host.roomChanged(this);
        this.changed();
    }

    /** They belong between others, or are what these should have been. */
    private filled(events: readonly RoomEvent[]): void {
        for (const event of events) this.log.add(event);
        this.host.roomChanged(this);
        this.changed();
    }

    private reset(reason: ResetEvent["reason"]): void {
        this.log = new Log();
        this.notice = reason;
        this.olderState = "idle";
        this.dividerSeq = undefined;
        this.isAtStart = false;
        this.sent = [];
        this.watch.reset();
        if (reason === "epoch") {
            this.readSeq = undefined;
            this.newestSeq = 0;
        }
        this.changed();
    }

    private presence(joined: readonly User[], left: readonly User[], count: number): void {
        for (const user of left) this.members.delete(user.id);
        for (const user of joined) this.members.set(user.id, user);
        this.count = count;
        this.host.roomChanged(this);
        this.changed();
    }

    private typed(user: User): void {
        if (user.id === this.host.user?.id) return;
        this.typists.set(user.id, { user, until: Date.now() + TYPING_MS });
        this.expireTyping();
        this.changed();
    }

    private expireTyping(): void {
        window.clearTimeout(this.typingTimer);
        const now = Date.now();
        for (const [id, { until }] of this.typists) if (until <= now) this.typists.delete(id);
        if (this.typists.size === 0) return;
        const next = Math.min(...[...this.typists.values()].map(({ until }) => until));
        this.typingTimer = window.setTimeout(() => {
            this.expireTyping();
            this.changed();
        }, next - now);
    }

    private outgoing(message: OutgoingMessage): void {
        // Between its ack and its event a message has left the outbox and is not in the log.
        const userId = this.host.user?.id ?? "";
        if (message.status === "sent" && !this.log.has(messageId(userId, message.id))) this.sent.push(message);
        this.changed();
    }

    private refused(problem: ChatError): void {
        this.refusal = problem;
        this.isJoined = false;
        this.host.roomRefused(this, problem);
        this.changed();
    }

    private tellRead(): void {
        if (this.readTimer !== undefined) return;
        this.readTimer = window.setTimeout(() => {
            this.readTimer = undefined;
            const seq = this.readSeq ?? 0;
            if (seq <= this.toldSeq || !this.room.isJoined) return;
            this.toldSeq = seq;
            // A mark that gets lost is told again with the next one.
            this.room.markRead(seq).catch(() => undefined);
        }, READ_PAUSE_MS);
    }
}

function draftOf(message: OutgoingMessage, userId: string): Draft {
    return {
        id: messageId(userId, message.id),
        key: message.id,
        at: message.at,
        text: message.text,
        replyTo: message.replyTo,
        status: message.status === "failed" ? "failed" : message.status === "sent" ? "sent" : "pending",
        seq: message.seq,
        problem: message.error?.code,
    };
}
