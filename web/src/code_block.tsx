// SPDX-License-Identifier: Apache-2.0
// A fenced block of code with a button that copies it, in colours where its language is known.
import { useEffect, useState } from "preact/hooks";
import { t } from "../i18n";
import type { Piece } from "./highlight";

const SHOWN_MS = 1_500;

function usePieces(text: string, language: string): readonly Piece[] | undefined {
    const [pieces, setPieces] = useState<readonly Piece[] | undefined>();
    useEffect(() => {
        let isWanted = true;
        setPieces(undefined);
        if (language === "") return undefined;
        import("./highlight").then(
            ({ highlight }) => isWanted && setPieces(highlight(text, language)),
            // Without colours it is the same text.
            () => undefined,
        );
        return () => void (isWanted = false);
    }, [text, language]);
    return pieces;
}

export function CodeBlock({ text, language }: { text: string; language: string }) {
    const [isCopied, setCopied] = useState(false);
    const pieces = usePieces(text, language);
    useEffect(() => {
        if (!isCopied) return undefined;
        const timer = window.setTimeout(() => setCopied(false), SHOWN_MS);
        return () => window.clearTimeout(timer);
    }, [isCopied]);
    const copy = (): void => {
        navigator.clipboard?.writeText(text).then(
            () => setCopied(true),
            () => undefined,
        );
    };
    const coloured = pieces?.map(({ text: part, kind }) => (kind ? <i class={`code-${kind}`}>{part}</i> : part));
    return (
        <div class="code-block">
            <pre tabIndex={0} dir="ltr">
                <code>{coloured ?? text}</code>
            </pre>
            <button type="button" class="code-copy" onClick={copy}>
                {isCopied ? t("message.copied") : t("message.copyCode")}
            </button>
        </div>
    );
}
