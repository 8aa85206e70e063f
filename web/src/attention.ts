// SPDX-License-Identifier: Apache-2.0
// What is unread, where a person sees it without looking at the page: in the tab's title.

const PRODUCT = "natter";

export function showAttention(unread: number, room: string): void {
    const title = `${unread > 0 ? `(${unread > 99 ? "99+" : unread}) ` : ""}${room} · ${PRODUCT}`;
    if (document.title !== title) document.title = title;
}
