// SPDX-License-Identifier: Apache-2.0
// The messages of a room and the place that is looked at. What one reads stays where it is: at the end new messages
// push it up, anywhere else nothing moves, whatever comes above or below.
import { Component, createRef } from "preact";
import { t } from "../i18n";
import { isDirect } from "./direct";
import { dayTitle, isoTime } from "./format";
import { Icon } from "./icons";
import type { Message } from "./log";
import { type MessageActions, MessageRow } from "./message";
import type { RoomModel } from "./room_model";
import { roomTitle } from "./router";
import { buildRows, type Draft, type Row } from "./rows";
import type { Session } from "./session";
import { around, type Bounds, extendedDown, extendedUp, pinned, TAIL, visibleRange } from "./window";

interface TimelineProps {
    model: RoomModel;
    session: Session;
    actions: MessageActions;
}

interface TimelineState {
    bounds: Bounds;
    isAtEnd: boolean;
    flashSeq: number | undefined;
}

/** Where a row was before the page changed around it. */
interface Anchor {
    row: string;
    top: number;
}

interface Snapshot {
    isStuck: boolean;
    anchor: Anchor | undefined;
}

/** What a message that is not in the log yet cannot have. */
const NOTHING = { mentions: [], reactions: [] };
const END_PX = 40;
const EDGE_PX = 600;
const FLASH_MS = 1_600;
const KEYS_OF_ACTIONS: Readonly<Record<string, "reply" | "edit" | "delete" | "unread" | "copy" | "react">> = {
    r: "reply",
    e: "edit",
    c: "copy",
    u: "unread",
    "+": "react",
    Delete: "delete",
};

export class Timeline extends Component<TimelineProps, TimelineState> {
    override state: TimelineState = { bounds: TAIL, isAtEnd: true, flashSeq: undefined };
    private readonly scroller = createRef<HTMLDivElement>();
    private readonly content = createRef<HTMLDivElement>();
    private ends: (() => void)[] = [];
    private isPlaced = false;
    private lastDraft: string | undefined;
    private jumpTo: number | undefined;
    private flashTimer: number | undefined;

    override componentDidMount(): void {
        const { model } = this.props;
        const redraw = (): void => this.forceUpdate();
        const looked = (): void => this.markRead();
        const observer = new ResizeObserver(() => this.stick());
        if (this.scroller.current) observer.observe(this.scroller.current);
        if (this.content.current) observer.observe(this.content.current);
        window.addEventListener("focus", looked);
        document.addEventListener("visibilitychange", looked);
        this.ends = [
            model.listen(redraw),
            this.props.session.listen(redraw),
            () => observer.disconnect(),
            () => window.removeEventListener("focus", looked),
            () => document.removeEventListener("visibilitychange", looked),
        ];
        this.lastDraft = model.drafts[model.drafts.length - 1]?.id;
        this.place();
        this.forceUpdate();
    }

    override componentWillUnmount(): void {
        window.clearTimeout(this.flashTimer);
        for (const end of this.ends) end();
    }

    override getSnapshotBeforeUpdate(): Snapshot {
        const isStuck = this.state.isAtEnd && this.state.bounds.toSeq === undefined;
        return { isStuck, anchor: isStuck ? undefined : this.findAnchor() };
    }

    override componentDidUpdate(_props: TimelineProps, _state: TimelineState, snapshot: Snapshot): void {
        if (!this.isPlaced) this.place();
        else if (this.jumpTo !== undefined) this.reachJump(this.jumpTo);
        else if (snapshot.isStuck) this.stick();
        else if (snapshot.anchor) this.restore(snapshot.anchor);
        this.noticeOwn();
        this.followLink();
        this.lookAround();
        this.markRead();
    }

