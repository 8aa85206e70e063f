// SPDX-License-Identifier: Apache-2.0
// What a room's log amounts to: messages with their edits, deletions and reactions. A fold over events that may come in
// any order, because pages of history arrive from the newest to the oldest.
import type { DeletedEvent, EditedEvent, MessageEvent, ReactionEvent, RoomEvent, User } from "natter-client";

export interface Reaction {
    emoji: string;
    users: readonly User[];
}

/** Never changed once made: a message that changes is another object, so that views can compare. */
export interface Message {
    /** The same for the pending message and for what becomes of it in the log. */
    id: string;
    key: string;
    seq: number;
    at: number;
    user: User;
    text: string;
    isEdited: boolean;
    isDeleted: boolean;
    replyTo: number | undefined;
    /** The ids of those whom the text names. */
    mentions: readonly string[];
    reactions: readonly Reaction[];
}

/** What later events say about one message; known, perhaps, before the message itself. */
interface Changes {
    edit: EditedEvent | undefined;
    deletion: DeletedEvent | undefined;
    /** By emoji and user; the newest event of each counts. */
    reactions: Map<string, Map<string, ReactionEvent>>;
}

export function messageId(userId: string, key: string): string {
    return `${userId}:${key}`;
}

export class Log {
    private readonly originals = new Map<number, MessageEvent>();
    private readonly changes = new Map<number, Changes>();
    private readonly folded = new Map<number, Message>();
    private readonly ids = new Set<string>();
    private readonly list: Message[] = [];
    private isSorted = true;
    /** The oldest and the newest `seq` of any event seen. */
    first: number | undefined;
    last: number | undefined;

    /** All messages, oldest first. The same array always: a new message costs a long room no copy. */
    get messages(): readonly Message[] {
        if (!this.isSorted) {
            this.list.sort((a, b) => a.seq - b.seq);
            this.isSorted = true;
        }
        return this.list;
    }

    /** The messages behind this one, oldest first. */
    after(seq: number): readonly Message[] {
        const { messages } = this;
        let start = messages.length;
        while (start > 0 && (messages[start - 1]?.seq ?? 0) > seq) start -= 1;
        return messages.slice(start);
    }

    get(seq: number): Message | undefined {
        return this.folded.get(seq);
    }

    has(id: string): boolean {
        return this.ids.has(id);
    }

    add(event: RoomEvent): void {
        this.first = Math.min(this.first ?? event.seq, event.seq);
        this.last = Math.max(this.last ?? event.seq, event.seq);
        switch (event.type) {
            case "message":
                return this.addMessage(event);
            case "edited":
                return this.addEdit(event);
            case "deleted":
                return this.addDeletion(event);
            case "reaction":
                return this.addReaction(event);
        }
    }

    private addMessage(event: MessageEvent): void {
        if (this.originals.has(event.seq)) return;
        this.originals.set(event.seq, event);
        this.ids.add(messageId(event.user.id, event.key));
        this.fold(event.seq);
    }

    private addEdit(event: EditedEvent): void {
        const changes = this.changesOf(event.target);
        if (changes.edit && changes.edit.seq > event.seq) return;
        changes.edit = event;
        this.fold(event.target);
    }

    private addDeletion(event: DeletedEvent): void {
        this.changesOf(event.target).deletion = event;
        this.fold(event.target);
    }

    private addReaction(event: ReactionEvent): void {
        const { reactions } = this.changesOf(event.target);
        let users = reactions.get(event.emoji);
        if (!users) reactions.set(event.emoji, (users = new Map()));
        const known = users.get(event.user.id);
        if (known && known.seq > event.seq) return;
        users.set(event.user.id, event);
        this.fold(event.target);
    }

    private changesOf(target: number): Changes {
        let changes = this.changes.get(target);
        if (!changes)
            this.changes.set(target, (changes = { edit: undefined, deletion: undefined, reactions: new Map() }));
        return changes;
    }

    private fold(seq: number): void {
        const original = this.originals.get(seq);
        if (!original) return;
        const changes = this.changes.get(seq);
        const isDeleted = original.deleted === true || changes?.deletion !== undefined;
        this.put({
            id: messageId(original.user.id, original.key),
            key: original.key,
            seq,
            at: original.at,
            user: original.user,
            text: isDeleted ? "" : (changes?.edit?.text ?? original.text),
            isEdited: changes?.edit !== undefined && !isDeleted,
            isDeleted,
            replyTo: original.reply_to,
            mentions: isDeleted ? [] : ((changes?.edit ?? original).mentions ?? []),
            reactions: isDeleted || !changes ? [] : foldReactions(changes),
        });
    }

    private put(message: Message): void {
        const known = this.folded.get(message.seq);
        this.folded.set(message.seq, message);
        if (known) {
            this.list[indexOfSeq(this.messages, message.seq)] = message;
            return;
        }
        const newest = this.list[this.list.length - 1];
        if (newest && message.seq < newest.seq) this.isSorted = false;
        this.list.push(message);
    }
}

function indexOfSeq(messages: readonly Message[], seq: number): number {
    let low = 0;
    let high = messages.length - 1;
    while (low < high) {
        const middle = (low + high) >> 1;
        if ((messages[middle]?.seq ?? 0) < seq) low = middle + 1;
        else high = middle;
    }
    return low;
}

/** In the order in which each emoji came first. */
function foldReactions({ reactions }: Changes): Reaction[] {
    const found: (Reaction & { since: number })[] = [];
    for (const [emoji, users] of reactions) {
        const on = [...users.values()].filter((event) => event.on).sort((a, b) => a.seq - b.seq);
        const since = on[0]?.seq;
        if (since !== undefined) found.push({ emoji, users: on.map(({ user }) => user), since });
    }
    return found.sort((a, b) => a.since - b.since).map(({ emoji, users }) => ({ emoji, users }));
}
