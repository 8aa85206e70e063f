// SPDX-License-Identifier: Apache-2.0
// All emoji to choose from, by name or by kind. Made here and not taken from a library, because those that there are
// write style sheets and markup into the page, which its policy forbids.
import { useEffect, useRef, useState } from "preact/hooks";
import { type Key, t } from "../i18n";
import { type Emoji, loadEmoji, recentEmoji, searchEmoji, tookEmoji } from "./emoji";

interface EmojiPickerProps {
    onPick: (emoji: string) => void;
    onClose: () => void;
}

const FOUND_MAX = 96;
const RECENT = "recent";
/** The name of each kind in the data, what stands for it, and its name for people. */
const TABS: readonly (readonly [string, string, Key])[] = [
    [RECENT, "🕘", "emoji.recent"],
    ["Smileys & Emotion", "😀", "emoji.smileys"],
    ["People & Body", "👋", "emoji.people"],
    ["Animals & Nature", "🐻", "emoji.nature"],
    ["Food & Drink", "🍕", "emoji.food"],
    ["Travel & Places", "✈️", "emoji.travel"],
    ["Activities", "⚽", "emoji.activities"],
    ["Objects", "💡", "emoji.objects"],
    ["Symbols", "❤️", "emoji.symbols"],
    ["Flags", "🏳️", "emoji.flags"],
];
const STEPS: Readonly<Record<string, number>> = { ArrowLeft: -1, ArrowRight: 1 };

interface Shown {
    emoji: string;
    name: string;
}

function useEmoji(): { all: readonly Emoji[]; hasFailed: boolean } {
    const [all, setAll] = useState<readonly Emoji[]>([]);
    const [hasFailed, setFailed] = useState(false);
    useEffect(() => {
        loadEmoji().then(setAll, () => setFailed(true));
    }, []);
    return { all, hasFailed };
}

function shownOf(all: readonly Emoji[], query: string, tab: string): Shown[] {
    const withName = ({ emoji, names }: Emoji): Shown => ({ emoji, name: names[0] ?? "" });
    if (query.trim() !== "") return searchEmoji(all, query, FOUND_MAX).map(withName);
    if (tab !== RECENT) return all.filter(({ category }) => category === tab).map(withName);
    return recentEmoji().map((emoji) => ({
        emoji,
        name: all.find((one) => one.emoji === emoji)?.names[0] ?? emoji,
    }));
}

export function EmojiPicker({ onPick, onClose }: EmojiPickerProps) {
    const box = useRef<HTMLDivElement>(null);
    const [query, setQuery] = useState("");
    const [tab, setTab] = useState(RECENT);
    const { all, hasFailed } = useEmoji();
    const shown = shownOf(all, query, tab);
    useEffect(() => {
        if (!window.matchMedia("(pointer: coarse)").matches) box.current?.querySelector("input")?.focus();
        const outside = (event: Event): void => {
            if (event.target instanceof Node && !box.current?.parentElement?.contains(event.target)) onClose();
        };
        document.addEventListener("pointerdown", outside);
        return () => document.removeEventListener("pointerdown", outside);
    }, []);
    const pick = (emoji: string): void => {
        tookEmoji(emoji);
        onPick(emoji);
    };
    const pressed = (event: KeyboardEvent): void => {
        if (event.key === "Escape") {
            event.stopPropagation();
            onClose();
        } else if (event.key === "Enter" && event.target instanceof HTMLInputElement) {
            event.preventDefault();
            const first = shown[0];
            if (first) pick(first.emoji);
        } else moveInGrid(event, box.current);
    };
    return (
        <div
            class="emoji-picker"
            ref={box}
            role="dialog"
            aria-label={t("emoji.title")}
            data-testid="emoji-picker"
            onKeyDown={pressed}
        >
            <input
                class="input emoji-search"
                type="search"
                value={query}
                placeholder={t("emoji.search")}
                aria-label={t("emoji.search")}
                data-testid="emoji-search"
                onInput={(event) => setQuery(event.currentTarget.value)}
            />
            <Tabs tab={query.trim() === "" ? tab : ""} onTab={(next) => (setTab(next), setQuery(""))} />
            <div class="emoji-grid" role="group" aria-label={t("emoji.title")}>
                {shown.map(({ emoji, name }) => (
                    <button
                        key={emoji}
                        type="button"
                        class="emoji-item"
                        title={`:${name}:`}
                        aria-label={name.replaceAll("_", " ")}
                        onClick={() => pick(emoji)}
                    >
                        {emoji}
                    </button>
                ))}
                {shown.length === 0 && <p class="emoji-none">{t(hasFailed ? "emoji.failed" : "emoji.none")}</p>}
            </div>
        </div>
    );
}

function Tabs({ tab, onTab }: { tab: string; onTab: (tab: string) => void }) {
    return (
        <div class="emoji-tabs" role="group" aria-label={t("emoji.kinds")}>
            {TABS.map(([name, glyph, label]) => (
                <button
                    key={name}
                    type="button"
                    class="emoji-tab"
                    aria-pressed={name === tab}
                    aria-label={t(label)}
                    title={t(label)}
                    onClick={() => onTab(name)}
                >
                    {glyph}
                </button>
            ))}
        </div>
    );
}

/** The arrow keys go through the grid; rows are as long as the first one is. */
function moveInGrid(event: KeyboardEvent, box: HTMLElement | null): void {
    const items = [...(box?.querySelectorAll<HTMLElement>(".emoji-item") ?? [])];
    const top = items[0]?.offsetTop;
    const columns = Math.max(1, items.filter(({ offsetTop }) => offsetTop === top).length);
    const index = items.findIndex((item) => item === document.activeElement);
    const isInGrid = index >= 0;
    if (!isInGrid && event.key !== "ArrowDown") return;
    const step = STEPS[event.key] ?? (event.key === "ArrowDown" ? columns : event.key === "ArrowUp" ? -columns : 0);
    if (step === 0) return;
    event.preventDefault();
    const next = isInGrid ? items[index + step] : items[0];
    if (next) next.focus();
    else if (index + step < 0) box?.querySelector("input")?.focus();
}
