// SPDX-License-Identifier: Apache-2.0
// Builds the page into dist/: one script and one style sheet with hashed names, and beside each file its compressed
// forms.
import { build } from "esbuild";
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, extname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const HERE = dirname(fileURLToPath(import.meta.url));
const COMPRESSIBLE = new Set([".html", ".js", ".css", ".svg", ".webmanifest", ".txt"]);
const LICENSED = ["preact", "marked"];

/** Builds into `dist` and returns the names of the script and the style sheet. */
export async function buildPage({ dist = join(HERE, "dist"), isForDevelopment = false } = {}) {
    rmSync(dist, { recursive: true, force: true });
    const result = await build({
        absWorkingDir: HERE,
        entryPoints: { main: "src/main.tsx", style: "styles/main.css" },
        outdir: join(dist, "assets"),
        entryNames: "[name]-[hash]",
        bundle: true,
        format: "esm",
        target: ["es2021", "chrome111", "firefox113", "safari16.2"],
        conditions: ["source"],
        jsx: "automatic",
        jsxImportSource: "preact",
        minify: !isForDevelopment,
        sourcemap: isForDevelopment ? "inline" : false,
        // The licences of what is bundled are in a file of their own.
        legalComments: "none",
        metafile: true,
        logLevel: "warning",
    });
    const outputs = Object.keys(result.metafile.outputs).map((path) => relative(dist, join(HERE, path)));
    const script = outputs.find((path) => path.endsWith(".js"));
    const style = outputs.find((path) => path.endsWith(".css"));
    const html = readFileSync(join(HERE, "index.html"), "utf8").replace("%SCRIPT%", script).replace("%STYLE%", style);
    writeFileSync(join(dist, "index.html"), html);
    for (const name of readdirSync(join(HERE, "public"))) {
        writeFileSync(join(dist, name), readFileSync(join(HERE, "public", name)));
    }
    writeFileSync(join(dist, "licenses.txt"), licenses());
    return { dist, script, style };
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

if (process.argv[1] === fileURLToPath(import.meta.url)) {
    mkdirSync(join(HERE, "dist"), { recursive: true });
    const { dist } = await buildPage();
    for (const [name, plain, gzip, brotli] of compress(dist)) {
        console.log(
            [name.padEnd(28), ...[plain, gzip, brotli].map((size) => String(size).padStart(8))].join(""),
        );
    }
}
