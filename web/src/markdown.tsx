// SPDX-License-Identifier: Apache-2.0
// A message's text as nodes. Marked only cuts the text into tokens; each token becomes elements of a small allowed set,
// and everything else stays the text that was typed. No HTML is ever made from it.
import { Lexer, type MarkedToken, type Token, Tokenizer, type Tokens } from "marked";
import type { ComponentChildren, VNode } from "preact";
import { CodeBlock } from "./code_block";

const ALLOWED_PROTOCOLS: ReadonlySet<string> = new Set(["http:", "https:", "mailto:"]);
/** Deeper nesting than anybody writes; it would only cost time. */
const TOO_DEEP = /^(?:[ \t]*(?:>|[*+-]|\d{1,9}[.)])){10}/m;
const BRACKETS_MAX = 300;
const EMOJI = /(?:\p{RI}{2}|\p{Extended_Pictographic}(?:\p{Emoji_Modifier}|\ufe0f|\u200d\p{Extended_Pictographic})*)/u;
const EMOJI_ONLY = new RegExp(`^(?:${EMOJI.source}\\s*){1,6}$`, "u");

/** What a chat has no use for is not looked for, so that it stays plain text. */
class ChatTokenizer extends Tokenizer {
    override code(): undefined {
        return undefined;
    }
    override heading(): undefined {
        return undefined;
    }
    override lheading(): undefined {
        return undefined;
    }
    override hr(): undefined {
        return undefined;
    }
    override html(): undefined {
        return undefined;
    }
    override def(): undefined {
        return undefined;
    }
    override table(): undefined {
        return undefined;
    }
    override tag(): undefined {
        return undefined;
    }
    override reflink(): undefined {
        return undefined;
    }
}

export function safeHref(href: string): string | undefined {
    try {
        const url = new URL(href);
        return ALLOWED_PROTOCOLS.has(url.protocol) ? url.href : undefined;
    } catch {
        return undefined;
    }
}

export function isEmojiOnly(text: string): boolean {
    return text.length <= 60 && EMOJI_ONLY.test(text.trim());
}

function tokensOf(text: string): Token[] | undefined {
    const brackets = text.split(/[[\]]/).length;
    if (TOO_DEEP.test(text) || brackets > BRACKETS_MAX) return undefined;
    try {
        return new Lexer({ gfm: true, breaks: true, tokenizer: new ChatTokenizer() }).lex(text);
    } catch {
        return undefined;
    }
}

/** Whom the text may name; oneself stands out more. */
export interface Names {
    all: readonly string[];
    own: string | undefined;
}

const NOBODY: Names = { all: [], own: undefined };

export function renderMarkdown(text: string, names: Names = NOBODY): ComponentChildren {
    const tokens = tokensOf(text);
    return tokens ? renderAll(tokens, names) : plain(text, names);
}

function renderAll(tokens: readonly Token[], names: Names): ComponentChildren[] {
    return tokens.map((token) => render(token as MarkedToken, names));
}

function render(token: MarkedToken, names: Names): ComponentChildren {
    switch (token.type) {
        case "paragraph":
            return <p dir="auto">{renderAll(token.tokens, names)}</p>;
        case "text":
            return token.tokens ? renderAll(token.tokens, names) : plain(token.text, names);
        case "escape":
            return token.text;
        case "strong":
            return <strong>{renderAll(token.tokens, names)}</strong>;
        case "em":
            return <em>{renderAll(token.tokens, names)}</em>;
        case "del":
            return <del>{renderAll(token.tokens, names)}</del>;
        case "codespan":
            return <code>{token.text}</code>;
        case "code":
            return <CodeBlock text={token.text} language={token.lang ?? ""} />;
        case "br":
            return <br />;
        case "blockquote":
            return <blockquote>{renderAll(token.tokens, names)}</blockquote>;
        case "list":
            return renderList(token, names);
        case "link":
            return renderLink(token, names);
        case "space":
            return null;
        default:
            return plain(token.raw, names);
    }
}

function renderList(list: Tokens.List, names: Names): VNode {
    const items = list.items.map((item) => (
        <li dir="auto">
            {item.task && <span class="task">{item.checked ? "☑ " : "☐ "}</span>}
            {renderAll(item.tokens, names)}
        </li>
    ));
    const start = typeof list.start === "number" ? list.start : 1;
    return list.ordered ? <ol start={start}>{items}</ol> : <ul>{items}</ul>;
}

function renderLink(link: Tokens.Link, names: Names): ComponentChildren {
    const href = safeHref(link.href);
    if (href === undefined) return plain(link.raw, names);
    return (
        <a href={href} title={href} target="_blank" rel="noopener nofollow ugc">
            {renderAll(link.tokens, NOBODY)}
        </a>
    );
}

function plain(text: string, names: Names): ComponentChildren {
    const parts = splitMentions(text, names.all);
    const own = names.own?.toLowerCase();
    return parts.map((part, index) => {
        if (index % 2 === 0) return part;
        return <mark class={`mention${part.slice(1).toLowerCase() === own ? " is-me" : ""}`}>{part}</mark>;
    });
}

/** Every second part is a mention. */
export function splitMentions(text: string, names: readonly string[]): string[] {
    if (names.length === 0) return [text];
    // The longest first: "Ada Lovelace" is not "Ada".
    const sorted = [...names].sort((a, b) => b.length - a.length);
    const escaped = sorted.map((name) => name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
    return text.split(new RegExp(`(@(?:${escaped.join("|")}))(?![\\p{L}\\p{N}_])`, "giu"));
}
