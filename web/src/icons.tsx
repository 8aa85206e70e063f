// SPDX-License-Identifier: Apache-2.0
// The page's icons, drawn on a grid of 24 with one stroke. Each is decoration; the button around it has the label.

const PATHS = {
    rooms: "M4 6h16M4 12h16M4 18h10",
    members:
        "M16 19v-1a4 4 0 0 0-4-4H7a4 4 0 0 0-4 4v1M9.5 10.5a3.2 3.2 0 1 0 0-6.4 3.2 3.2 0 0 0 0 6.4" +
        "M21 19v-1a4 4 0 0 0-3-3.8M15.5 4.3a3.2 3.2 0 0 1 0 6",
    send: "M5 12h13M12.5 6l6 6-6 6",
    plus: "M12 5v14M5 12h14",
    close: "M6 6l12 12M18 6L6 18",
    settings: "M4 7h9M17 7h3M4 17h3M11 17h9M15 4.5v5M9 14.5v5",
    sun:
        "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8M12 3v1.5M12 19.5V21M3 12h1.5M19.5 12H21" +
        "M5.6 5.6l1.1 1.1M17.3 17.3l1.1 1.1M18.4 5.6l-1.1 1.1M6.7 17.3l-1.1 1.1",
    moon: "M20 14.2A8 8 0 0 1 9.8 4 8 8 0 1 0 20 14.2z",
    system: "M4 5h16v11H4zM9 20h6M12 16v4",
    down: "M12 5v13M6.5 12.5L12 18l5.5-5.5",
    reply: "M10 7L5 12l5 5M5 12h9a5 5 0 0 1 5 5v1",
    edit: "M5 19l1-4L16.5 4.5l3 3L9 18l-4 1z",
    trash: "M5 7h14M10 7V5h4v2M7 7l1 12h8l1-12M10.5 11v5M13.5 11v5",
    copy: "M9 9h10v10H9zM15 9V5H5v10h4",
    smile: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18M8.5 14.5a4.5 4.5 0 0 0 7 0M9 9.5v.5M15 9.5v.5",
    leave: "M14 5H6v14h8M11 12h9M17 9l3 3-3 3",
    alert: "M12 8v5M12 16.5v.2M12 3.5L2.8 20h18.4z",
    clock: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18M12 7.5V12l3 2",
    direct: "M5 5h14v10h-8l-4 4v-4H5z",
    unread: "M4 7h10M4 12h12M4 17h8M19 8a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5",
    link: "M10 14a4 4 0 0 0 6 .4l3-3a4 4 0 0 0-5.7-5.7l-1 1M14 10a4 4 0 0 0-6-.4l-3 3a4 4 0 0 0 5.7 5.7l1-1",
    search: "M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14M16 16l4.5 4.5",
    bell: "M6 16V11a6 6 0 0 1 12 0v5l1.5 2h-15zM10 20.5h4",
    check: "M5 12.5l4.5 4.5L19 7.5",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { name: IconName }) {
    return (
        <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
            <path d={PATHS[name]} />
        </svg>
    );
}

/** Two people's speech in one mark. */
export function Logo() {
    return (
        <svg class="logo" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
            <path
                class="logo-back"
                d="M13 4h9a7 7 0 0 1 7 7v4a7 7 0 0 1-3 5.7V25l-4-3h-9a7 7 0 0 1-7-7v-4a7 7 0 0 1 7-7z"
            />
            <path
                class="logo-front"
                d="M10 9h8a6 6 0 0 1 6 6v2a6 6 0 0 1-6 6h-6l-5 4v-5.2A6 6 0 0 1 4 17v-2a6 6 0 0 1 6-6z"
            />
            <circle class="logo-dot" cx="10" cy="16" r="1.5" />
            <circle class="logo-dot" cx="14.2" cy="16" r="1.5" />
            <circle class="logo-dot" cx="18.4" cy="16" r="1.5" />
        </svg>
    );
}
