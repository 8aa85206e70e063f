// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { type ComponentChildren, isValidElement, type VNode } from "preact";
import { CodeBlock } from "../src/code_block";
import { isEmojiOnly, renderMarkdown, safeHref, splitMentions } from "../src/markdown";

const ALLOWED = new Set([
    "p",
    "strong",
    "em",
    "del",
    "code",
    "br",
    "blockquote",
    "ul",
    "ol",
    "li",
    "a",
    "span",
    "mark",
]);

/** The nodes as text in brackets; refuses what is not allowed. */
function show(children: ComponentChildren): string {
    if (children === null || children === undefined || typeof children === "boolean") return "";
    if (Array.isArray(children)) return children.map(show).join("");
    if (!isValidElement(children)) return String(children);
    const { type, props } = children as VNode<Record<string, unknown>>;
    assert.ok(!("dangerouslySetInnerHTML" in props));
    if (type === CodeBlock) return `[pre ${String(props.text)}]`;
    assert.ok(typeof type === "string" && ALLOWED.has(type), `<${String(type)}> is not allowed`);
    const href = type === "a" ? ` ${String(props.href)}` : "";
    return `[${type}${href} ${show(props.children as ComponentChildren)}]`;
}

test("the subset becomes elements", () => {
    const cases: [string, string][] = [
        ["hello", "[p hello]"],
        ["**bold** *it* ~~no~~ `x<y`", "[p [strong bold] [em it] [del no] [code x<y]]"],
        ["one\ntwo", "[p one[br ]two]"],
        ["> said", "[blockquote [p said]]"],
        ["- a\n- b", "[ul [li a][li b]]"],
        ["3. a\n4. b", "[ol [li a][li b]]"],
        ["```js\nlet a = 1;\n```", "[pre let a = 1;]"],
        ["see https://example.org/a?b=1.", "[p see [a https://example.org/a?b=1 https://example.org/a?b=1].]"],
        ["[text](https://example.org)", "[p [a https://example.org/ text]]"],
        ["\\*plain\\*", "[p *plain*]"],
    ];
    for (const [text, expected] of cases) assert.equal(show(renderMarkdown(text)), expected);
});

test("what a chat has no use for stays as it was typed", () => {
    const cases = [
        "# not a heading",
        "<b>x</b>",
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "&lt;b&gt; &amp;",
        "---",
        "    indented",
        "| a | b |",
        "[a]: https://example.org",
    ];
    for (const text of cases)
        assert.equal(
            show(renderMarkdown(text))
                .replace(/^\[p ([\s\S]*)\]$/, "$1")
                .trim()
                .replace(/\[a \S+ (\S+?)\]/g, "$1"),
            text.trim(),
        );
});

test("an address that is not http, https or mailto never becomes a link", () => {
    const schemes = [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        " javascript:alert(1)",
        "data:text/html,x",
        "vbscript:x",
        "file:///etc/passwd",
        "//example.org",
        "/relative",
        "blob:x",
    ];
    for (const href of schemes) {
        assert.ok(!show(renderMarkdown(`[x](${href})`)).includes("[a "), href);
        assert.ok(!show(renderMarkdown(`[x](<${href}>)`)).includes("[a "), href);
    }
    assert.equal(safeHref("javascript:alert(1)"), undefined);
    assert.equal(safeHref("mailto:ada@example.org"), "mailto:ada@example.org");
});

test("an image is not loaded", () => {
    assert.ok(!show(renderMarkdown("![alt](https://example.org/a.png)")).includes("img"));
});

test("text made to be slow or deep is shown all the same, and soon", () => {
    const cases = [
        ">".repeat(8_000),
        "- ".repeat(4_000),
        "[".repeat(8_000),
        "[a](".repeat(2_000),
        "*a **b ".repeat(1_100),
        "`".repeat(8_000),
        "_".repeat(8_000),
        "a_".repeat(4_000),
        "~".repeat(8_000),
        "<".repeat(8_000),
        "\\".repeat(8_000),
        "![".repeat(4_000),
        "1. ".repeat(2_600),
        "\n> ".repeat(2_600),
        "www.".repeat(2_000),
        "a@".repeat(4_000),
        "http://".repeat(1_100),
    ];
    for (const text of cases) {
        const start = process.cpuUsage();
        show(renderMarkdown(text));
        const spent = process.cpuUsage(start);
        assert.ok(
            spent.user + spent.system < 1_500_000,
            `${text.slice(0, 8)}… took ${(spent.user + spent.system) / 1000} ms`,
        );
    }
});

test("nothing that was typed is lost", () => {
    const text = "a **b** c `d` https://example.org e\n\n> f\n\n- g\n- h";
    const shown = show(renderMarkdown(text));
    for (const letter of "abcdefgh") assert.ok(shown.includes(letter));
});

test("a mention of the own name stands out, and only as a whole word", () => {
    assert.deepEqual(splitMentions("hi @Ada, and @adam", ["Ada"]), ["hi ", "@Ada", ", and @adam"]);
    assert.deepEqual(splitMentions("@a.b (x)", ["a.b"]), ["", "@a.b", " (x)"]);
    assert.deepEqual(splitMentions("@Ada Bo @Ada", ["Ada", "Ada Bo"]), ["", "@Ada Bo", " ", "@Ada", ""]);
    assert.equal(show(renderMarkdown("hi @ada", { all: ["Ada"], own: undefined })), "[p hi [mark @ada]]");
    assert.equal(show(renderMarkdown("hi @ada")), "[p hi @ada]");
});

test("a few emoji alone are large", () => {
    for (const text of ["🎉", "👍🏽 ❤️", "👩‍👩‍👧", "🇳🇴"]) assert.ok(isEmojiOnly(text), text);
    for (const text of ["", "1", "#", "a 🎉", "🎉".repeat(9)]) assert.ok(!isEmojiOnly(text), text);
});
