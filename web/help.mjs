// SPDX-License-Identifier: Apache-2.0
// The one page of the documentation that the server brings along: whoever sees a notice on the page finds its cure on
// the same server, also where nothing else can be reached.
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { posix } from "node:path";
import { fileURLToPath } from "node:url";
import { Marked } from "marked";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
export const HELP_SOURCE = "docs/howto/what-natter-noticed.md";

/** Other pages are not here: they are named instead. */
function link({ href, tokens }) {
    const text = this.parser.parseInline(tokens);
    if (/^(#|https?:)/.test(href)) return `<a href="${href}">${text}</a>`;
    return `${text} (<code>${posix.join(posix.dirname(HELP_SOURCE), href)}</code>)`;
}

/** A heading of one word is an address: the name of a notice. */
function heading({ tokens, depth, text }) {
    const id = /^\w+$/.test(text) ? ` id="${text}"` : "";
    return `<h${depth}${id}>${this.parser.parseInline(tokens)}</h${depth}>\n`;
}

/** Wide ones scroll by themselves, and by keyboard. */
function code({ text }) {
    const escaped = text.replace(/&/g, "&amp;").replace(/</g, "&lt;");
    return `<pre tabindex="0"><code>${escaped}</code></pre>\n`;
}

/** The page as HTML; `style` is the address of its style sheet, seen from the page. */
export function helpPage(style) {
    const marked = new Marked({ renderer: { link, heading, code } });
    const body = marked.parse(readFileSync(join(ROOT, HELP_SOURCE), "utf8"));
    return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>What natter noticed</title>
<link rel="icon" href="../icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="${style}">
</head>
<body>
<main>
${body}</main>
</body>
</html>
`;
}
