// SPDX-License-Identifier: Apache-2.0
// The examples of the README are checked by the compiler, each as a program of its own.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { test } from "node:test";

test("the examples of the README fit the types", () => {
    const folder = mkdtempSync(resolve("test", ".run-readme-"));
    try {
        const blocks = [...readFileSync("README.md", "utf8").matchAll(/```ts\n([\s\S]*?)```/g)].map(
            (match) => match[1] ?? "",
        );
        assert.ok(blocks.length >= 3);
        const files = blocks.map((_, index) => `example${index}.ts`);
        blocks.forEach((text, index) => writeFileSync(join(folder, `example${index}.ts`), text));
        const config = { extends: "../../tsconfig.json", files };
        writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));
        const compiler = createRequire(join(process.cwd(), "x.js")).resolve("typescript/lib/tsc.js");
        const run = spawnSync(process.execPath, [compiler, "--noEmit", "-p", folder], { encoding: "utf8" });
        assert.equal(run.stdout, "");
        assert.equal(run.status, 0);
    } finally {
        rmSync(folder, { recursive: true, force: true });
    }
});
