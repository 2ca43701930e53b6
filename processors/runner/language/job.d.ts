/**
 * What a job has in scope without import, for editors. Beside a job, a `jsconfig.json` like this turns it on:
 *
 *     { "compilerOptions": { "checkJs": true, "strict": false, "noEmit": true, "target": "esnext", "lib": ["esnext"], "types": [],
 *       "module": "esnext", "moduleDetection": "force" }, "files": ["job.d.ts", "job.js"] }
 *
 * ECMAScript's own globals are there as in any program, but for those that the job language leaves out.
 */

/** What comes from JSON, or goes there: whatever its author says that it is. */
type Loose = ReturnType<typeof JSON.parse>

/** What an operation is given and gives on. At first it is `{ data, request, references }`: the body of the message, and what came with it. */
interface State {
  data?: Loose
  references?: Loose[]
  configuration?: Loose
  response?: Loose
  [name: string]: Loose
}

/** A function of the state; what it returns, or the promise of it, is the next operation's state. */
interface Operation {
  (state: State): Loose
  /** Goes on with the outcome of this operation. */
  then(next: (state: Loose) => Loose, failed?: (error: Loose) => Loose): Operation
  /** Goes on when this operation failed; right after the operation it is given the state, too. */
  catch(handle: (error: Loose, state: State) => Loose): Operation
  finally(action: () => void): Operation
}

type OperationLike = (state: State) => Loose
/** A value, or a function of the state that gives it. */
type Lazy<T> = T | ((state: State) => Loose)
/** A JSONPath such as `'$.data.rows[*]'`, a function of the state, or the list itself. */
type Items = Lazy<string | Iterable<Loose>>
type Field = readonly [key: string, value: Loose]
type Fields = Lazy<Record<string, Loose>>

/** The state while an operation works, in what the operation is given: `get($.data.url)`. */
declare const $: State & Loose
/** The state that the run began with, where it is named outside of functions: `get('/x', { query: { after: state.lastId } })`. */
declare const state: State

// What a job is made of

/** `fn(state => …)`: the operation that you write. Return the state. */
declare function fn(operation: OperationLike): Operation
/** The name that `fn` had in OpenFn v1. */
declare function alterState(operation: OperationLike): Operation
/** Does the operation if the condition holds; otherwise the state stays as it is. */
declare function fnIf(condition: Lazy<unknown>, operation: OperationLike): Operation
/** Does the operations one after another. */
declare function execute(...operations: readonly (OperationLike | readonly OperationLike[])[]): Operation
/** Does the operations one after another, as one. */
declare function combine(...operations: readonly OperationLike[]): Operation
/** Does the operation for each item, one after another, with the item as `data` and its place as `index`. Afterwards `data` is the last item. */
declare function each(items: Items, operation: OperationLike): Operation
declare const beta: {
  /** As `each`; afterwards `data` is what it was before. */
  each(items: Items, operation: OperationLike): Operation
}
/** Calls the function for each item, one after another; the results become `data`. */
declare function map(
  items: Items,
  action?: (item: Loose, index: number, state: State) => Loose,
  state?: State,
): Operation
/** Does the operation, puts its `data` under the key, and leaves `data` as it was. */
declare function as(key: Lazy<string>, operation: OperationLike): Operation
/** Ends the run with the message unless the condition holds. */
declare function assert(condition: Lazy<unknown>, message?: Lazy<string>): Operation
/** Prints values, and what functions give for the state. */
declare function log(...values: Lazy<unknown>[]): Operation
/** As `log`, a line of level debug. */
declare function debug(...values: Lazy<unknown>[]): Operation
/** Remembers in the state how far the run has come: `'now'`, `'start'`, `'today'`, `'3 days ago'` … or any value. */
declare function cursor(
  value: Lazy<unknown>,
  options?: { key?: Lazy<string>; defaultValue?: Lazy<unknown>; format?: (value: Loose) => unknown },
): Operation
/** Reads CSV into objects: they become `data`, or the callback is given them, `chunkSize` at a time. */
declare function parseCsv(
  csv: Lazy<unknown>,
  options?: Lazy<Record<string, unknown>>,
  callback?: (state: State, rows: Loose[]) => Loose,
): Operation
/** Groups a list by the value at a path; the groups become `data`. */
declare function group(list: Lazy<unknown>, key: Lazy<string>, callback?: OperationLike): Operation
/** Checks data against a JSON Schema; what is wrong is added to `validationErrors` of the state. */
declare function validate(schema?: Lazy<unknown>, data?: Lazy<unknown>): Operation

