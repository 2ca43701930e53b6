import type { TopicSpec } from '../topics.ts'
import type { Sealed } from '../words/credential.ts'
import type { Incoming, Outgoing } from '../words/record.ts'
import type { Tried } from '../words/run.ts'

/** One record in hand, to be settled in any order; the log knows which offsets below are still open. */
export type Delivery = Readonly<{
  record: Incoming
  /** Aborts when the partition goes to somebody else: what is in hand then is theirs to do again. */
  lost: AbortSignal
  /**
   * How often the work on it had begun, in lives before, without coming to an end: for whoever had it died, or lost the group. Who lost the
   * group, and has the partition again, does not count what it had begun itself.
   */
  begun: number
  /**
   * The work on it begins: committed within 100 ms, and forgotten when it is settled, or handed over in good order. Says how often it has
   * begun without an end, this time included. Saying it twice changes nothing. Throws, as `settle` does, when it may be somebody else's.
   */
  begin(): number
  /** As `begin`, but resolves when a commit says so, and stays begun until it is settled, however this reader goes on or ends. */
  beginForGood(): Promise<number>
  /**
   * Writes the records, step by step, each acknowledged before the next, then marks the record done.
   * Refuses (Fault `membership-lost`) when this member may no longer own the partition. Settling twice does nothing.
   */
  settle(steps?: readonly (readonly Outgoing[])[]): Promise<void>
  /** What lives before have noted of it with `again`; undefined for nothing. */
  tried: Tried | undefined
  /**
   * Writes the records as `settle` does, and notes what attempts have come to so far, but the record stays in hand, to be begun again: until
   * then it counts as not begun. The note is in the commit within 100 ms, and goes when the record is settled.
   */
  again(steps: readonly (readonly Outgoing[])[], tried: Tried): Promise<void>
}>

/** A member of a consumer group. Each record is in one member's hand at a time, until it is settled. */
export type Reader = AsyncDisposable &
  Readonly<{
    /** The topics to read from now on, all of them. New ones begin at their committed place, else at their start. */
    subscribe(topics: readonly string[]): void
    /**
     * Pull source: asking for the next is what gives more credit. Records of one partition come in offset order; partitions take
     * turns, so a slow one holds up no other. Ends when `reading` aborts; throws when the membership broke (open a new reader).
     */
    deliveries(reading: AbortSignal): AsyncIterable<Delivery>
    /** Commits what is settled, now (otherwise it happens by itself within a second). */
    commit(): Promise<void>
    /** How far it is. Asks nobody. */
    progress(): Progress
  }>

/** How far a member of a group is, as far as it knows. */
export type Progress = Readonly<{
  group: string
  /** How often the group has dealt out its partitions to this member. */
  assignments: number
  /** Since the group's coordinator last answered; null before it first did. */
  silentMs: number | null
  partitions: readonly PartitionProgress[]
}>

/** `lag`: records that are not settled. `oldestAt`: when the oldest of them was appended (milliseconds since 1970), to a second; null for none. */
export type PartitionProgress = Readonly<{ topic: string; partition: number; lag: number; oldestAt: number | null }>

export type ReaderOptions = Readonly<{
  group: string
  /** What makes a record the same as another; a record whose id was seen at a lower offset of its partition is dropped. */
  idOf?: (record: Incoming) => string | undefined
  /** Most bytes in hand over all partitions. */
  budgetBytes?: number
  /** What part of the budget that the others leave one partition may hold. An eighth, unless all of them are worked on together. */
  share?: number
  /** How long what is there may wait for more to come, to be read together. Not at all, unless its reader has time. */
  lingerMs?: number
}>

/** Kafka, or the same thing in memory. The whole house knows only this much of it. */
export type MessageLog = AsyncDisposable &
  Readonly<{
    /**
     * Resolves when every record is acknowledged by all in-sync replicas. Records of one partition keep the order of the calls, so what
     * may work later (no broker, no such topic, no right to write) is waited for, until the log is closed.
     */
    append(records: readonly Outgoing[]): Promise<void>
    /** As `append`, but gives up with Fault `log-unavailable` when the log did not acknowledge in time. */
    tryAppend(record: Outgoing, withinMs: number): Promise<void>
    reader(options: ReaderOptions): Reader
    /** All records of a topic from its start; `caughtUp` is said once, when the end that stood at the call has been given. */
    tail(topic: string, signal: AbortSignal): AsyncIterable<TailItem>
    /** Makes the topics that are missing. Resolves when they can be written. */
    ensureTopics(specs: readonly TopicSpec[]): Promise<void>
    /** Throws Fault `log-unavailable` when no broker answers. */
    ping(): Promise<void>
    /** How far each of its readers is that are open now. */
    progress(): readonly Progress[]
  }>

export type TailItem = Readonly<{ kind: 'record'; record: Incoming }> | Readonly<{ kind: 'caught-up' }>

/** Says what happens, for people. Fields are ids and numbers, never payload. */
export type Logger = Readonly<{
  debug(fields: object, text: string): void
  info(fields: object, text: string): void
  warn(fields: object, text: string): void
  error(fields: object, text: string): void
}>

export type ReadOptions = Readonly<{
  format: 'CSV' | 'JSONEachRow' | 'JSONCompactEachRow'
  params: Readonly<Record<string, unknown>>
  signal: AbortSignal
}>

/** Rows in bytes, and the names of the columns that these hold. */
export type NativeBlock = Readonly<{ columns: readonly string[]; bytes: readonly Buffer[] }>

/** ClickHouse, as the sink and the readers of history know it. */
export type Store = AsyncDisposable &
  Readonly<{
    /**
     * Takes all rows or none, as objects or as a block of ClickHouse's format Native; the same `token` again is taken once. Throws Fault
     * `store-unavailable` when it may work later, and `row-refused` when a row of the batch is what it will not take.
     */
    insert(table: string, rows: readonly object[] | NativeBlock, token: string): Promise<void>
    /** Values are bound as `{name:Type}`, never put into the text. */
    query<Row>(sql: string, params?: Readonly<Record<string, unknown>>): Promise<readonly Row[]>
    /** As `query`, but the rows stay bytes, as the store writes them: all of them or none. Aborting ends the question in the store, too. */
    read(sql: string, options: ReadOptions): Promise<readonly Uint8Array[]>
    command(sql: string): Promise<void>
  }>

/**
 * Keeps texts secret under the installation's key. `bound`: what the text belongs to; with any other it does not open. Throws `CredentialError`
 * that says what key is missing, or that the text was changed.
 */
export type Secrets = Readonly<{
  /** Names the key that seals now; null for none. */
  keyId: string | null
  seal(text: string, bound: string): Sealed
  open(sealed: Sealed, bound: string): string
  /** The same text, bound to something else, under the key that seals now. */
  rewrap(sealed: Sealed, bound: Readonly<{ from: string; to: string }>): Sealed
}>