    override render({ model, session, actions }: TimelineProps, { bounds, isAtEnd, flashSeq }: TimelineState) {
        const { messages } = model.view;
        const [start, end] = visibleRange(messages, bounds);
        const isTail = bounds.toSeq === undefined && !model.isFar;
        const { user } = session;
        const rows = buildRows({
            messages: messages.slice(start, end),
            drafts: isTail ? model.drafts : [],
            userId: user?.id,
            dividerSeq: model.dividerSeq,
        });
        const isOnline = session.client.state === "online";
        return (
            <div class="timeline-place">
                <div
                    ref={this.scroller}
                    class="timeline"
                    role="log"
                    aria-label={t("timeline.label", { room: roomTitle(model.name) })}
                    aria-busy={model.olderState === "loading"}
                    aria-live={isAtEnd ? "polite" : "off"}
                    tabIndex={0}
                    data-testid="timeline"
                    onScroll={() => this.scrolled()}
                    onKeyDown={(event) => this.pressed(event)}
                >
                    <div class="timeline-content" ref={this.content}>
                        {this.top(start)}
                        {rows.map((row) => this.row(row, { actions, flashSeq, isOnline }))}
                        {model.isFar && this.bottom()}
                    </div>
                </div>
                {(!isAtEnd || !isTail) && messages.length > 0 && (
                    <button
                        type="button"
                        class={`jump${model.unread > 0 ? " has-new" : ""}`}
                        data-testid="jump-latest"
                        onClick={() => this.jumpToEnd()}
                    >
                        <Icon name="down" />
                        {model.unread > 0 ? t("timeline.latestCount", { count: model.unread }) : t("timeline.latest")}
                    </button>
                )}
            </div>
        );
    }

    private top(start: number) {
        const { model } = this.props;
        const name = roomTitle(model.name);
        if (model.refusal) {
            return (
                <div class="start" data-row="start">
                    <h2>{t("timeline.refused", { room: name })}</h2>
                    <p>{model.refusal.message}</p>
                </div>
            );
        }
        if (!model.isJoined && model.log.messages.length === 0) return <Skeleton />;
        if (start > 0 || model.hasOlder) {
            return (
                <div class="older" data-row="older">
                    {model.olderState === "failed" ? (
                        <>
                            {t("timeline.olderFailed")}{" "}
                            <button type="button" class="link-button" onClick={() => void model.loadOlder()}>
                                {t("timeline.again")}
                            </button>
                        </>
                    ) : (
                        <span class="older-text">{t("timeline.older")}</span>
                    )}
                    {this.notice()}
                </div>
            );
        }
        const isShort = model.name.startsWith("~");
        const lead = isDirect(model.name)
            ? "timeline.startDirect"
            : isShort
              ? "timeline.startEphemeral"
              : "timeline.startLead";
        return (
            <div class="start" data-row="start">
                <span class="start-mark" aria-hidden="true">
                    {isDirect(model.name) ? "@" : isShort ? "~" : "#"}
                </span>
                <h2>{t(isDirect(model.name) ? "timeline.talk" : "timeline.start", { room: name })}</h2>
                <p>{t(lead)}</p>
                {this.notice()}
            </div>
        );
    }

    /** Behind what was loaded around an old message. */
    private bottom() {
        const { model } = this.props;
        return (
            <div class="older" data-row="newer">
                {model.hasFailedNewer ? (
                    <button type="button" class="link-button" onClick={() => void model.loadNewer()}>
                        {t("timeline.again")}
                    </button>
                ) : (
                    <span class="older-text">{t("timeline.newer")}</span>
                )}
            </div>
        );
    }

    private notice() {
        const { notice } = this.props.model;
        return notice && <p class="notice">{t(`timeline.reset.${notice}`)}</p>;
    }

    private row(row: Row, shared: { actions: MessageActions; flashSeq: number | undefined; isOnline: boolean }) {
        const { model, session } = this.props;
        switch (row.kind) {
            case "day":
                return (
                    <div key={row.id} class="divider" role="separator" data-row={row.id}>
                        <time dateTime={isoTime(row.at).slice(0, 10)}>{dayTitle(row.at)}</time>
                    </div>
                );
            case "new":
                return (
                    <div
                        key={row.id}
                        class="divider is-new"
                        role="separator"
                        data-row={row.id}
                        data-testid="new-divider"
                    >
                        <span>{t("timeline.new")}</span>
                    </div>
                );
            case "message":
            case "draft": {
                const message = row.kind === "message" ? row.message : this.messageOf(row.draft);
                const isQueued = row.kind === "draft" && row.draft.status === "pending" && !shared.isOnline;
                const status = row.kind === "message" ? "sent" : isQueued ? "queued" : row.draft.status;
                return (
                    <MessageRow
                        key={row.id}
                        message={message}
                        status={status}
                        problem={row.kind === "draft" ? row.draft.problem : undefined}
                        isHead={row.isHead}
                        isFlashing={message.seq > 0 && message.seq === shared.flashSeq}
                        me={session.user}
                        quoted={message.replyTo === undefined ? undefined : model.messageAt(message.replyTo)}
                        mentioned={model.mentionedNames(message)}
                        actions={shared.actions}
                        onJump={this.jump}
                    />
                );
            }
        }
    }

