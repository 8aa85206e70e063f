// SPDX-License-Identifier: Apache-2.0
// Modules that the build makes.
declare module "virtual:emoji" {
    /** `#CATEGORY` lines, each before those of its emoji: the emoji, its names, its other words; tabs between. */
    const text: string;
    export default text;
}
