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

/** `ownName`: mentions of it stand out. */
export function renderMarkdown(text: string, ownName?: string): ComponentChildren {
    const tokens = tokensOf(text);
    return tokens ? renderAll(tokens, ownName) : plain(text, ownName);
}

function renderAll(tokens: readonly Token[], ownName: string | undefined): ComponentChildren[] {
    return tokens.map((token) => render(token as MarkedToken, ownName));
}

function render(token: MarkedToken, ownName: string | undefined): ComponentChildren {
    switch (token.type) {
        case "paragraph":
            return <p dir="auto">{renderAll(token.tokens, ownName)}</p>;
        case "text":
            return token.tokens ? renderAll(token.tokens, ownName) : plain(token.text, ownName);
        case "escape":
            return token.text;
        case "strong":
            return <strong>{renderAll(token.tokens, ownName)}</strong>;
        case "em":
            return <em>{renderAll(token.tokens, ownName)}</em>;
        case "del":
            return <del>{renderAll(token.tokens, ownName)}</del>;
        case "codespan":
            return <code>{token.text}</code>;
        case "code":
            return <CodeBlock text={token.text} language={token.lang ?? ""} />;
        case "br":
            return <br />;
        case "blockquote":
            return <blockquote>{renderAll(token.tokens, ownName)}</blockquote>;
        case "list":
            return renderList(token, ownName);
        case "link":
            return renderLink(token, ownName);
        case "space":
            return null;
        default:
            return plain(token.raw, ownName);
    }
}

function renderList(list: Tokens.List, ownName: string | undefined): VNode {
    const items = list.items.map((item) => (
        <li dir="auto">
            {item.task && <span class="task">{item.checked ? "☑ " : "☐ "}</span>}
            {renderAll(item.tokens, ownName)}
        </li>
    ));
    const start = typeof list.start === "number" ? list.start : 1;
    return list.ordered ? <ol start={start}>{items}</ol> : <ul>{items}</ul>;
}

function renderLink(link: Tokens.Link, ownName: string | undefined): ComponentChildren {
    const href = safeHref(link.href);
    if (href === undefined) return plain(link.raw, ownName);
    return (
        <a href={href} title={href} target="_blank" rel="noopener nofollow ugc">
            {renderAll(link.tokens, undefined)}
        </a>
    );
}

function plain(text: string, ownName: string | undefined): ComponentChildren {
    const parts = ownName ? splitMentions(text, ownName) : [text];
    return parts.map((part, index) => (index % 2 === 1 ? <mark class="mention">{part}</mark> : part));
}

/** Every second part is a mention. */
export function splitMentions(text: string, name: string): string[] {
    const escaped = name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
    return text.split(new RegExp(`(@${escaped})(?![\\p{L}\\p{N}_])`, "giu"));
}
