// SPDX-License-Identifier: Apache-2.0
// Everything that the page knows of one room: its log, who is there and who types, what waits to be sent, and how far
// the person has read.
import type {
    ChatError,
    OutgoingMessage,
    ResetEvent,
    Room,
    RoomEvent,
    Subscription,
    Unread,
    User,
} from "natter-client";
import { isDirect } from "./direct";
import { Far, type LoadState } from "./far";
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
    /** Somebody wrote something now; not what was replayed at the first join. */
    arrived(room: RoomModel, message: Message, isMention: boolean): void;
}

const FIRST_PAGE = 60;
/** So many events of a room are kept on this machine, and written this long after they came. */
const SEEN_MAX = 60;
const SEEN_PAUSE_MS = 1_000;
const OLDER_PAGE = 80;
/** A message so near to what is here is loaded as one scrolls; what is farther gets a view of its own. */
const NEAR_PAGES = 4;
const NEAR_SEQS = NEAR_PAGES * OLDER_PAGE;
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
    newestSeq = 0;
    /** Where a link to an old message led; undefined: the end of the log is shown. */
    private far: Far | undefined;
    private liveOlderState: LoadState = "idle";
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
    /** Whoever wrote something, by id. */
    private readonly names = new Map<string, string>();
    /** The newest events, without holes. */
    private newest: RoomEvent[] = [];
    private seenTimer: number | undefined;
    /** Marked as unread by hand: looking at it does not change that before the room is opened anew. */
    private isHeldUnread = false;
    private told: Unread | undefined;
    /** Neither this browser nor the server has told yet what was read. */
    private isGuessed = false;

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
        const seen = keep.seen(room.name);
        for (const event of seen?.events ?? []) this.remember(event);
        const since = this.log.last;
        this.subscription = room.subscribe({
            history: FIRST_PAGE,
            ...(seen && since !== undefined ? { since, epoch: seen.epoch } : {}),
        });
    }

    get name(): string {
        return this.room.name;
    }

    /** The part of the log that is looked at. */
    get view(): Log {
        return this.far?.log ?? this.log;
    }

    get hasOlder(): boolean {
        if (this.far) return this.far.hasOlder;
        return !this.isAtStart && this.log.first !== undefined && this.log.first > 1;
    }

    get olderState(): LoadState {
        return this.far?.olderState ?? this.liveOlderState;
    }

    /** What is looked at is not the end. */
    get isFar(): boolean {
        return this.far !== undefined;
    }

    get isLoadingNewer(): boolean {
        return this.far?.newerState === "loading";
    }

    get hasFailedNewer(): boolean {
        return this.far?.newerState === "failed";
    }

    messageAt(seq: number): Message | undefined {
        return this.view.get(seq) ?? this.log.get(seq);
    }

    get typing(): User[] {
        return [...this.typists.values()].map(({ user }) => user);
    }

    /** What others wrote since the person last looked. */
    get unread(): number {
        return this.unreadMessages().length + (this.beforeLog?.unread ?? 0);
    }

    /** Those of them that name this person; in a direct room that is all of them. */
    get mentionCount(): number {
        const here = this.unreadMessages().filter((message) => this.isMention(message)).length;
        return here + (isDirect(this.name) ? (this.beforeLog?.unread ?? 0) : (this.beforeLog?.mentions ?? 0));
    }

    isMention({ mentions }: Message): boolean {
        const { user } = this.host;
        return isDirect(this.name) || (user !== undefined && mentions.includes(user.id));
    }

    /** What the server has counted and this page has not loaded. */
    private get beforeLog(): { unread: number; mentions: number } | undefined {
        const { told, readSeq, log } = this;
        if (!told || readSeq === undefined || readSeq !== told.read || log.first === undefined) return undefined;
        if (log.first <= readSeq + 1) return undefined;
        const here = this.unreadMessages().filter(({ seq }) => seq <= told.seq);
        const named = here.filter((message) => this.isMention(message)).length;
        return { unread: Math.max(0, told.unread - here.length), mentions: Math.max(0, told.mentions - named) };
    }

    /** The server tells how far this person has read, on whatever device. */
    tell(told: Unread): void {
        this.told = told;
        const isNews = this.isGuessed || told.read > (this.readSeq ?? Infinity);
        if (this.readSeq === undefined || this.isHeldUnread || !isNews) return;
        if (this.isGuessed && told.read < this.readSeq) this.dividerSeq = told.read;
        this.isGuessed = false;
        this.readSeq = told.read;
        this.toldSeq = Math.max(this.toldSeq, told.read);
        keep.setReadMark(this.name, { seq: told.read, epoch: this.room.epoch });
        this.host.roomChanged(this);
        this.changed();
    }

    /** The names of those whom the message names, as far as they are known here. */
    mentionedNames({ mentions }: Message): string {
        return mentions.flatMap((id) => this.names.get(id) ?? this.members.get(id)?.name ?? []).join("\n");
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
        const { messages } = this.log;
        for (let index = messages.length - 1; index >= 0; index -= 1) {
            const message = messages[index];
            if (message && message.user.id === this.host.user?.id && !message.isDeleted) return message;
        }
        return undefined;
    }

    /** Looks at the log around this message; false where it cannot be shown. */
    async visit(seq: number): Promise<boolean> {
        const { first } = this.log;
        if (first !== undefined && seq >= first) return this.endVisit(seq);
        for (let pages = 0; pages < NEAR_PAGES && first !== undefined && seq >= first - NEAR_SEQS; pages += 1) {
            this.far = undefined;
            await this.loadOlder();
            if ((this.log.first ?? 0) <= seq || this.olderState === "failed") break;
        }
        if ((this.log.first ?? Infinity) <= seq) return this.endVisit(seq);
        const far = new Far(this.room, () => this.changed());
        try {
            await far.open(seq);
        } catch {
            return false;
        }
        if (!far.log.get(seq)) return false;
        this.far = far;
        this.joinFar();
        this.changed();
        return true;
    }

    /** Back to the end of the log. */
    goHome(): void {
        this.far = undefined;
        this.changed();
    }

    async loadNewer(): Promise<void> {
        const { far } = this;
        await far?.loadNewer();
        if (far && far === this.far) this.joinFar();
        this.changed();
    }

    private endVisit(seq: number): boolean {
        this.far = undefined;
        this.changed();
        return this.log.get(seq) !== undefined;
    }

    /** What is looked at has grown up to what is here of the end: they are one again. */
    private joinFar(): void {
        const { far, log } = this;
        if (!far || log.first === undefined || (far.log.last ?? 0) < log.first - 1) return;
        for (const event of far.events) log.add(event);
        this.isAtStart = far.isAtStart;
        this.far = undefined;
    }

    async loadOlder(): Promise<void> {
        if (this.far) return this.far.loadOlder();
        const before = this.log.first;
        if (before === undefined || !this.hasOlder || this.liveOlderState === "loading") return;
        this.liveOlderState = "loading";
        this.changed();
        const log = this.log;
        try {
            const page = await this.room.history({ before, limit: OLDER_PAGE });
            // The room may have started afresh meanwhile.
            if (log === this.log) {
                for (const event of page.events) log.add(event);
                this.isAtStart = page.events.length === 0 || !page.more;
            }
            this.liveOlderState = "idle";
        } catch {
            this.liveOlderState = "failed";
        }
        this.changed();
    }

    /** The person opens the room: what was not read gets a divider that stays where it is. */
    open(): void {
        this.isHeldUnread = false;
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

    /** Everything up to the newest was seen. `isAsked`: by a key, and not by looking. */
    markRead(isAsked = false): void {
        // Before the first join it is not known what was read; kept messages that are shown meanwhile prove nothing.
        if (this.readSeq === undefined || (this.isHeldUnread && !isAsked)) return;
        this.isHeldUnread = false;
        const seq = this.log.last ?? this.newestSeq;
        if (seq <= this.readSeq) return;
        this.readSeq = seq;
        keep.setReadMark(this.name, { seq, epoch: this.room.epoch });
        this.tellRead();
        this.host.roomChanged(this);
        this.changed();
    }

    /** This message and what follows count as new, until they are read again. */
    markUnread(seq: number): void {
        this.readSeq = seq - 1;
        this.dividerSeq = seq - 1;
        this.isHeldUnread = true;
        keep.setReadMark(this.name, { seq: seq - 1, epoch: this.room.epoch, isHeld: true });
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
        window.clearTimeout(this.seenTimer);
        this.watch.close();
        this.subscription.close();
    }

    private unreadMessages(): Message[] {
        const { readSeq } = this;
        if (readSeq === undefined) return [];
        return this.log.after(readSeq).filter(({ user, isDeleted }) => user.id !== this.host.user?.id && !isDeleted);
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
        const isSound = mark !== undefined && mark.epoch === this.room.epoch && mark.seq <= newest;
        if (isSound && mark.isHeld === true) this.isHeldUnread = true;
        if (isSound && (mark.isHeld === true || !this.told)) return mark.seq;
        this.isGuessed = !this.told;
        // Whoever is written to for the first time has not read it.
        return Math.min(newest, this.told?.read ?? (isDirect(this.name) ? 0 : newest));
    }

    /** For the next visit, and for one without a connection. */
    private remember(event: RoomEvent): void {
        this.log.add(event);
        this.names.set(event.user.id, event.user.name);
        if (this.newest.length > 0 && this.newest[this.newest.length - 1]?.seq !== event.seq - 1) this.newest = [];
        this.newest.push(event);
        if (this.newest.length > 2 * SEEN_MAX) this.newest = this.newest.slice(-SEEN_MAX);
    }

    private keepSeen(): void {
        this.seenTimer ??= window.setTimeout(() => {
            this.seenTimer = undefined;
            const { epoch } = this.room;
            // A room whose name begins with `~` keeps nothing, so nothing of it is kept here either.
            if (epoch === undefined || this.name.startsWith("~") || !this.isJoined) return;
            keep.setSeen(this.name, { epoch, events: this.newest.slice(-SEEN_MAX) });
        }, SEEN_PAUSE_MS);
    }

    private take(event: RoomEvent): void {
        this.remember(event);
        this.keepSeen();
        const message = event.type === "message" ? this.log.get(event.seq) : undefined;
        // What came while nobody was here is unread, and no news.
        if (message && event.seq > this.newestSeq) this.host.arrived(this, message, this.isMention(message));
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
        this.newest = [];
        keep.setSeen(this.name, undefined);
        this.far = undefined;
        // At the first join the page knew some of the last visit only; there is nothing to regret.
        this.notice = reason === "epoch" || this.readSeq !== undefined ? reason : undefined;
        this.liveOlderState = "idle";
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
            this.room.markRead(seq).then(
                (told) => told && this.tell(told),
                () => undefined,
            );
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
