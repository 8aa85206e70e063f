// SPDX-License-Identifier: Apache-2.0
// Bundles the library twice: as a module for bundlers and Node, and as one file for a <script> element.
import { build } from "esbuild";

const common = {
    entryPoints: ["src/index.ts"],
    bundle: true,
    target: "es2021",
    legalComments: "none",
    logLevel: "warning",
};

await build({ ...common, format: "esm", outfile: "dist/index.js" });
await build({ ...common, format: "iife", globalName: "natter", minify: true, outfile: "dist/natter.global.js" });
