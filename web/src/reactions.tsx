// SPDX-License-Identifier: Apache-2.0
// What others think of a message, in one character each.
import type { User } from "natter-client";
import { useEffect, useRef, useState } from "preact/hooks";
import { t } from "../i18n";
import { EmojiPicker } from "./emoji_picker";
import { Icon } from "./icons";
import type { Message } from "./log";

const CHOICES = ["👍", "❤️", "😂", "🎉", "😮", "😢", "👀", "✅"] as const;
const NAMES_MAX = 12;

interface ReactionsProps {
    message: Message;
    me: User | undefined;
    onReact: (emoji: string, on: boolean) => void;
}

export function Reactions({ message, me, onReact }: ReactionsProps) {
    return (
        <div class="reactions">
            {message.reactions.map(({ emoji, users }) => {
                const isMine = users.some(({ id }) => id === me?.id);
                const names = users
                    .slice(0, NAMES_MAX)
                    .map(({ name }) => name)
                    .join(", ");
                const label = t("message.reactionBy", {
                    names: users.length > NAMES_MAX ? `${names}, …` : names,
                    emoji,
                });
                return (
                    <button
                        key={emoji}
                        type="button"
                        class={`reaction${isMine ? " is-mine" : ""}`}
                        aria-pressed={isMine}
                        aria-label={label}
                        title={label}
                        data-testid="reaction"
                        onClick={() => onReact(emoji, !isMine)}
                    >
                        <span class="reaction-emoji">{emoji}</span>
                        <span class="reaction-count">{users.length}</span>
                    </button>
                );
            })}
        </div>
    );
}

export function ReactionPicker({ onPick, onClose }: { onPick: (emoji: string) => void; onClose: () => void }) {
    const box = useRef<HTMLDivElement>(null);
    const [hasAll, setAll] = useState(false);
    useEffect(() => {
        box.current?.querySelector("button")?.focus();
        const outside = (event: Event): void => {
            if (event.target instanceof Node && !box.current?.parentElement?.contains(event.target)) onClose();
        };
        document.addEventListener("pointerdown", outside);
        return () => document.removeEventListener("pointerdown", outside);
    }, []);
    const pressed = (event: KeyboardEvent): void => {
        if (event.key === "Escape") {
            event.stopPropagation();
            onClose();
        }
        const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
        if (step === 0) return;
        event.preventDefault();
        const buttons = [...(box.current?.querySelectorAll("button") ?? [])];
        const index = buttons.findIndex((button) => button === document.activeElement);
        buttons[(index + step + buttons.length) % buttons.length]?.focus();
    };
    if (hasAll) return <EmojiPicker onPick={onPick} onClose={onClose} />;
    return (
        <div class="picker" ref={box} role="group" aria-label={t("message.react")} onKeyDown={pressed}>
            {CHOICES.map((emoji) => (
                <button key={emoji} type="button" class="picker-item" aria-label={emoji} onClick={() => onPick(emoji)}>
                    {emoji}
                </button>
            ))}
            <button
                type="button"
                class="picker-item is-more"
                aria-label={t("emoji.more")}
                title={t("emoji.more")}
                data-testid="reaction-more"
                onClick={() => setAll(true)}
            >
                <Icon name="plus" />
            </button>
        </div>
    );
}
