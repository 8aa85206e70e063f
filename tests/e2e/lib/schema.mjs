// SPDX-License-Identifier: Apache-2.0
// A small validator for the JSON Schemas of docs/protocol/schema. It knows the keywords that they use, and refuses to
// load a schema with any other: a keyword that nobody checks is a promise that nobody keeps.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const typeChecks = {
    object: (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
    array: Array.isArray,
    string: (value) => typeof value === 'string',
    boolean: (value) => typeof value === 'boolean',
    integer: (value) => Number.isInteger(value),
};
const characters = (text) => [...text].length; // code points, as the standard counts
const own = (object, name) => Object.hasOwn(object, name);
const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

/** Each keyword: (its value, the instance, the whole schema, what to recurse with) → faults. */
const keywords = {
    type: (type, value) => (typeChecks[type](value) ? [] : [`is not of type ${type}`]),
    const: (wanted, value) => (same(wanted, value) ? [] : [`is not ${JSON.stringify(wanted)}`]),
    enum: (allowed, value) =>
        allowed.some((one) => same(one, value)) ? [] : [`is none of ${allowed.map((one) => JSON.stringify(one))}`],
    minLength: (min, value) =>
        typeof value !== 'string' || characters(value) >= min ? [] : [`has fewer than ${min} characters`],
    maxLength: (max, value) =>
        typeof value !== 'string' || characters(value) <= max ? [] : [`has more than ${max} characters`],
    pattern: (pattern, value) =>
        typeof value !== 'string' || new RegExp(pattern, 'u').test(value) ? [] : [`does not match ${pattern}`],
    minimum: (min, value) => (typeof value !== 'number' || value >= min ? [] : [`is less than ${min}`]),
    maximum: (max, value) => (typeof value !== 'number' || value <= max ? [] : [`is more than ${max}`]),
    maxItems: (max, value) => (!Array.isArray(value) || value.length <= max ? [] : [`has more than ${max} items`]),
    required: (names, value) =>
        typeChecks.object(value)
            ? names.filter((name) => !own(value, name)).map((name) => `lacks "${name}"`)
            : [],
    properties: (schemas, value, schema, walk) =>
        typeChecks.object(value)
            ? Object.keys(schemas)
                .filter((name) => own(value, name))
                .flatMap((name) => walk(schemas[name], value[name], name))
            : [],
    additionalProperties: (allowed, value, schema, walk) =>
        typeChecks.object(value)
            ? Object.keys(value)
                .filter((name) => !own(schema.properties ?? {}, name))
                .flatMap((name) => walk(allowed, value[name], name))
            : [],
    minItems: (least, value) => (Array.isArray(value) && value.length < least ? [`has fewer than ${least}`] : []),
    uniqueItems: (isAsked, value) =>
        isAsked && Array.isArray(value) && new Set(value.map((item) => JSON.stringify(item))).size < value.length
            ? ['has something twice']
            : [],
    items: (schema, value, whole, walk) =>
        Array.isArray(value) ? value.flatMap((item, index) => walk(schema, item, index)) : [],
    oneOf: (schemas, value, whole, walk) => {
        const faults = schemas.map((schema) => walk(schema, value));
        const count = faults.filter((list) => list.length === 0).length;
        if (count === 1) return [];
        return [count > 1 ? `fits ${count} of oneOf` : `fits none of oneOf (${faults.flat().join('; ')})`];
    },
    $ref: (target, value, whole, walk) => walk(target, value),
};
const remarks = new Set(['$schema', '$id', '$comment', '$defs', 'title', 'description']);

export class Schemas {
    constructor(folder) {
        this.files = new Map();
        for (const name of readdirSync(folder).sort())
            this.files.set(name, JSON.parse(readFileSync(join(folder, name), 'utf8')));
        for (const [name, schema] of this.files) this.prepare(schema, name);
    }

    /** Replaces the names in `$ref` by the schemas that they mean, and refuses what nobody would check. */
    prepare(schema, file) {
        if (typeof schema === 'boolean') return;
        for (const [keyword, value] of Object.entries(schema)) {
            const isKnown = own(keywords, keyword) || remarks.has(keyword);
            if (!isKnown) throw new Error(`${file}: unknown keyword ${keyword}`);
            if (keyword === 'type' && !own(typeChecks, value)) throw new Error(`${file}: unknown type ${value}`);
            if (keyword === '$ref' && typeof value === 'string') schema.$ref = this.find(value, file);
            if (keyword === 'properties' || keyword === '$defs')
                for (const inner of Object.values(value)) this.prepare(inner, file);
            if (keyword === 'oneOf') for (const inner of value) this.prepare(inner, file);
            if (keyword === 'items' || keyword === 'additionalProperties') this.prepare(value, file);
        }
    }

    find(reference, file) {
        const [name, pointer = ''] = reference.split('#');
        let found = this.files.get(name || file);
        for (const step of pointer.split('/').slice(1)) found = found?.[step];
        if (found === undefined) throw new Error(`${file}: nothing at ${reference}`);
        return found;
    }

    /** What is wrong with the value, a sentence each; empty: nothing. */
    faults(schema, value, path = '') {
        if (typeof schema === 'boolean') return schema ? [] : [`${path || 'it'} must not be there`];
        const walk = (inner, innerValue, step) =>
            this.faults(inner, innerValue, step === undefined ? path : `${path}/${step}`);
        return Object.entries(schema).flatMap(([keyword, expected]) =>
            own(keywords, keyword)
                ? keywords[keyword](expected, value, schema, walk).map((fault) =>
                    fault.startsWith('/') ? fault : `${path || '/'} ${fault}`,
                )
                : [],
        );
    }

    /** `side` is "client" or "server". */
    frameFaults(side, frame) {
        const file = `${side}.${frame?.type}.json`;
        const schema = this.files.get(file);
        return schema ? this.faults(schema, frame) : [`there is no schema ${file}`];
    }

    /** The types that one side may send, in alphabetical order. */
    types(side) {
        return [...this.files.keys()]
            .filter((name) => name.startsWith(`${side}.`))
            .map((name) => name.slice(side.length + 1, -'.json'.length));
    }
}
