// SPDX-License-Identifier: Apache-2.0
// What the library weighs on the wire: the README says under 10 KB.
import assert from "node:assert/strict";
import { test } from "node:test";
import { brotliCompressSync } from "node:zlib";

import { build } from "esbuild";

const BYTES_MAX = 10 * 1024;

test("the whole library is under 10 KB compressed (brotli)", async () => {
    const entry = new URL("../../src/index.ts", import.meta.url).pathname;
    const options = { bundle: true, minify: true, format: "esm", write: false } as const;
    const { outputFiles } = await build({ entryPoints: [entry], ...options });
    const bytes = brotliCompressSync(outputFiles[0]?.contents ?? new Uint8Array()).length;
    console.log(`# ${bytes} bytes of ${BYTES_MAX}`);
    assert.ok(bytes > 1_000 && bytes < BYTES_MAX, `${bytes} bytes`);
});