// Values of the state, for what an operation is given

/** The first that a JSONPath finds in the state. */
declare function sourceValue(path: string): (state: State) => Loose
/** All that a JSONPath finds in the state. */
declare function source(path: string): (state: State) => Loose[]
/** The first that a path finds in `data`. */
declare function dataValue(path: string): (state: State) => Loose
/** The JSONPath of a path in `data`. */
declare function dataPath(path: string): string
/** The first that a path finds in the newest of `references`. */
declare function lastReferenceValue(path: string): (state: State) => Loose
declare function referencePath(path: string): string
/** The place of the item of `each`, from 0. */
declare function index(): (state: State) => number
/** A key with its value, which may be a function of the state. */
declare function field(key: string, value: Lazy<unknown>): Field
/** An object of fields. */
declare function fields(...pairs: Field[]): Record<string, Loose>
/** The items, each with the fields in it. */
declare function merge(items: Items, fields: Fields): (state: State) => Loose[]
/** The items that the first path finds, each with what the second finds under the key. */
declare function join(targetPath: Items, sourcePath: string, key: string): (state: State) => Loose[]
/** The value with all functions in it called with the state. */
declare function expandReferences(value: unknown, skip?: (value: Loose) => boolean): (state: State) => Loose

// Plain functions

/** The first that a JSONPath finds in an object. */
declare function jsonValue(object: unknown, path: string): Loose
declare function asData(data: Lazy<unknown>, state: State): Loose
/** The state with new `data`; the data before is added to `references`. */
declare function composeNextState(state: State, data: unknown): State
declare function arrayToString(list: readonly unknown[], separator?: string): string
declare function toArray(value: unknown): Loose[]
/** What is left of the object, and what was under the keys. */
declare function splitKeys(
  object: Record<string, Loose>,
  keys: readonly string[],
): [Record<string, Loose>, Record<string, Loose>]
/** Lists, or texts, of at most `size`. */
declare function chunk<T extends readonly unknown[] | string>(list: T, size: number): T[]
/** `first_name` becomes `First Name`. */
declare function humanProper<T>(text: T): T
declare function scrubEmojis(text: string, replacement?: string): string
/** Functions of the library date-fns, under their own names. */
declare const dateFns: Record<string, (...given: Loose[]) => Loose>
/** Helpers for adaptors: `util.uuid()`, `util.encode(text)`, `util.throwError(code, facts)` … */
declare const util: Record<string, (...given: Loose[]) => Loose>

// HTTP. The credential of the job is used for paths; `data` becomes the body of the answer, and the data before is added to `references`

/** What may be said of a request. */
interface RequestOptions {
  query?: Lazy<unknown>
  headers?: Lazy<unknown>
  body?: Lazy<unknown>
  /** `false`, or a status to what is done about it. */
  errors?: Loose
  parseAs?: 'auto' | 'json' | 'text' | 'base64' | 'stream'
  timeout?: number
  [name: string]: Loose
}

type Callback = (state: State) => Loose
type Call = (path: Lazy<string>, options?: Lazy<RequestOptions>, callback?: Callback) => Operation
type CallWithData = (
  path: Lazy<string>,
  data?: Lazy<unknown>,
  options?: Lazy<RequestOptions> | Callback,
  callback?: Callback,
) => Operation

declare const get: Call &
  ((resource: Lazy<string>, query: Lazy<unknown>, options: Lazy<unknown>, callback?: Callback) => Operation)
