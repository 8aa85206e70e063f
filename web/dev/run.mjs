// SPDX-License-Identifier: Apache-2.0
// Builds the page and starts the server for working on it:  npm run dev [-- PORT]
import { build } from "esbuild";
import { mkdtempSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildPage } from "../build.mjs";

const HERE = dirname(fileURLToPath(import.meta.url));
const out = mkdtempSync(join(HERE, ".run-"));
const remove = () => rmSync(out, { recursive: true, force: true });

await build({
    entryPoints: [join(HERE, "server.ts")],
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node18",
    external: ["ws"],
    outfile: join(out, "server.mjs"),
    logLevel: "warning",
});
const { dist } = await buildPage({ dist: join(out, "dist"), isForDevelopment: true });
const { serve } = await import(join(out, "server.mjs"));
const port = await serve(dist, Number(process.argv[2] ?? 8080));
console.log(`The page is at http://127.0.0.1:${port}/`);
process.on("exit", remove);
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(0));
