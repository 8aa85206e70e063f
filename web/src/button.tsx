// SPDX-License-Identifier: Apache-2.0
// A button that is only an icon, with the label that it needs.
import { Icon, type IconName } from "./icons";

interface IconButtonProps {
    icon: IconName;
    label: string;
    onClick: () => void;
    class?: string;
    testId?: string;
    isPressed?: boolean;
    isExpanded?: boolean;
}

export function IconButton({
    icon,
    label,
    onClick,
    class: extra = "",
    testId,
    isPressed,
    isExpanded,
}: IconButtonProps) {
    return (
        <button
            type="button"
            class={`icon-button ${extra}`}
            aria-label={label}
            title={label}
            aria-pressed={isPressed}
            aria-expanded={isExpanded}
            data-testid={testId}
            onClick={onClick}
        >
            <Icon name={icon} />
        </button>
    );
}