declare const del: Call
declare const head: Call
declare const options: Call
declare const post: CallWithData
declare const put: CallWithData
declare const patch: CallWithData
declare function request(
  method: Lazy<string>,
  path: Lazy<string>,
  options?: Lazy<RequestOptions>,
  callback?: Callback,
): Operation
/** A request whose failure is a part of the state. */
declare function fetchWithErrors(...given: Loose[]): Operation
/** Reads XML or HTML; the function is given what finds in it. */
declare function parseXML(data: Lazy<unknown>, script?: Loose): Operation

/** Operations for any server. Absolute URLs get no credential but what the options say. */
declare const http: {
  request(method: Lazy<string>, url: Lazy<unknown>, options?: Lazy<RequestOptions>): Operation
  /** Builds options: `http.options({ query }).bearer(token)`. */
  options(given?: Lazy<RequestOptions>): Loose
  get(url: Lazy<unknown>, options?: Lazy<RequestOptions>): Operation
  del(url: Lazy<unknown>, options?: Lazy<RequestOptions>): Operation
  delete(url: Lazy<unknown>, options?: Lazy<RequestOptions>): Operation
  head(url: Lazy<unknown>, options?: Lazy<RequestOptions>): Operation
  post(url: Lazy<unknown>, data?: Lazy<unknown>, options?: Lazy<RequestOptions>): Operation
  put(url: Lazy<unknown>, data?: Lazy<unknown>, options?: Lazy<RequestOptions>): Operation
  patch(url: Lazy<unknown>, data?: Lazy<unknown>, options?: Lazy<RequestOptions>): Operation
}

// What a job has in scope when its `adaptor` says so: salesforce, dhis2, openmrs or postgresql. Some names are in several of them

/** Salesforce: `create('Visit__c', { Name: $.data.name })`. DHIS2: `create('dataElements', data, options)`. OpenMRS: `create('person', data)`. */
declare function create(
  what: Lazy<string>,
  data: Lazy<unknown>,
  options?: Lazy<unknown> | Callback,
  callback?: Callback,
): Operation
/** Salesforce: `update('Visit__c', { Id, … })`. DHIS2: `update('dataElements', id, data, options)`. OpenMRS: `update('person/<uuid>', data)`. */
declare function update(what: Lazy<string>, dataOrId: Lazy<unknown>, ...rest: Lazy<unknown>[]): Operation
/** Salesforce: `upsert('Visit__c', 'Number__c', fields)`. DHIS2: `upsert('dataElements', query, data, options)`. OpenMRS: `upsert('patient', data, query)`.
 * PostgreSQL: `upsert('visits', 'id', row, options)`. */
declare function upsert(what: Lazy<string>, how: Lazy<unknown>, ...rest: Lazy<unknown>[]): Operation
/** Salesforce: `destroy('Visit__c', ids)`. DHIS2: `destroy('dataElements', id)`. OpenMRS: `destroy('person/<uuid>', { purge: true })`. */
declare function destroy(what: Lazy<string>, which?: Lazy<unknown>, ...rest: Lazy<unknown>[]): Operation

