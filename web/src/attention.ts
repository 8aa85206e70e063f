// SPDX-License-Identifier: Apache-2.0
// What is unread, where a person sees it without looking at the page: the tab's title and icon, and the badge of an
// installed page.

const PRODUCT = "natter";
const SIDE_PX = 32;
const SHAPE = "M10.5 9.5h7A6 6 0 0 1 23.5 15.5v1.2a6 6 0 0 1-6 6h-5.6L7 26.4v-4.7a6 6 0 0 1-2.5-5v-1.2a6 6 0 0 1 6-6z";

type Dot = "none" | "unread" | "mention";
const COLOURS: Readonly<Record<Exclude<Dot, "none">, string>> = { unread: "#f2b63c", mention: "#e5384f" };

let shownDot: Dot = "none";
let shownCount = 0;

export function showAttention(unread: number, hasMention: boolean, room: string): void {
    const title = `${unread > 0 ? `(${unread > 99 ? "99+" : unread}) ` : ""}${room} · ${PRODUCT}`;
    if (document.title !== title) document.title = title;
    const dot: Dot = unread === 0 ? "none" : hasMention ? "mention" : "unread";
    if (dot !== shownDot) showIcon(dot);
    shownDot = dot;
    if (unread !== shownCount) showBadge(unread);
    shownCount = unread;
}

function showBadge(unread: number): void {
    const app = navigator as { setAppBadge?: (count: number) => Promise<void>; clearAppBadge?: () => Promise<void> };
    // Only an installed page has a badge; elsewhere the call is refused, which is no loss.
    const shown = unread > 0 ? app.setAppBadge?.(unread) : app.clearAppBadge?.();
    shown?.catch(() => undefined);
}

function showIcon(dot: Dot): void {
    const link = document.querySelector<HTMLLinkElement>('link[rel="icon"]');
    if (!link) return;
    link.dataset.plain ??= link.href;
    link.dataset.dot = dot;
    link.href = dot === "none" ? link.dataset.plain : drawn(dot);
}

function drawn(dot: Exclude<Dot, "none">): string {
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = SIDE_PX;
    const brush = canvas.getContext("2d");
    if (!brush) return "";
    brush.fillStyle = "#0d7a6c";
    brush.beginPath();
    brush.roundRect(0, 0, SIDE_PX, SIDE_PX, 8);
    brush.fill();
    brush.fillStyle = "#fff";
    brush.fill(new Path2D(SHAPE));
    brush.fillStyle = COLOURS[dot];
    brush.strokeStyle = "#fff";
    brush.lineWidth = 2;
    brush.beginPath();
    brush.arc(23, 9, 8, 0, 2 * Math.PI);
    brush.fill();
    brush.stroke();
    return canvas.toDataURL("image/png");
}
