// SPDX-License-Identifier: Apache-2.0
// SHA-256 (FIPS 180-4), for digests of what was seen. Browsers offer it to secure pages only, and a chat in a local
// network is often not one. Not for secrets: it takes no care about time.

const WORD = 2 ** 32;
const BLOCK_BYTES = 64;

/** The first 32 bits of the fractional parts of the roots of the first primes: section 4.2.2 and 5.3.3. */
function fractions(count: number, power: number): Uint32Array {
    const found = new Uint32Array(count);
    let index = 0;
    for (let candidate = 2; index < count; candidate += 1) {
        let isPrime = true;
        for (let factor = 2; factor * factor <= candidate; factor += 1) if (candidate % factor === 0) isPrime = false;
        if (isPrime) found[index++] = (candidate ** power % 1) * WORD;
    }
    return found;
}

const K = fractions(64, 1 / 3);
const START = fractions(8, 1 / 2);

const turned = (word: number, bits: number): number => (word >>> bits) | (word << (32 - bits));

function mix(state: Uint32Array, words: Uint32Array): void {
    let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = state;
    for (let i = 0; i < 64; i += 1) {
        if (i >= 16) {
            const w15 = words[i - 15] as number;
            const w2 = words[i - 2] as number;
            const low = turned(w15, 7) ^ turned(w15, 18) ^ (w15 >>> 3);
            const high = turned(w2, 17) ^ turned(w2, 19) ^ (w2 >>> 10);
            words[i] = (words[i - 16] as number) + low + (words[i - 7] as number) + high;
        }
        const big = turned(e, 6) ^ turned(e, 11) ^ turned(e, 25);
        const one = (h + big + ((e & f) ^ (~e & g)) + (K[i] as number) + (words[i] as number)) | 0;
        const two = ((turned(a, 2) ^ turned(a, 13) ^ turned(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
        [h, g, f, e, d, c, b, a] = [g, f, e, (d + one) | 0, c, b, a, (one + two) | 0];
    }
    [a, b, c, d, e, f, g, h].forEach((word, i) => (state[i] = (state[i] as number) + word));
}

/** The digest in lower-case hex. */
export function sha256(text: string): string {
    const bytes = new TextEncoder().encode(text);
    const blocks = Math.ceil((bytes.length + 9) / BLOCK_BYTES);
    const padded = new Uint8Array(blocks * BLOCK_BYTES);
    padded.set(bytes);
    padded[bytes.length] = 0x80;
    const view = new DataView(padded.buffer);
    view.setUint32(padded.length - 8, Math.floor(bytes.length / (WORD / 8)));
    view.setUint32(padded.length - 4, bytes.length * 8);
    const state = START.slice();
    const words = new Uint32Array(64);
    for (let at = 0; at < padded.length; at += BLOCK_BYTES) {
        for (let i = 0; i < 16; i += 1) words[i] = view.getUint32(at + 4 * i);
        mix(state, words);
    }
    return [...state].map((word) => word.toString(16).padStart(8, "0")).join("");
}
