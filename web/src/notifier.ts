// SPDX-License-Identifier: Apache-2.0
// The page's models tell that they changed; components that use one are drawn again. That is the whole of its state
// management.
import { useEffect, useReducer } from "preact/hooks";

export class Notifier {
    private readonly listeners = new Set<() => void>();
    private isTold = false;

    listen(listener: () => void): () => void {
        this.listeners.add(listener);
        return () => void this.listeners.delete(listener);
    }

    /** Many changes of one turn are told once. */
    protected changed(): void {
        if (this.isTold) return;
        this.isTold = true;
        queueMicrotask(() => {
            this.isTold = false;
            for (const listener of [...this.listeners]) listener();
        });
    }
}

/** Draws the component again whenever the model changes. */
export function useModel<Model extends Notifier>(model: Model): Model {
    const [, draw] = useReducer((count: number, _: undefined) => count + 1, 0);
    useEffect(() => {
        // What changed between the first drawing and this moment was told to nobody.
        draw(undefined);
        return model.listen(() => draw(undefined));
    }, [model]);
    return model;
}
