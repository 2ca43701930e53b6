import { createHash } from 'node:crypto'
import { isName, isUuid } from '../words/ids.ts'
import { isJsonArray, isJsonObject, type Json, type JsonObject } from '../words/json.ts'
import { adaptor } from './adaptors.ts'
import { allowedHosts } from './allowed-host.ts'
import { optional, readKeys, required, type Spot } from './keys.ts'
import { quote, type Report } from './problems.ts'
import type { Job, OrderKey, Project, RetryPolicy, Source, Trigger } from './project.ts'
import {
  duration,
  flag,
  integer,
  json,
  listOf,
  mustBe,
  name,
  nameRule,
  names,
  object,
  oneOf,
  type Read,
  size,
  text,
} from './values.ts'

/** What a document says by itself: sources may still lack their ids, jobs have no versions, and their adaptors are only names. */
export type Draft = Omit<Project, 'sources' | 'jobs'> &
  Readonly<{ sources: ReadonlyMap<string, DraftSource>; jobs: ReadonlyMap<string, DraftJob> }>
export type DraftSource = Omit<Source, 'id'> & Readonly<{ id: string | null }>
export type DraftJob = Omit<Job, 'version'>

/** Reads the data of a document, with every default filled in (semantics.md 7, 10). What was reported is not to be used. */
export const readDraft = (document: Json, report: Report): Draft => {
  const root = isJsonObject(document) ? document : {}
  if (root !== document) report([], mustBe('an object with the keys of a project', document).problem)
  const keys = readKeys(root, projectKeys, { path: [], report })
  const { name, description, sources, triggers, jobs, egress, limits } = keys
  const { allow, allow_private } = readKeys(egress, egressKeys, { path: ['egress'], report })
  const { loop_limit } = readKeys(limits, limitKeys, { path: ['limits'], report })
  return {
    name,
    description,
    sources: readNamed(sources, readSource, { path: ['sources'], report }),
    triggers: readNamed(triggers, readTrigger, { path: ['triggers'], report }),
    jobs: readNamed(jobs, readJob, { path: ['jobs'], report }),
    egress: { allow, allowPrivate: allow_private },
    limits: { loopLimit: loop_limit },
  }
}

/** The name of a code in `definitions`: its SHA-256, in hex. */
export const codeIdOf = (code: string): string => createHash('sha256').update(code).digest('hex')

const readSource = (source: JsonObject, name: string, spot: Spot): DraftSource => {
  const kind = readKeys(typeOf(source), sourceTypeKeys, spot).type
  // Which other keys are right depends on the type.
  const { id, path, enabled, max_body_bytes, key } = readKeys(kind === null ? {} : source, webhookKeys, spot)
  return { kind: kind ?? 'webhook', name, id, path, enabled, maxBodyBytes: max_body_bytes, key }
}

const readTrigger = (trigger: JsonObject, name: string, spot: Spot): Trigger => {
  const kind = readKeys(typeOf(trigger), triggerTypeKeys, spot).type
  if (kind === null) return { kind: 'message', name, sources: null }
  if (kind !== 'message') return { kind, name, job: readKeys(trigger, afterKeys, spot).job }
  const { filter, not, source } = readKeys(trigger, messageKeys, spot)
  return { kind, name, ...(filter !== undefined && { filter }), ...(not !== undefined && { not }), sources: source }
}

const readJob = (job: JsonObject, name: string, spot: Spot): DraftJob => {
  const keys = readKeys(job, jobKeys, spot)
  if (keys.trigger !== null && keys.triggers !== null) {
    spot.report([...spot.path, 'triggers'], 'Give either "trigger" or "triggers", not both.')
  }
  return {
    name,
    triggers: keys.triggers ?? (keys.trigger === null ? [] : [keys.trigger]),
    adaptor: keys.adaptor,
    bundle: null,
    compiled: null,
    code: keys.expression,
    codeId: codeIdOf(keys.expression),
    credential: keys.credential,
    enabled: keys.enabled,
    concurrency: keys.concurrency,
    order: keys.order,
    effects: keys.effects,
    timeoutMs: keys.timeout,
    memoryMb: keys.memory_mb,
    retry: readRetry(keys, { ...spot, path: [...spot.path, 'retry'] }),
    console: keys.console,
    logLimitBytes: keys.log_limit,
    testMode: keys.test_mode,
  }
}

const readRetry = (
  { retry, effects }: Readonly<{ retry: JsonObject; effects: Job['effects'] }>,
  spot: Spot,
): RetryPolicy => {
  const { attempts, backoff, on } = readKeys(retry, retryKeys, spot)
  if (effects === 'at-most-once' && attempts > 1) {
    spot.report(
      [...spot.path, 'attempts'],
      'A job with "effects: at-most-once" is never tried again: leave "retry" out, or take at-least-once.',
    )
  }
  return { attempts, backoffMs: backoff, on }
}

const readNamed = <T>(
  entries: JsonObject,
  read: (entry: JsonObject, name: string, spot: Spot) => T,
  { path, report }: Spot,
): ReadonlyMap<string, T> => {
  const found = new Map<string, T>()
  for (const [name, entry] of Object.entries(entries)) {
    const spot = { path: [...path, name], report }
    if (!isName(name)) report(spot.path, `${quote(name)} is no name: take ${nameRule}.`)
    if (isJsonObject(entry)) found.set(name, read(entry, name, spot))
    else report(spot.path, mustBe('an object', entry).problem)
  }
  return found
}

