import type { Json } from '../words/json.ts'
import type { Adaptor, AdaptorBundle } from './adaptors.ts'
import type { AllowedHost } from './allowed-host.ts'

/** A project as the roles use it: every default filled in, times in milliseconds, sizes in bytes. */
export type Project = Readonly<{
  name: string
  description: string
  sources: ReadonlyMap<string, Source>
  triggers: ReadonlyMap<string, Trigger>
  jobs: ReadonlyMap<string, Job>
  egress: EgressPolicy
  limits: Readonly<{ loopLimit: number }>
}>

/** Whom jobs may call: with an empty list everybody but private addresses. */
export type EgressPolicy = Readonly<{ allow: readonly AllowedHost[]; allowPrivate: boolean }>

/** A door for messages. */
export type Source = Readonly<{
  kind: 'webhook'
  name: string
  /** A UUID; the address of the source, kept for ever. */
  id: string
  /** Also reachable at `/i/<project>/<path>`, when set. */
  path: string | null
  enabled: boolean
  maxBodyBytes: number
  /** Where the order key of a message is found; null spreads messages. */
  key: OrderKey | null
}>

export type OrderKey = Readonly<{ kind: 'header'; name: string } | { kind: 'path'; jsonPath: string }>

/** What starts a job. Filters hold exact numbers (`words/json.ts`). */
export type Trigger = Readonly<
  | { kind: 'message'; name: string; filter?: Json; not?: Json; sources: readonly string[] | null }
  | { kind: 'flow'; name: string; job: string }
  | { kind: 'fail'; name: string; job: string }
>

/** The user's program and its limits. */
export type Job = Readonly<{
  name: string
  /** Counts up with every deploy that changes the job, from 1. */
  version: number
  triggers: readonly string[]
  /** What it has in scope beside the language. */
  adaptor: Adaptor
  /** The upstream adaptor itself; null for one that is built in, and where its script is not in the definitions. */
  bundle: AdaptorBundle | null
  code: string
  /** SHA-256 of the code, in hex. */
  codeId: string
  /** What the code became when it was deployed, for the sandbox to read; null where that is not in the definitions. `id`: its SHA-256, in hex. */
  compiled: Readonly<{ id: string; text: string }> | null
  /** The name of what it sees as `state.configuration`; null for nothing. */
  credential: string | null
  enabled: boolean
  concurrency: number
  order: 'key' | 'strict' | 'none'
  /** `at-most-once`: a run that has begun and whose end nobody saw is not executed again. */
  effects: 'at-least-once' | 'at-most-once'
  timeoutMs: number
  memoryMb: number
  retry: RetryPolicy
  console: boolean
  logLimitBytes: number
  /** Calls of the job are answered without being made. */
  testMode: boolean
}>

/** How often a run is tried, and what for. */
export type RetryPolicy = Readonly<{
  /** All of them: 1 for no second. */
  attempts: number
  /** How long to wait at most before the second, the third, …; the last counts for all that follow. */
  backoffMs: readonly [number, ...number[]]
  /** Names of errors, or codes that their details have; null for what may pass: what a job threw, and a run over its time. */
  on: readonly string[] | null
}>
