// SPDX-License-Identifier: Apache-2.0
// Colours for code: comments, strings, numbers and the words of the language, found with one expression per family of
// languages. It knows no grammar, and is right where people look; a wrong colour is no wrong text. Loaded with the
// first block that names its language.

export type Kind = "comment" | "string" | "number" | "keyword";

export interface Piece {
    text: string;
    kind?: Kind;
}

interface Family {
    names: string;
    comment: string;
    string: string;
    keywords: string;
    ignoresCase?: boolean;
}

const DOUBLE = String.raw`"(?:\\.|[^"\\\n])*"`;
const SINGLE = String.raw`'(?:\\.|[^'\\\n])*'`;
const BACKTICK = "`(?:\\\\.|[^`\\\\])*`";
const TRIPLE = `"""[^]*?(?:"""|$)|'''[^]*?(?:'''|$)`;
const C_COMMENT = String.raw`\/\/[^\n]*|\/\*[^]*?(?:\*\/|$)`;
const HASH_COMMENT = String.raw`#[^\n]*`;

const FAMILIES: readonly Family[] = [
    {
        names: "c cpp c++ h hpp cs csharp java kotlin kt go rust rs swift dart zig php scala",
        comment: C_COMMENT,
        string: `${DOUBLE}|${SINGLE}`,
        keywords:
            "auto bool break case catch char class const continue default defer delete do double else enum extends " +
            "extern false final finally float fn for foreach fun func function go goto if impl implements import in " +
            "include int interface internal is let long loop map match mod mut namespace new nil null nullptr " +
            "override package private protected pub public return self short signed size_t sizeof static string " +
            "struct super switch template this throw trait true try type typedef typename union unsafe unsigned use " +
            "using val var virtual void volatile when where while yield",
    },
    {
        names: "js javascript jsx mjs ts typescript tsx json json5",
        comment: C_COMMENT,
        string: `${DOUBLE}|${SINGLE}|${BACKTICK}`,
        keywords:
            "any as async await boolean break case catch class const continue default delete do else enum export " +
            "extends false finally for from function get if implements import in instanceof interface let new null " +
            "number of private protected public readonly return set static string super switch this throw true try " +
            "type typeof undefined unknown var void while yield",
    },
    {
        names: "py python rb ruby r",
        comment: HASH_COMMENT,
        string: `${TRIPLE}|${DOUBLE}|${SINGLE}`,
        keywords:
            "and as assert async await begin break case class continue def del do elif else elsif end ensure except " +
            "False finally for from global if import in is lambda match module next nil None nonlocal not or pass " +
            "raise require rescue return self super then True try unless until when while with yield",
    },
    {
        names: "sh bash shell zsh fish dockerfile docker makefile make yaml yml toml ini conf nginx perl pl",
        comment: HASH_COMMENT,
        string: String.raw`${DOUBLE}|'[^'\n]*'`,
        keywords:
            "ADD case CMD COPY do done echo elif else ENTRYPOINT ENV esac exit export EXPOSE false fi for FROM " +
            "function if in local location my no null on return RUN server set shift sub then true unset upstream " +
            "use while WORKDIR yes",
    },
    {
        names: "sql sqlite postgres postgresql mysql",
        comment: String.raw`--[^\n]*|\/\*[^]*?(?:\*\/|$)`,
        string: SINGLE,
        keywords:
            "add all alter and as asc begin between by case check commit constraint create cross default delete desc " +
            "distinct drop else end exists foreign from full group having in index inner insert integer into is join " +
            "key left like limit not null offset on or order outer primary references right rollback select set " +
            "table text then transaction trigger union unique update using values view when where with",
        ignoresCase: true,
    },
    { names: "css scss less", comment: C_COMMENT, string: `${DOUBLE}|${SINGLE}`, keywords: "important and not" },
    { names: "html xml svg vue", comment: "<!--[^]*?(?:-->|$)", string: `${DOUBLE}|${SINGLE}`, keywords: "" },
];

const NUMBER = String.raw`\b(?:0[xX][\da-fA-F_]+|\d[\d_]*(?:\.\d+)?(?:[eE][+-]?\d+)?)\b`;
const CHARACTERS_MAX = 20_000;
const KINDS: readonly Kind[] = ["comment", "string", "number", "keyword"];
const made = new Map<Family, RegExp>();

function expression(family: Family): RegExp {
    let found = made.get(family);
    if (!found) {
        const words = family.keywords === "" ? "(?!)" : `\\b(?:${family.keywords.replaceAll(" ", "|")})\\b`;
        const source = `(${family.comment})|(${family.string})|(${NUMBER})|(${words})`;
        made.set(family, (found = new RegExp(source, family.ignoresCase ? "gi" : "g")));
    }
    return found;
}

/** The pieces of the text in order; undefined where nothing is known of the language. */
export function highlight(text: string, language: string): Piece[] | undefined {
    const name = (/^[\w+#-]+/.exec(language.trim().toLowerCase()) ?? [""])[0];
    const family = FAMILIES.find(({ names }) => names.split(" ").includes(name));
    if (!family || text.length > CHARACTERS_MAX) return undefined;
    const pieces: Piece[] = [];
    let end = 0;
    for (const match of text.matchAll(expression(family))) {
        const kind = KINDS.find((_, index) => match[index + 1] !== undefined);
        if (match[0] === "" || !kind) continue;
        if (match.index > end) pieces.push({ text: text.slice(end, match.index) });
        pieces.push({ text: match[0], kind });
        end = match.index + match[0].length;
    }
    if (end < text.length) pieces.push({ text: text.slice(end) });
    return pieces;
}
