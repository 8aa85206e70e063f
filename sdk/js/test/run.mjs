// SPDX-License-Identifier: Apache-2.0
// Bundles every *.test.ts(x) file of the given folder with esbuild and hands the results to node:test, so that the
// tests run on each supported Node without a TypeScript loader.
import { build } from "esbuild";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";

const folder = resolve(process.argv[2] ?? "test");
const tests = readdirSync(folder).filter((name) => /\.test\.tsx?$/.test(name));
// Inside the package, because the bundles still import `ws` from node_modules.
const out = mkdtempSync(join(folder, ".run-"));

try {
    await build({
        entryPoints: tests.map((name) => join(folder, name)),
        bundle: true,
        platform: "node",
        format: "esm",
        target: "node18",
        conditions: ["source"],
        external: ["ws", "esbuild"],
        jsx: "automatic",
        jsxImportSource: "preact",
        outdir: out,
        outExtension: { ".js": ".mjs" },
        sourcemap: "inline",
        logLevel: "warning",
    });
    const files = readdirSync(out).map((name) => join(out, name));
    const run = spawnSync(process.execPath, ["--enable-source-maps", "--test", ...files], { stdio: "inherit" });
    process.exitCode = run.status ?? 1;
} finally {
    rmSync(out, { recursive: true, force: true });
}
