// SPDX-License-Identifier: Apache-2.0
// One message in the timeline: who, when, what, what others think of it, and what one can do with it.
import type { User } from "natter-client";
import { Component } from "preact";
import { t } from "../i18n";
import { Avatar } from "./avatar";
import { clockTime, fullTime, hueClass, isoTime, preview, shortTime } from "./format";
import { Icon } from "./icons";
import type { Message } from "./log";
import { isEmojiOnly, renderMarkdown } from "./markdown";
import { problemText } from "./problem";
import { Reactions } from "./reactions";
import { actionOf } from "./slash";
import { Toolbar } from "./toolbar";

export interface MessageActions {
    reply(message: Message): void;
    edit(message: Message): void;
    delete(message: Message): void;
    react(message: Message, emoji: string, on: boolean): void;
    /** This one and what follows are to be read again. */
    unread(message: Message): void;
    /** The address of the message goes to the clipboard. */
    link(message: Message): void;
    retry(key: string): void;
    discard(key: string): void;
}

export type MessageStatus = "pending" | "queued" | "sent" | "failed";

interface MessageProps {
    message: Message;
    status: MessageStatus;
    problem?: string | undefined;
    isHead: boolean;
    isFlashing: boolean;
    me: User | undefined;
    quoted: Message | undefined;
    /** The names of those whom the text names, one a line. */
    mentioned: string;
    actions: MessageActions;
    onJump: (seq: number) => void;
}

interface MessageState {
    isPicking: boolean;
    isOpen: boolean;
    /** Pointed at or focused: only then has it its buttons, or a page of messages would have a thousand. */
    isActive: boolean;
}

const LONG_CHARACTERS = 1_800;
const LONG_LINES = 24;

export class MessageRow extends Component<MessageProps, MessageState> {
    override state: MessageState = { isPicking: false, isOpen: false, isActive: false };

    /** Messages never change in place, so a glance at the props tells whether anything is different. */
    override shouldComponentUpdate(next: MessageProps, nextState: MessageState): boolean {
        const { props, state } = this;
        if ((Object.keys(nextState) as (keyof MessageState)[]).some((name) => state[name] !== nextState[name]))
            return true;
        return (Object.keys(next) as (keyof MessageProps)[]).some((name) => props[name] !== next[name]);
    }

    private readonly enter = (): void => this.setState({ isActive: true });

    private readonly leave = (event: Event): void => {
        const row = event.currentTarget as HTMLElement;
        const goesTo = (event as FocusEvent).relatedTarget;
        const staysInside = goesTo instanceof Node && row.contains(goesTo);
        const isFocused = event.type !== "focusout" && row.contains(document.activeElement);
        if (!staysInside && !isFocused) this.setState({ isActive: false });
    };

    override render(props: MessageProps, { isPicking, isActive }: MessageState) {
        const { message, status, isHead, isFlashing, me } = props;
        const isOwn = message.user.id === me?.id;
        const classes = ["message", `is-${status}`];
        if (isHead) classes.push("is-head");
        if (isOwn) classes.push("is-own");
        if (me && message.mentions.includes(me.id)) classes.push("is-mentioned");
        if (isFlashing) classes.push("is-flashing");
        if (isPicking) classes.push("is-picking");
        return (
            <div
                class={classes.join(" ")}
                role="article"
                tabIndex={-1}
                aria-label={`${message.user.name}, ${clockTime(message.at)}`}
                data-testid="message"
                data-row={message.id}
                data-seq={message.seq > 0 ? message.seq : undefined}
                data-key={message.key}
                data-status={status === "queued" ? "pending" : status}
                onPointerEnter={this.enter}
                onPointerLeave={this.leave}
                onFocusIn={this.enter}
                onFocusOut={this.leave}
            >
                <div class="message-gutter">
                    {isHead ? <Avatar user={message.user} /> : this.time("message-time is-side", shortTime)}
                </div>
                <div class="message-body">
                    {isHead && (
                        <div class="message-head">
                            <bdi class={`message-author ${hueClass(message.user.id)}`} data-testid="message-author">
                                {message.user.name}
                            </bdi>
                            {this.time("message-time")}
                        </div>
                    )}
                    {message.replyTo !== undefined && this.quote(message.replyTo)}
                    {this.content()}
                    {this.footer()}
                </div>
                {(isActive || isPicking) && status === "sent" && message.seq > 0 && !message.isDeleted && (
                    <Toolbar
                        message={message}
                        isOwn={isOwn}
                        actions={props.actions}
                        isPicking={isPicking}
                        onPicking={this.picking}
                        onPick={this.pick}
                    />
                )}
            </div>
        );
    }