    private messageOf(draft: Draft): Message {
        const user = this.props.session.user ?? { id: "", name: "" };
        const { id, key, at, text, replyTo, seq } = draft;
        return { id, key, seq: seq ?? 0, at, user, text, isEdited: false, isDeleted: false, ...NOTHING, replyTo };
    }

    /** The first look at the room: at the end, or where the unread begins. */
    private place(): void {
        const scroller = this.scroller.current;
        if (!scroller || this.props.model.view.messages.length === 0) return;
        this.isPlaced = true;
        this.stick();
        const divider = scroller.querySelector('[data-row="new"]');
        const top = divider ? divider.getBoundingClientRect().top - scroller.getBoundingClientRect().top : 0;
        if (divider && top < 0) {
            scroller.scrollTop += top - scroller.clientHeight / 4;
            this.scrolled();
        }
    }

    private stick(): void {
        const scroller = this.scroller.current;
        if (scroller && this.state.isAtEnd && this.state.bounds.toSeq === undefined)
            scroller.scrollTop = scroller.scrollHeight;
    }

    private findAnchor(): Anchor | undefined {
        const edge = this.scroller.current?.getBoundingClientRect().top ?? 0;
        for (const row of this.content.current?.children ?? []) {
            const { top, bottom } = row.getBoundingClientRect();
            const id = (row as HTMLElement).dataset.row;
            // The block at the top is replaced by what it announces, so it cannot be held on to.
            if (bottom > edge && id !== undefined && id !== "older" && id !== "start") return { row: id, top };
        }
        return undefined;
    }

    private restore(anchor: Anchor): void {
        const scroller = this.scroller.current;
        for (const row of this.content.current?.children ?? []) {
            if ((row as HTMLElement).dataset.row !== anchor.row) continue;
            const moved = row.getBoundingClientRect().top - anchor.top;
            if (scroller && Math.abs(moved) > 0.5) scroller.scrollTop += moved;
            return;
        }
    }

    private scrolled(): void {
        const scroller = this.scroller.current;
        if (!scroller || !this.isPlaced) return;
        const { messages } = this.props.model.view;
        const rest = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight;
        const isAtEnd = rest < END_PX && this.state.bounds.toSeq === undefined && !this.props.model.isFar;
        if (isAtEnd && !this.state.isAtEnd) this.setState({ isAtEnd, bounds: TAIL });
        else if (!isAtEnd && this.state.isAtEnd)
            this.setState({ isAtEnd, bounds: pinned(messages, this.state.bounds) });
        else this.lookAround();
    }

    /** Brings in what is about to be scrolled to. */
    private lookAround(): void {
        const scroller = this.scroller.current;
        if (!scroller || !this.isPlaced || scroller.clientHeight === 0) return;
        const { model } = this.props;
        const { messages } = model.view;
        const { bounds, isAtEnd } = this.state;
        const below = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight;
        if (scroller.scrollTop < EDGE_PX) {
            const more = extendedUp(messages, bounds);
            // At the end the bounds follow the list by themselves.
            if (more && !isAtEnd) this.setState({ bounds: more });
            else if (!more && model.hasOlder && model.olderState === "idle") void model.loadOlder();
        } else if (below < EDGE_PX) {
            const more = extendedDown(messages, bounds);
            if (more) this.setState({ bounds: more });
            else if (model.isFar && !model.hasFailedNewer) this.loadNewer();
        }
    }

