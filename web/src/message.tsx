// SPDX-License-Identifier: Apache-2.0
// One message in the timeline: who, when, what, what others think of it, and what one can do with it.
import type { User } from "natter-client";
import { Component } from "preact";
import { t } from "../i18n";
import { Avatar } from "./avatar";
import { IconButton } from "./button";
import { clockTime, fullTime, hueClass, isoTime, preview, shortTime } from "./format";
import { Icon } from "./icons";
import type { Message } from "./log";
import { isEmojiOnly, renderMarkdown } from "./markdown";
import { problemText } from "./problem";
import { Reactions, ReactionPicker } from "./reactions";

export interface MessageActions {
    reply(message: Message): void;
    edit(message: Message): void;
    delete(message: Message): void;
    react(message: Message, emoji: string, on: boolean): void;
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
    actions: MessageActions;
    onJump: (seq: number) => void;
}

interface MessageState {
    isPicking: boolean;
    isOpen: boolean;
}

const LONG_CHARACTERS = 1_800;
const LONG_LINES = 24;

export class MessageRow extends Component<MessageProps, MessageState> {
    override state: MessageState = { isPicking: false, isOpen: false };

    /** Messages never change in place, so a glance at the props tells whether anything is different. */
    override shouldComponentUpdate(next: MessageProps, nextState: MessageState): boolean {
        const { props, state } = this;
        if (state.isPicking !== nextState.isPicking || state.isOpen !== nextState.isOpen) return true;
        return (Object.keys(next) as (keyof MessageProps)[]).some((name) => props[name] !== next[name]);
    }

    override render({ message, status, isHead, isFlashing, me }: MessageProps, { isPicking }: MessageState) {
        const isOwn = message.user.id === me?.id;
        const classes = ["message", `is-${status}`];
        if (isHead) classes.push("is-head");
        if (isOwn) classes.push("is-own");
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
                {status === "sent" && message.seq > 0 && !message.isDeleted && this.toolbar(isOwn)}
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
        const { message, me } = this.props;
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
        const ownName = message.user.id === me?.id ? undefined : me?.name;
        return (
            <>
                <div class={classes.join(" ")} dir="auto" data-testid="message-text">
                    {renderMarkdown(text, ownName)}
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

    private toolbar(isOwn: boolean) {
        const { message, actions, me } = this.props;
        const { isPicking } = this.state;
        const copy = (): void => void navigator.clipboard?.writeText(message.text).catch(() => undefined);
        const pick = (emoji: string): void => {
            this.setState({ isPicking: false });
            const isMine = message.reactions.some(
                (one) => one.emoji === emoji && one.users.some(({ id }) => id === me?.id),
            );
            actions.react(message, emoji, !isMine);
        };
        return (
            <div class="toolbar" role="toolbar" aria-label={t("message.actions")}>
                <IconButton
                    icon="smile"
                    label={t("message.react")}
                    testId="message-react"
                    isExpanded={isPicking}
                    onClick={() => this.setState({ isPicking: !isPicking })}
                />
                <IconButton
                    icon="reply"
                    label={t("message.reply")}
                    testId="message-reply"
                    onClick={() => actions.reply(message)}
                />
                {isOwn && (
                    <IconButton
                        icon="edit"
                        label={t("message.edit")}
                        testId="message-edit"
                        onClick={() => actions.edit(message)}
                    />
                )}
                <IconButton icon="copy" label={t("message.copy")} onClick={copy} />
                {isOwn && (
                    <IconButton
                        icon="trash"
                        label={t("message.delete")}
                        testId="message-delete"
                        class="is-danger"
                        onClick={() => actions.delete(message)}
                    />
                )}
                {isPicking && <ReactionPicker onPick={pick} onClose={() => this.setState({ isPicking: false })} />}
            </div>
        );
    }
}
