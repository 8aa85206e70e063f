// SPDX-License-Identifier: Apache-2.0
// A modal dialog. The browser's own element keeps the focus inside and gives it back at the end.
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { t } from "../i18n";
import { IconButton } from "./button";

interface DialogProps {
    title: string;
    /** Undefined: the dialog must be answered. */
    onClose?: () => void;
    testId?: string;
    class?: string;
    children: ComponentChildren;
}

export function Dialog({ title, onClose, testId, class: extra = "", children }: DialogProps) {
    const element = useRef<HTMLDialogElement>(null);
    useEffect(() => {
        const dialog = element.current;
        dialog?.showModal();
        return () => dialog?.close();
    }, []);
    const cancelled = (event: Event): void => {
        event.preventDefault();
        onClose?.();
    };
    const clicked = (event: MouseEvent): void => {
        // A click beside the box hits the dialog element itself.
        if (event.target === element.current) onClose?.();
    };
    return (
        <dialog
            ref={element}
            class={`dialog ${extra}`}
            aria-label={title}
            data-testid={testId}
            onCancel={cancelled}
            onClick={clicked}
        >
            <div class="dialog-box">
                <header class="dialog-header">
                    <h2>{title}</h2>
                    {onClose && <IconButton icon="close" label={t("app.close")} onClick={onClose} />}
                </header>
                {children}
            </div>
        </dialog>
    );
}