    /** What comes is put behind the bounds, and shown step by step. */
    private loadNewer(): void {
        const { model } = this.props;
        if (model.isLoadingNewer) return;
        const { messages } = model.view;
        const [start, end] = visibleRange(messages, this.state.bounds);
        this.setState({ bounds: { fromSeq: messages[start]?.seq, toSeq: messages[end - 1]?.seq } });
        void model.loadNewer();
    }

    /** What one sends oneself is always shown. */
    private noticeOwn(): void {
        const { drafts } = this.props.model;
        const last = drafts[drafts.length - 1];
        if (!last || last.id === this.lastDraft) return;
        this.lastDraft = last.id;
        if (!this.state.isAtEnd) this.jumpToEnd();
    }

    private pressed(event: KeyboardEvent): void {
        if (moveFocus(event) || event.altKey || event.ctrlKey || event.metaKey) return;
        const row = event.target as HTMLElement;
        const seq = Number(row.dataset.seq);
        const action = KEYS_OF_ACTIONS[event.key];
        const message = action && seq > 0 ? this.props.model.messageAt(seq) : undefined;
        if (!action || !message || message.isDeleted) return;
        const isOwn = message.user.id === this.props.session.user?.id;
        if (!isOwn && (action === "edit" || action === "delete")) return;
        event.preventDefault();
        if (action === "copy") void navigator.clipboard?.writeText(message.text).catch(() => undefined);
        else if (action === "react") row.querySelector<HTMLElement>('[data-testid="message-react"]')?.click();
        else this.props.actions[action](message);
    }

    private markRead(): void {
        const isSeen =
            this.isPlaced && this.state.isAtEnd && document.visibilityState === "visible" && document.hasFocus();
        if (isSeen) this.props.model.markRead();
    }

    private jumpToEnd(): void {
        this.props.model.goHome();
        this.setState({ bounds: TAIL, isAtEnd: true }, () => this.stick());
    }

    private readonly jump = async (seq: number): Promise<void> => {
        const { model } = this.props;
        if (!model.view.get(seq) && !(await model.visit(seq))) return;
        this.jumpTo = seq;
        this.isPlaced = true;
        this.setState({ bounds: around(model.view.messages, seq), isAtEnd: false, flashSeq: seq });
        window.clearTimeout(this.flashTimer);
        this.flashTimer = window.setTimeout(() => this.setState({ flashSeq: undefined }), FLASH_MS);
    };

    /** A link has brought the person here for one message. */
    private followLink(): void {
        const { model, session } = this.props;
        if (!model.isJoined) return;
        const seq = session.takeTarget(model.name);
        if (seq !== undefined) void this.jump(seq);
    }

    private reachJump(seq: number): void {
        this.jumpTo = undefined;
        const row = this.content.current?.querySelector<HTMLElement>(`[data-seq="${seq}"]`);
        row?.scrollIntoView({ block: "center" });
        // Whoever came here by keys, or listens, goes on from here.
        row?.focus({ preventScroll: true });
        this.scrolled();
    }
}

function Skeleton() {
    return (
        <div class="skeleton" role="status" aria-label={t("timeline.loading")}>
            {[1, 2, 3, 4, 5].map((line) => (
                <div key={line} class="skeleton-row">
                    <i class="skeleton-avatar" />
                    <i class="skeleton-text" />
                </div>
            ))}
        </div>
    );
}

/** The arrow keys go from message to message once the focus is among them; true where it was such a key. */
function moveFocus(event: KeyboardEvent): boolean {
    const step = event.key === "ArrowUp" ? -1 : event.key === "ArrowDown" ? 1 : 0;
    const target = event.target as HTMLElement;
    const isPlain = !event.altKey && !event.ctrlKey && !event.metaKey && !event.shiftKey;
    if (step === 0 || !isPlain || !(target.dataset.testid === "message" || target.getAttribute("role") === "log"))
        return false;
    const all = [...(event.currentTarget as HTMLElement).querySelectorAll<HTMLElement>('[data-testid="message"]')];
    const index = all.indexOf(target);
    const next = index < 0 ? all[all.length - 1] : all[index + step];
    if (!next) return false;
    event.preventDefault();
    next.focus();
    next.scrollIntoView({ block: "nearest" });
    return true;
}
