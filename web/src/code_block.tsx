// SPDX-License-Identifier: Apache-2.0
// A fenced block of code with a button that copies it.
import { useEffect, useState } from "preact/hooks";
import { t } from "../i18n";

const SHOWN_MS = 1_500;

export function CodeBlock({ text }: { text: string }) {
    const [isCopied, setCopied] = useState(false);
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
    return (
        <div class="code-block">
            <pre tabIndex={0}>
                <code>{text}</code>
            </pre>
            <button type="button" class="code-copy" onClick={copy}>
                {isCopied ? t("message.copied") : t("message.copyCode")}
            </button>
        </div>
    );
}
