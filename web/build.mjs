// SPDX-License-Identifier: Apache-2.0
// Builds the page into dist/: a script, what it loads on demand, a style sheet and a service worker, and beside each
// file its compressed forms.
import { build } from "esbuild";
import { gemoji } from "gemoji";
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, extname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { helpPage } from "./help.mjs";

const HERE = dirname(fileURLToPath(import.meta.url));
const COMPRESSIBLE = new Set([".html", ".js", ".css", ".svg", ".webmanifest", ".txt"]);
const LICENSED = ["preact", "marked", "gemoji"];

const WORKER = "sw.js";
/** Compressed, for whoever comes for the first time, until the first message is shown. */
const FIRST_SIGHT_BYTES_MAX = 100_000;
/** Fetched when it is first wanted, and kept then; everything else is kept by the service worker from the start. */
const RARE = /^(assets\/(emoji|help)-|help\/)/;

/** `virtual:emoji`: all emoji with their names, in few bytes; see src/virtual.d.ts. */
const emojiModule = {
    name: "emoji",
    setup(builder) {
        builder.onResolve({ filter: /^virtual:emoji$/ }, () => ({ path: "emoji", namespace: "virtual" }));
        builder.onLoad({ filter: /^emoji$/, namespace: "virtual" }, () => ({
            contents: `export default ${JSON.stringify(emojiText())}`,
        }));
    },
};

function emojiText() {
    const lines = [];
    let category = "";
    for (const one of gemoji) {
        if (one.category !== category) lines.push(`#${(category = one.category)}`);
        const words = one.tags.map((tag) => tag.replaceAll(" ", "_")).filter((tag) => !one.names.includes(tag));
        lines.push([one.emoji, one.names.join(" "), words.join(",")].join("\t").trimEnd());
    }
    return lines.join("\n");
}

/** Builds into `dist` and returns the names of what a first visit loads. */
export async function buildPage({ dist = join(HERE, "dist"), isForDevelopment = false } = {}) {
    rmSync(dist, { recursive: true, force: true });
    const result = await build({
        absWorkingDir: HERE,
        entryPoints: { main: "src/main.tsx", style: "styles/main.css", help: "styles/help.css" },
        outdir: join(dist, "assets"),
        entryNames: "[name]-[hash]",
        chunkNames: "[name]-[hash]",
        bundle: true,
        splitting: true,
        plugins: [emojiModule],
        format: "esm",
        jsx: "automatic",
        jsxImportSource: "preact",
        sourcemap: isForDevelopment ? "inline" : false,
        metafile: true,
        ...common(isForDevelopment),
    });
    const outputs = Object.entries(result.metafile.outputs).map(([path, { entryPoint, imports }]) => ({
        path: relative(dist, join(HERE, path)),
        entryPoint,
        imports: imports
            .filter(({ kind }) => kind === "import-statement")
            .map((one) => relative(dist, join(HERE, one.path))),
    }));
    const { path: script, imports } = outputs.find(({ entryPoint }) => entryPoint === "src/main.tsx");
    const styleOf = (entry) => outputs.find(({ entryPoint }) => entryPoint === entry).path;
    const style = styleOf("styles/main.css");
    const preloads = imports.map((path) => `<link rel="modulepreload" href="./${path}">\n`).join("");
    const html = readFileSync(join(HERE, "index.html"), "utf8")
        .replace("%SCRIPT%", script)
        .replace("%STYLE%", style)
        .replace("%PRELOADS%\n", preloads);
    writeFileSync(join(dist, "index.html"), html);
    for (const name of readdirSync(join(HERE, "public"))) {
        writeFileSync(join(dist, name), readFileSync(join(HERE, "public", name)));
    }
    writeFileSync(join(dist, "licenses.txt"), licenses());
    mkdirSync(join(dist, "help"));
    writeFileSync(join(dist, "help", "what-natter-noticed.html"), helpPage(`../${styleOf("styles/help.css")}`));
    await buildWorker(dist, isForDevelopment);
    return { dist, first: ["index.html", script, style, ...imports] };
}

