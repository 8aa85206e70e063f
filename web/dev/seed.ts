// SPDX-License-Identifier: Apache-2.0
// A conversation that shows what the page can do: groups, days, replies, reactions, lists, code and a long past.
import type { FakeServer } from "../../sdk/js/test/fake_server.js";

export const MEMBERS: readonly { name: string; rooms: readonly string[] }[] = [
    { name: "Amara Okafor", rooms: ["lobby", "field-trips", "kitchen"] },
    { name: "Ben Lindqvist", rooms: ["lobby", "field-trips"] },
    { name: "Carmen Ruiz", rooms: ["lobby", "kitchen", "build-room"] },
    { name: "Dae-jung Park", rooms: ["lobby", "build-room"] },
    { name: "Elif Yıldız", rooms: ["lobby", "field-trips", "build-room"] },
    { name: "יעל כהן", rooms: ["lobby", "kitchen"] },
    { name: "Farid", rooms: ["lobby"] },
    { name: "Greta Sommer", rooms: ["lobby", "field-trips"] },
];

interface Line {
    who: string;
    text: string;
    /** Minutes before the page is opened. */
    ago: number;
    replyTo?: number;
}

const MINUTE_MS = 60_000;
const DAY_MINUTES = 1_440;
const PAST_COUNT = 400;
const SMALL_TALK = [
    "Morning, everybody.",
    "Has anyone seen the key to the shed?",
    "It hangs behind the door, as always.",
    "Found it, thank you!",
    "I can take the Thursday slot if nobody minds.",
    "Fine with me.",
    "The kettle is broken again, by the way.",
    "I have a spare one, I will bring it tomorrow.",
];

const BRING = [
    "What should everybody bring?",
    "",
    "- boots that may get wet",
    "- lunch",
    "- the map, if you have one: https://maps.example.org/tide-flats?layer=paths",
].join("\n");

const SCRIPT = [
    "I wrote a little script that tells when the tide turns, so that we are back in time:",
    "",
    "```sh",
    '$ tide --place "north pier" --day saturday',
    "low   09:52   0.4 m",
    "high  16:08   2.9 m",
    "```",
    "",
    "High water is at `16:08`, so we should leave the flats by half past two.",
].join("\n");

const CAMERAS = "I cannot come on Saturday, but I left two cameras in the cupboard. Both are charged";

const LINES: readonly Line[] = [
    {
        who: "Amara Okafor",
        text: "The weather service says **dry until four** on Saturday. Shall we say ten at the station?",
        ago: DAY_MINUTES + 95,
    },
    { who: "Ben Lindqvist", text: "Ten works. I will bring the big flask", ago: DAY_MINUTES + 92 },
    { who: "Ben Lindqvist", text: "and the *small* one, for those who do not share", ago: DAY_MINUTES + 91 },
    { who: "Greta Sommer", text: "🎉", ago: DAY_MINUTES + 90 },
    {
        who: "Elif Yıldız",
        text: BRING,
        ago: DAY_MINUTES + 42,
    },
    {
        who: "Dae-jung Park",
        text: SCRIPT,
        ago: 58,
    },
    { who: "Amara Okafor", text: "That is exactly what we needed last year.", ago: 55, replyTo: 6 },
    {
        who: "Carmen Ruiz",
        text: `${CAMERAS}.`,
        ago: 31,
    },
    { who: "יעל כהן", text: "תודה! אני אביא אותן איתי בבוקר.", ago: 29 },
    {
        who: "Farid",
        text: "First time for me. Is it alright to bring my daughter? She is nine and knows more birds than I do.",
        ago: 12,
    },
    {
        who: "Greta Sommer",
        text: "Of course, bring her. We count in pairs anyway, and nobody should trust me with waders",
        ago: 9,
        replyTo: 10,
    },
    {
        who: "Ben Lindqvist",
        text: "~~Knots~~ *Two* kinds of plover last time, and she will see the third one before any of us.",
        ago: 8,
    },
];

export function seed(server: FakeServer): void {
    const now = Date.now();
    const say = (room: string, { who, text, ago, replyTo }: Line, base: number): void => {
        const reply = replyTo === undefined ? {} : { reply_to: replyTo + base };
        const key = `seed-${server.room(room).log.length + 1}`;
        server.publish(room, server.user(who), { type: "message", key, text, ...reply }, true, now - ago * MINUTE_MS);
    };
    for (let i = 0; i < PAST_COUNT; i += 1) {
        const who = MEMBERS[(i * 5 + Math.floor(i / 3)) % MEMBERS.length]?.name ?? "";
        const ago = 8 * DAY_MINUTES - i * 22;
        say("lobby", { who, text: SMALL_TALK[i % SMALL_TALK.length] ?? "", ago: Math.max(ago, DAY_MINUTES * 2) }, 0);
    }
    for (const line of LINES) say("lobby", line, PAST_COUNT);
    const react = (line: number, who: string, emoji: string): void => {
        server.publish(
            "lobby",
            server.user(who),
            { type: "reaction", key: `r-${line}-${who}`, target: PAST_COUNT + line, emoji, on: true },
            true,
        );
    };
    for (const who of ["Amara Okafor", "Elif Yıldız", "Farid"]) react(6, who, "👍");
    react(6, "Greta Sommer", "👀");
    react(10, "Ben Lindqvist", "❤️");
    react(10, "Amara Okafor", "❤️");
    const edited = {
        type: "edited",
        key: "e-1",
        target: PAST_COUNT + 8,
        text: `${CAMERAS}, and the straps are new.`,
    };
    server.publish("lobby", server.user("Carmen Ruiz"), edited, true);
    say("field-trips", { who: "Greta Sommer", text: "Dates for spring are on the list.", ago: 300 }, 0);
    say("field-trips", { who: "Elif Yıldız", text: "Put me down for the second one.", ago: 280 }, 0);
    say("kitchen", { who: "Carmen Ruiz", text: "Whoever left the soup: it was very good.", ago: 90 }, 0);
    say("build-room", { who: "Dae-jung Park", text: "The new release is out.", ago: 400 }, 0);
    server.room("~scratch");
}
