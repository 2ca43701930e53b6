import type { Json } from '../../../../topology/words/json.ts'
import { type Insert, type Place, userPlace } from '../../language/positions.ts'

/** Why a run could not even begin its work: the job or its input is at fault, and no try again will help. */
export class NotRunnable extends Error {
  constructor(name: 'ValidationError' | 'InputError' | 'ImportError', message: string) {
    super(message)
    this.name = name
  }
}

/** What was thrown, as plain values that can be written as JSON. */
export type Failure = Readonly<{
  name: string
  message: string
  place: Place | null
  details: Json
  kind: 'failed' | 'crashed' | 'memory' | 'forbidden'
}>

/** Describes anything that user code may throw. Reading it may run user code again, so nothing of it is trusted to work. */
export const failureOf = (thrown: unknown, inserts: readonly Insert[]): Failure => {
  try {
    if (!(thrown instanceof Error)) return thrownValue(thrown)
    const [name, message] = [text(thrown.name) || 'Error', text(thrown.message)]
    const kind = kindOf(thrown)
    return { name, message, kind, place: placeIn(text(thrown.stack), inserts), details: detailsOf(thrown) }
  } catch {
    return {
      name: 'Error',
      message: 'The job threw something that cannot be read',
      place: null,
      details: null,
      kind: 'failed',
    }
  }
}

const kindOf = (error: Error): Failure['kind'] => {
  if (isForbidden(error)) return 'forbidden'
  if (isCrash(error)) return 'crashed'
  return isOutOfMemory(error) ? 'memory' : 'failed'
}

/** Code made of text: `eval` is gone, and the others are what `ses` says in the place of `Function` and of each constructor of functions. */
const isForbidden = ({ message }: Error): boolean => codeOfText.has(message)

const codeOfText: ReadonlySet<string> = new Set([
  'eval is not defined',
  'Cannot eval with evalTaming set to "no-eval" (SES_NO_EVAL)',
  'Function.prototype.constructor is not a valid constructor.',
])

const isCrash = (error: Error): boolean =>
  error instanceof ReferenceError || error instanceof SyntaxError || error instanceof NotRunnable

const isOutOfMemory = (error: Error): boolean =>
  error instanceof RangeError && error.message === 'Array buffer allocation failed'

const thrownValue = (thrown: unknown): Failure => {
  const { name, message } =
    typeof thrown === 'object' && thrown !== null ? (thrown as Error) : new Error(String(thrown))
  const details = jsonOf(thrown)
  return {
    name: (typeof name === 'string' && text(name)) || 'Error',
    message: typeof message === 'string' ? text(message) : text(JSON.stringify(details) ?? ''),
    place: null,
    details: typeof thrown === 'object' ? details : null,
    kind: 'failed',
  }
}

/** The topmost frame in the user's file, in the user's own line and column; constructors of the user's errors are passed over. */
const placeIn = (stack: string, inserts: readonly Insert[]): Place | null => {
  const frames = stack.split('\n').filter((line) => inJob.test(line))
  const frame = inJob.exec(frames.find((line) => !/^\s*at new /.test(line)) ?? frames[0] ?? '')
  return frame && userPlace(inserts, { line: Number(frame[1]), column: Number(frame[2]) })
}

const inJob = /\bjob\.js:(\d+):(\d+)/

/** What an error carries beside its name and message: `details` if it has them, else its own properties, its cause and what it gathers. */
const detailsOf = (error: Error, depth = maxDepth): Json => {
  const { name: _, ...own } = { ...error } as Record<string, unknown>
  if (own['details'] !== undefined) return jsonOf(own['details'])
  if (depth > 0 && error.cause !== undefined) own['cause'] = within(error.cause, depth - 1)
  if (depth > 0 && error instanceof AggregateError)
    own['errors'] = error.errors.slice(0, maxErrors).map((one) => within(one, 0))
  return Object.keys(own).length > 0 ? jsonOf(own) : null
}

/** An error within an error; JSON would leave out its name and message. */
const within = (value: unknown, depth: number): Json => {
  if (!(value instanceof Error)) return jsonOf(value)
  const details = detailsOf(value, depth)
  return { name: text(value.name), message: text(value.message), ...(details === null ? {} : { details }) }
}

const jsonOf = (value: unknown): Json => {
  try {
    const json = JSON.stringify(value)
    if (json === undefined) return null
    return json.length <= maxDetails ? (JSON.parse(json) as Json) : json.slice(0, maxDetails)
  } catch {
    return null
  }
}

const text = (value: unknown): string => String(value ?? '').slice(0, maxText)

const maxText = 10_000
const maxDetails = 64_000
/** Of causes of causes, and of errors that are told one by one. */
const maxDepth = 5
const maxErrors = 20
