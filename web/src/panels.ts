// SPDX-License-Identifier: Apache-2.0
// Which of the outer regions are seen: columns that stay as they were left, or drawers where there is no room.
import { useEffect, useState } from "preact/hooks";
import { keep } from "./keep";

export interface Panels {
    seesRooms: boolean;
    seesMembers: boolean;
    hasDrawer: boolean;
    /** For the style sheet. */
    classes: string;
    toggleRooms: () => void;
    toggleMembers: () => void;
    closeDrawer: () => void;
}

/** As in the style sheet: below these the outer regions become drawers. */
const ROOMS_DRAWER = "(max-width: 760px)";
const MEMBERS_DRAWER = "(max-width: 1080px)";

function useMedia(query: string): boolean {
    const [matches, setMatches] = useState(() => window.matchMedia(query).matches);
    useEffect(() => {
        const media = window.matchMedia(query);
        const changed = (): void => setMatches(media.matches);
        media.addEventListener("change", changed);
        return () => media.removeEventListener("change", changed);
    }, [query]);
    return matches;
}

export function usePanels(): Panels {
    const [drawer, setDrawer] = useState<"none" | "rooms" | "members">("none");
    const [showsRooms, setShowsRooms] = useState(keep.showsRooms);
    const [showsMembers, setShowsMembers] = useState(keep.showsMembers);
    const isRoomsDrawer = useMedia(ROOMS_DRAWER);
    const isMembersDrawer = useMedia(MEMBERS_DRAWER);
    const seesRooms = isRoomsDrawer ? drawer === "rooms" : showsRooms;
    const seesMembers = isMembersDrawer ? drawer === "members" : showsMembers;
    // A window that grew may have turned the open drawer into a column.
    const hasDrawer = (drawer === "rooms" && isRoomsDrawer) || (drawer === "members" && isMembersDrawer);
    const classes = ["app"];
    if (seesRooms) classes.push("has-rooms");
    if (seesMembers) classes.push("has-members");
    if (hasDrawer) classes.push("has-drawer");

    return {
        seesRooms,
        seesMembers,
        hasDrawer,
        classes: classes.join(" "),
        toggleRooms: () => {
            if (isRoomsDrawer) return setDrawer(seesRooms ? "none" : "rooms");
            keep.showsRooms = !showsRooms;
            setShowsRooms(!showsRooms);
        },
        toggleMembers: () => {
            if (isMembersDrawer) return setDrawer(seesMembers ? "none" : "members");
            keep.showsMembers = !showsMembers;
            setShowsMembers(!showsMembers);
        },
        closeDrawer: () => setDrawer("none"),
    };
}
