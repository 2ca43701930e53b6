import type { BuiltInAdaptor } from '../../../topology/project/adaptors.ts'

// The names of what a job has in scope, without the things themselves: whoever compiles needs to load none of them. A test holds them together.

/** What all runs share (`operations.ts`). */
export const operationNames: ReadonlySet<string> = new Set([
  ...['alterState', 'as', 'assert', 'combine', 'execute', 'fn', 'fnIf', 'parseCsv', 'dateFns', 'beta', 'each', 'map'],
  ...['field', 'fields', 'index', 'join', 'merge', 'arrayToString', 'chunk', 'group', 'splitKeys', 'toArray'],
  ...['asData', 'dataPath', 'dataValue', 'jsonValue', 'lastReferenceValue', 'referencePath', 'source', 'sourceValue'],
  ...['composeNextState', 'expandReferences', 'humanProper', 'scrubEmojis', 'parseXML'],
])

/** What is made for each run and gives operations (`of-run.ts`). */
export const ofRunOperationNames: readonly string[] = [
  ...['get', 'post', 'put', 'patch', 'del', 'head', 'options', 'request', 'fetchWithErrors', 'http'],
  ...['cursor', 'debug', 'log', 'validate'],
]

/** All that is made for each run (`of-run.ts`), in the order in which a compiled job takes it. */
export const ofRunNames: readonly string[] = [
  ...['console', 'setTimeout', 'setInterval', 'clearTimeout', 'clearInterval', '.then', 'util'],
  ...['fetch', 'AbortSignal', 'crypto'],
  ...ofRunOperationNames,
]

/** What a built-in adaptor has for its own jobs (`adaptors/makers.ts`): operations and what they are given, all made for each run. */
export const adaptorNames: Readonly<Record<BuiltInAdaptor, readonly string[]>> = {
  common: [],
  http: [],
  salesforce: [
    ...['create', 'createIf', 'upsert', 'upsertIf', 'update', 'destroy', 'query', 'retrieve', 'describe', 'bulk'],
    ...['relationship', 'lookup', 'reference'],
  ],
  dhis2: ['get', 'create', 'update', 'upsert', 'destroy', 'event', 'dataValueSet', 'dataElement'],
  postgresql: [
    ...['sql', 'findValue', 'insert', 'insertMany', 'upsert', 'upsertIf', 'upsertMany'],
    ...['describeTable', 'insertTable', 'modifyTable'],
  ],
  openmrs: ['get', 'create', 'update', 'upsert', 'destroy', 'person', 'patient', 'encounter'],
}

/** The state that the run began with, as a free `state` outside of functions sees it (OpenFn v1). A parameter of the job that uses it. */
export const stateName = 'state'

/** What the web and Node have beside the language (`web/globals.ts`). */
export const webGlobalNames: readonly string[] = [
  ...['AbortController', 'Blob', 'Buffer', 'DOMException', 'File', 'FormData', 'Headers', 'Request', 'Response'],
  ...['TextDecoder', 'TextEncoder', 'URL', 'URLSearchParams', 'atob', 'btoa', 'structuredClone', 'queueMicrotask'],
]