const typeOf = (entry: JsonObject): JsonObject => (Object.hasOwn(entry, 'type') ? { type: entry['type'] ?? null } : {})

const uuid: Read<string> = (value) => {
  const id = typeof value === 'string' ? value.toLowerCase() : ''
  return isUuid(id) ? { ok: id } : mustBe('a UUID', value)
}

/** A project and a source's path stand where an id may stand too (`/i/…`), so they must not look like one. */
const projectName: Read<string> = (value) => (uuidLike(value) ? mustBe('a name that is no UUID', value) : name(value))

const sourcePath: Read<string> = (value) => {
  if (uuidLike(value)) return mustBe('a path that is no UUID', value)
  return typeof value === 'string' && /^[a-z0-9][a-z0-9_-]{0,254}$/.test(value)
    ? { ok: value }
    : mustBe('1 to 255 of the letters a-z, digits, "-" and "_", the first a letter or digit', value)
}

const uuidLike = (value: Json): boolean => 'ok' in uuid(value)

const orderKey: Read<OrderKey> = (value) => {
  const header = typeof value === 'string' ? /^header:([\w!#$%&'*+.^`|~-]+)$/.exec(value)?.[1] : undefined
  if (header !== undefined) return { ok: { kind: 'header', name: header.toLowerCase() } }
  if (typeof value !== 'string' || !value.startsWith('$')) {
    return mustBe('"header:" and the name of a header, or a JSONPath that begins with $', value)
  }
  if (pathWithCode.test(value)) {
    return { problem: 'Holds an expression ([?(…)] or [(…)]), and those are not evaluated: name the place itself.' }
  }
  return { ok: { kind: 'path', jsonPath: value } }
}

/** A member that is a filter or a script, as JSONPath libraries know them; brackets within a name are none. */
const pathWithCode = /[[.'"]\s*\??\(|\[\s*\?/

const backoff: Read<RetryPolicy['backoffMs']> = (value) => {
  const read = isJsonArray(value) ? durations(value) : duration('3d')(value)
  if (!('ok' in read)) return read
  const [first, ...rest] = [read.ok].flat()
  return first === undefined
    ? { problem: 'Is empty: write a duration like 5s, or a list of them.' }
    : { ok: [first, ...rest] }
}

const durations = listOf(duration('3d'), 'a list of durations')

const oneTrigger: Read<string> = (value) =>
  isJsonArray(value) ? { problem: 'Is a list: name one trigger here, or write the list as "triggers".' } : text(value)

const code: Read<string> = (value) => {
  if (typeof value === 'string' && value.trim() === '') return { problem: 'Is empty: write the code of the job.' }
  return text(value)
}

const projectKeys = {
  name: required(projectName, '', 'the name of the project'),
  description: optional(text, ''),
  sources: optional(object, {}),
  triggers: optional(object, {}),
  jobs: optional(object, {}),
  egress: optional(object, {}),
  limits: optional(object, {}),
}

const egressKeys = { allow: optional(allowedHosts, []), allow_private: optional(flag, false) }
const limitKeys = { loop_limit: optional(integer(1, 10_000), 100) }

const sourceType = oneOf('webhook')
const sourceTypeKeys = { type: required<Source['kind'] | null>(sourceType, null, 'the type "webhook"') }

const webhookKeys = {
  type: optional(sourceType, null),
  id: optional(uuid, null),
  path: optional(sourcePath, null),
  enabled: optional(flag, true),
  max_body_bytes: optional(size('10mb'), 10_000_000),
  key: optional(orderKey, null),
}

const triggerType = oneOf('message', 'flow', 'fail')
const triggerTypeKeys = {
  type: required<Trigger['kind'] | null>(triggerType, null, 'the type "message", "flow" or "fail"'),
}

const messageKeys = {
  type: optional(triggerType, null),
  filter: optional(json, undefined),
  not: optional(json, undefined),
  source: optional(names, null),
}

const afterKeys = {
  type: optional(triggerType, null),
  job: required(text, '', 'the name of the job that this follows'),
}

const jobKeys = {
  trigger: optional(oneTrigger, null),
  triggers: optional(names, null),
  adaptor: optional(adaptor, 'common'),
  expression: required(code, '', 'the code of the job'),
  credential: optional(name, null),
  enabled: optional(flag, true),
  concurrency: optional(integer(1, 1_000), 10),
  order: optional(oneOf('key', 'strict', 'none'), 'key'),
  effects: optional(oneOf('at-least-once', 'at-most-once'), 'at-least-once'),
  timeout: optional(duration('20m'), 100_000),
  memory_mb: optional(integer(8, 2_048), 128),
  retry: optional(object, {}),
  console: optional(flag, true),
  log_limit: optional(size('10mb'), 1_000_000),
  test_mode: optional(flag, false),
}

const retryKeys = {
  attempts: optional(integer(1, 100), 1),
  backoff: optional(backoff, [5_000, 60_000, 600_000]),
  on: optional(names, null),
}
