import * as core from './core.ts'

/** Every function that a job has in scope without import, by name. One module a family of helpers. */
export const operations: Readonly<Record<string, (...args: never[]) => unknown>> = { ...core }

export const operationNames: ReadonlySet<string> = new Set(Object.keys(operations))
