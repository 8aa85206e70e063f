// SPDX-License-Identifier: Apache-2.0
// A user without a picture: initials on a colour of their own.
import type { User } from "natter-client";
import { hueClass, initials } from "./format";

export function Avatar({ user, isSmall = false }: { user: User; isSmall?: boolean }) {
    return (
        <span class={`avatar ${hueClass(user.id)}${isSmall ? " is-small" : ""}`} aria-hidden="true">
            {initials(user.name)}
        </span>
    );
}
