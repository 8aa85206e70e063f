// SPDX-License-Identifier: Apache-2.0
// The candidates for the word that is being typed, above the composer. The focus stays in the text.
import type { Candidate, CompletionKind } from "./completion";
import { hueClass, initials } from "./format";
import { type Key, t } from "../i18n";

interface CandidateListProps {
    id: string;
    kind: CompletionKind;
    candidates: readonly Candidate[];
    chosen: number;
    onChoose: (candidate: Candidate) => void;
    onPoint: (index: number) => void;
}

const TITLES: Readonly<Record<CompletionKind, Key>> = {
    user: "complete.users",
    room: "app.rooms",
    emoji: "emoji.title",
    command: "complete.commands",
};

export function optionId(listId: string, index: number): string {
    return `${listId}-${index}`;
}

export function CandidateList({ id, kind, candidates, chosen, onChoose, onPoint }: CandidateListProps) {
    const press = (event: MouseEvent, candidate: Candidate): void => {
        // The text would lose the focus.
        event.preventDefault();
        onChoose(candidate);
    };
    return (
        <div class="candidates" role="listbox" id={id} aria-label={t(TITLES[kind])} data-testid="candidates">
            {candidates.map((candidate, index) => (
                <div
                    key={candidate.id}
                    id={optionId(id, index)}
                    class={`candidate${index === chosen ? " is-chosen" : ""}`}
                    role="option"
                    aria-selected={index === chosen}
                    onMouseDown={(event) => press(event, candidate)}
                    onMouseMove={() => index !== chosen && onPoint(index)}
                >
                    {candidate.userId !== undefined && (
                        <span class={`avatar is-small ${hueClass(candidate.userId)}`} aria-hidden="true">
                            {initials(candidate.names[0] ?? "")}
                        </span>
                    )}
                    {candidate.glyph !== undefined && (
                        <span class="candidate-glyph" aria-hidden="true">
                            {candidate.glyph}
                        </span>
                    )}
                    <bdi class="candidate-name">
                        {kind === "emoji" ? `:${candidate.names[0] ?? ""}:` : candidate.names[0]}
                    </bdi>
                    {candidate.detail !== undefined && <span class="candidate-detail">{candidate.detail}</span>}
                </div>
            ))}
        </div>
    );
}
