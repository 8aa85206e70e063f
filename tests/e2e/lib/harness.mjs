// SPDX-License-Identifier: Apache-2.0
// A small test runner: one after the other, each with a deadline and a server of its own, and P3 looked at after each.
const tests = [];

export function test(name, body, options = {}) {
    tests.push({ name, body, seconds: options.seconds ?? 60 });
}

export class Failure extends Error {}

/** Thrown by a test that cannot be run here; the report says why. */
export class Skip extends Error {}

export function skip(reason) {
    throw new Skip(reason);
}

export function fail(message) {
    throw new Failure(message);
}

export function assert(condition, message = 'the condition does not hold') {
    if (!condition) fail(message);
}

export function equal(actual, expected, what = 'value') {
    const a = JSON.stringify(actual);
    const b = JSON.stringify(expected);
    if (a !== b) fail(`${what}: expected ${b}, got ${a}`);
}

/** Waits for a condition: calls `check` until it gives something true, or the deadline passes. */
export async function until(check, what, seconds = 20) {
    const end = Date.now() + seconds * 1000;
    for (;;) {
        const value = await check();
        if (value) return value;
        if (Date.now() > end) fail(`never came true: ${what}`);
        await new Promise((resolve) => setTimeout(resolve, 10));
    }
}

function deadline(promise, seconds) {
    let timer;
    const late = new Promise((_, reject) => {
        timer = setTimeout(() => reject(new Failure(`took longer than ${seconds} s`)), seconds * 1000);
    });
    return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/**
 * Runs all tests whose name has `only` in it. `makeContext` gives each test its world, whose `end()` checks what must
 * hold after any test. Returns how many failed; that none had such a name counts as one, since whoever lost a list of
 * suites, or wrote a word wrong, would take it for a success.
 */
export async function runAll(makeContext, only, scale) {
    let failed = 0;
    if (!tests.some(({ name }) => !only || name.includes(only))) {
        const why = only ? `has "${only}" in its name` : 'is there';
        console.log(`not ok some test runs\n# of ${tests.length} tests none ${why}`);
        return 1;
    }
    for (const { name, body, seconds } of tests) {
        if (only && !name.includes(only)) continue;
        const context = makeContext();
        let problem = null;
        try {
            await deadline(body(context), seconds * scale);
        } catch (error) {
            problem = error;
        }
        try {
            await deadline(context.end(problem !== null), 60 * scale);
        } catch (error) {
            problem = problem ?? error;
        }
        if (problem instanceof Skip) {
            console.log(`ok ${name} # SKIP ${problem.message}`);
            continue;
        }
        if (problem) failed++;
        console.log(`${problem ? 'not ok' : 'ok'} ${name}`);
        if (problem) {
            const text = problem instanceof Failure ? problem.message : problem.stack;
            console.log(
                `${text}\n${context.log()}`
                    .split('\n')
                    .map((line) => `# ${line}`)
                    .join('\n'),
            );
        }
    }
    return failed;
}
