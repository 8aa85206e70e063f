// SPDX-License-Identifier: Apache-2.0
// Typed listeners. Each `on` returns the call that undoes it; a listener that throws hurts nobody else.

export type Unsubscribe = () => void;

export class Emitter<Events extends object> {
    private readonly listeners = new Map<keyof Events, Set<(event: never) => void>>();

    constructor(private readonly report: (problem: unknown) => void) {}

    on<Name extends keyof Events>(name: Name, listener: (event: Events[Name]) => void): Unsubscribe {
        let set = this.listeners.get(name);
        if (!set) this.listeners.set(name, (set = new Set()));
        // A wrapper of its own, so that the same function given twice is two listeners with two ends.
        const entry = (event: Events[Name]): void => listener(event);
        set.add(entry);
        return () => void set.delete(entry);
    }

    emit<Name extends keyof Events>(name: Name, event: Events[Name]): void {
        for (const listener of [...(this.listeners.get(name) ?? [])]) {
            try {
                (listener as (event: Events[Name]) => void)(event);
            } catch (problem) {
                this.report(problem);
            }
        }
    }
}