    private time(classes: string, format = clockTime) {
        const { at } = this.props.message;
        return (
            <time class={classes} dateTime={isoTime(at)} title={fullTime(at)}>
                {format(at)}
            </time>
        );
    }

    private quote(seq: number) {
        const { quoted, onJump } = this.props;
        const text = quoted?.isDeleted ? t("message.deleted") : (quoted?.text ?? t("message.replyUnknown"));
        const name = quoted?.user.name ?? "";
        return (
            <button
                type="button"
                class="quote"
                onClick={() => onJump(seq)}
                aria-label={t("message.jump", { name: name || t("message.replyUnknown") })}
            >
                <Icon name="reply" />
                {quoted && <bdi class={`quote-author ${hueClass(quoted.user.id)}`}>{name}</bdi>}
                <span class="quote-text" dir="auto">
                    {preview(text)}
                </span>
            </button>
        );
    }

    private content() {
        const { message, me, mentioned } = this.props;
        if (message.isDeleted) {
            return (
                <div class="message-text is-deleted" data-testid="message-text">
                    {t("message.deleted")}
                </div>
            );
        }
        const { text } = message;
        const isLong = text.length > LONG_CHARACTERS || text.split("\n", LONG_LINES + 1).length > LONG_LINES;
        const { isOpen } = this.state;
        const classes = ["message-text"];
        if (isEmojiOnly(text)) classes.push("is-emoji");
        if (isLong && !isOpen) classes.push("is-cut");
        const names = { all: mentioned === "" ? [] : mentioned.split("\n"), own: me?.name };
        const action = actionOf(text);
        if (action !== undefined) classes.push("is-action");
        return (
            <>
                <div class={classes.join(" ")} dir="auto" data-testid="message-text">
                    {action !== undefined && <bdi class="action-name">{message.user.name} </bdi>}
                    {renderMarkdown(action ?? text, names)}
                    {message.isEdited && <span class="message-edited"> ({t("message.edited")})</span>}
                </div>
                {isLong && (
                    <button
                        type="button"
                        class="link-button"
                        aria-expanded={isOpen}
                        onClick={() => this.setState({ isOpen: !isOpen })}
                    >
                        {t(isOpen ? "message.less" : "message.more")}
                    </button>
                )}
            </>
        );
    }

    private footer() {
        const { message, status, problem, me, actions } = this.props;
        if (status === "failed") {
            return (
                <div class="message-failure" role="alert">
                    <Icon name="alert" />
                    <span>{t("message.failed", { reason: problemText(problem) })}</span>
                    <button
                        type="button"
                        class="link-button"
                        data-testid="message-retry"
                        onClick={() => actions.retry(message.key)}
                    >
                        {t("message.retry")}
                    </button>
                    <button
                        type="button"
                        class="link-button is-danger"
                        data-testid="message-discard"
                        onClick={() => actions.discard(message.key)}
                    >
                        {t("message.discard")}
                    </button>
                </div>
            );
        }
        if (status === "queued") {
            return (
                <div class="message-waiting">
                    <Icon name="clock" />
                    {t("message.queued")}
                </div>
            );
        }
        if (message.reactions.length === 0) return null;
        return <Reactions message={message} me={me} onReact={(emoji, on) => actions.react(message, emoji, on)} />;
    }

    /** Whoever picked by keys goes on from the message. */
    private readonly picking = (isPicking: boolean): void => {
        this.setState({ isPicking });
        if (!isPicking) (this.base as HTMLElement | undefined)?.focus({ preventScroll: true });
    };

    private readonly pick = (emoji: string): void => {
        this.picking(false);
        const { message, me, actions } = this.props;
        const isMine = message.reactions.some(
            (one) => one.emoji === emoji && one.users.some(({ id }) => id === me?.id),
        );
        actions.react(message, emoji, !isMine);
    };
}