/** Salesforce: creates the record if the condition holds. */
declare function createIf(condition: Lazy<unknown>, sObject: Lazy<string>, attributes: Lazy<unknown>): Operation
/** Salesforce: `upsertIf(condition, 'Visit__c', 'Number__c', fields)`. PostgreSQL: `upsertIf(condition, 'visits', 'id', row, options)`. */
declare function upsertIf(condition: Lazy<unknown>, what: Lazy<string>, ...rest: Lazy<unknown>[]): Operation
/** Salesforce: what SOQL finds becomes the newest of `references`; `{ autoFetch: true }` reads all pages. */
declare function query(soql: Lazy<string>, options?: Lazy<{ autoFetch?: boolean }>, callback?: Callback): Operation
declare function retrieve(sObject: Lazy<string>, id: Lazy<string>, callback?: Callback): Operation
declare function describe(sObject?: Lazy<string>): Operation
type BulkNames = 'extIdField' | 'failOnError' | 'allowNoOp' | 'pollInterval' | 'pollTimeout'
/** Salesforce: records by the thousand, by the Bulk API 2.0. */
declare function bulk(
  sObject: Lazy<string>,
  operation: Lazy<'insert' | 'update' | 'upsert' | 'delete'>,
  options: Lazy<Partial<Record<BulkNames, Loose>>> | ((state: State) => Loose[]),
  records?: Lazy<Loose[]>,
): Operation
/** Salesforce: a field that points to the record that has the external id. */
declare function relationship(name: string, externalId: string, value: Lazy<unknown>): Field
declare function lookup(name: string, externalId: string, path: string): Field
/** Salesforce: the id of what the newest operation made; `1` is the one before. */
declare function reference(position: number): (state: State) => string

/** DHIS2: creates an event. */
declare function event(data: Lazy<unknown>): Operation
/** DHIS2: sends data values. */
declare function dataValueSet(data: Lazy<unknown>): Operation
declare function dataElement(id: string, value: Lazy<unknown>, comment?: Lazy<string>): Record<string, Loose>

/** OpenMRS: creates a person; `patient` and `encounter` the like. */
declare function person(data: Lazy<unknown>): Operation
declare function patient(data: Lazy<unknown>): Operation
declare function encounter(data: Lazy<unknown>): Operation

/** PostgreSQL: `options.values` are bound to `$1`, `$2` …; the rows become `data`. Without values it may be several statements. */
declare function sql(query: Lazy<unknown>, options?: Lazy<unknown>, callback?: Callback): Operation
type ToTable = (table: Lazy<string>, what: Lazy<unknown>, options?: Lazy<unknown>, callback?: Callback) => Operation
/** PostgreSQL: a row, rows; a table with its columns `{ name, type, default, unique, identity, required }`, columns for one. */
declare const insert: ToTable
declare const insertMany: ToTable
declare const insertTable: ToTable
declare const modifyTable: ToTable
declare const upsertMany: typeof upsert
/** PostgreSQL: the value of the column `uuid` in the first row for which `where` holds becomes `data`. */
declare function findValue(filter: Lazy<{ uuid: Loose; relation: Loose; where?: Loose; operator?: Loose }>): Operation
declare function describeTable(table: Lazy<string>, options?: Lazy<unknown>, callback?: Callback): Operation

// What the web and Node have beside the language

/** A line of the run's log. */
declare const console: Record<'log' | 'info' | 'warn' | 'error' | 'debug', (...values: unknown[]) => void>
declare function setTimeout(action: (...given: Loose[]) => void, ms?: number, ...given: unknown[]): number
declare function setInterval(action: (...given: Loose[]) => void, ms?: number, ...given: unknown[]): number
declare function clearTimeout(timer?: number): void
declare function clearInterval(timer?: number): void
declare function queueMicrotask(action: () => void): void
declare function structuredClone<T>(value: T): T
declare function atob(base64: string): string
declare function btoa(text: string): string
declare function fetch(url: Loose, init?: Loose): Promise<Loose>
declare const crypto: { randomUUID(): string; getRandomValues<T>(array: T): T }
/** What `globalThis` was called in OpenFn v1. */
declare const global: typeof globalThis

type LooseClass = { new (...given: Loose[]): Loose; [name: string]: Loose }
declare const AbortController: LooseClass
declare const AbortSignal: LooseClass
declare const Blob: LooseClass
declare const Buffer: LooseClass
declare const DOMException: LooseClass
declare const File: LooseClass
declare const FormData: LooseClass
declare const Headers: LooseClass
declare const Request: LooseClass
declare const Response: LooseClass
declare const TextDecoder: LooseClass
declare const TextEncoder: LooseClass
declare const URL: LooseClass
declare const URLSearchParams: LooseClass

/** Imports of what is in scope already. */
declare module '@openfn/*'