function common(isForDevelopment) {
    return {
        target: ["es2021", "chrome111", "firefox113", "safari16.2"],
        conditions: ["source"],
        minify: !isForDevelopment,
        // The licences of what is bundled are in a file of their own.
        legalComments: "none",
        logLevel: "warning",
    };
}

/** The service worker knows the files of its page, and is another one whenever one of them is. */
async function buildWorker(dist, isForDevelopment) {
    const names = filesIn(dist).map((path) => relative(dist, path)).sort();
    const digest = createHash("sha256");
    for (const name of names) digest.update(name).update(readFileSync(join(dist, name)));
    const kept = names.filter((name) => name !== "index.html" && name !== "licenses.txt");
    const shell = {
        version: digest.digest("hex").slice(0, 16),
        files: kept.filter((name) => !RARE.test(name)),
        later: kept.filter((name) => RARE.test(name)),
    };
    await build({
        absWorkingDir: HERE,
        entryPoints: ["src/sw.ts"],
        outfile: join(dist, WORKER),
        bundle: true,
        format: "iife",
        define: { SHELL: JSON.stringify(shell) },
        ...common(isForDevelopment),
    });
}

/** The terms of the libraries that are part of the script. */
function licenses() {
    return LICENSED.map((name) => {
        const folder = packageFolder(name);
        const { version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
        const file = readdirSync(folder).find((one) => /^licen[cs]e(\.md)?$/i.test(one));
        return `${name} ${version}\n\n${readFileSync(join(folder, file), "utf8").trim()}\n`;
    }).join("\n\n");
}

function packageFolder(name) {
    for (let folder = HERE; ; folder = dirname(folder)) {
        const found = join(folder, "node_modules", name);
        if (statSync(found, { throwIfNoEntry: false })) return found;
        if (folder === dirname(folder)) throw new Error(`The package ${name} is missing; run \`npm ci\` first.`);
    }
}

function filesIn(folder) {
    return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
        const path = join(folder, entry.name);
        return entry.isDirectory() ? filesIn(path) : [path];
    });
}

function compress(dist) {
    const sizes = [];
    for (const path of filesIn(dist).filter((one) => COMPRESSIBLE.has(extname(one)))) {
        const plain = readFileSync(path);
        const gzip = gzipSync(plain, { level: 9 });
        const parameters = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: plain.length };
        const brotli = brotliCompressSync(plain, { params: parameters });
        // A form that saves nothing is not worth its place.
        if (gzip.length < plain.length) writeFileSync(`${path}.gz`, gzip);
        if (brotli.length < plain.length) writeFileSync(`${path}.br`, brotli);
        sizes.push([relative(dist, path), plain.length, gzip.length, brotli.length]);
    }
    return sizes;
}

/** What a first visit costs; ends with 1 where that is more than it may be. */
function weigh(sizes, first) {
    const sum = (column) => sizes.filter(([name]) => first.includes(name)).reduce((all, one) => all + one[column], 0);
    console.log(`first sight: ${sum(2)} bytes gzip, ${sum(3)} bytes brotli, of ${FIRST_SIGHT_BYTES_MAX} at most`);
    if (sum(2) <= FIRST_SIGHT_BYTES_MAX) return;
    console.error("The page has grown too heavy for a first visit; load what is rarely wanted on demand.");
    process.exitCode = 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
    mkdirSync(join(HERE, "dist"), { recursive: true });
    const { dist, first } = await buildPage();
    const sizes = compress(dist);
    for (const [name, plain, gzip, brotli] of sizes) {
        console.log(
            [name.padEnd(28), ...[plain, gzip, brotli].map((size) => String(size).padStart(8))].join(""),
        );
    }
    weigh(sizes, first);
}
