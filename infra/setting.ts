import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'

/** Turns the text of a setting into its value; throws `must be …`, never with the text itself: it may be a secret. */
export type Read<T> = (text: string) => T

/** One setting, as data: what reads it, what it is when nobody sets it, and what it is for. */
export type Setting<T = unknown> = Readonly<{
  read: Read<T>
  /** Text that is read when nothing is set; undefined: the value is undefined then. Two texts: with the embedded Kafka, and with another. */
  fallback?: string | Readonly<{ embedded: string; otherwise: string }>
  /** How the tables of the documentation put the default, where `fallback` does not say it. */
  unset?: string
  meaning: string
  /** May also come from a file, which `<NAME>_FILE` names. So all secrets. */
  file?: true
}>

type Wording = Readonly<{ meaning: string; unset?: string; file?: true }>

/** A setting that has a value when nobody sets it. */
export const withDefault = <T>(
  read: Read<T>,
  say: Wording & Readonly<{ fallback: NonNullable<Setting['fallback']> }>,
): Setting<T> => ({ read, ...say })

/** A setting that is undefined when nobody sets it. */
export const optional = <T>(read: Read<T>, say: Wording): Setting<T | undefined> => ({ read, ...say })

export const text: Read<string> = (raw) => raw

/** Absolute, so that it means the same wherever it is used. */
export const directory: Read<string> = (raw) => resolve(raw)

export const flag: Read<boolean> = (raw) =>
  raw === 'true' || raw === 'false' ? raw === 'true' : fail('must be true or false')

export const integer =
  (min: number, max: number): Read<number> =>
  (raw) => {
    const value = /^\d+$/.test(raw) ? Number(raw) : Number.NaN
    return value >= min && value <= max ? value : fail(`must be a whole number from ${min} to ${max}`)
  }

export const port: Read<number> = integer(1, 65_535)

export const oneOf =
  <const T extends string>(...words: readonly T[]): Read<T> =>
  (raw) =>
    words.find((word) => word === raw) ?? fail(`must be one of ${words.join(', ')}`)

export const matching =
  (pattern: RegExp, problem: string): Read<string> =>
  (raw) =>
    pattern.test(raw) ? raw : fail(problem)

/** An http(s) URL, without the slash at its end. It is shown in many places, so it holds no credentials; `remedy`: where they belong. */
export const httpUrl =
  (remedy = 'leave them out'): Read<string> =>
  (raw) => {
    const url = URL.canParse(raw) ? new URL(raw) : undefined
    if (url?.protocol !== 'http:' && url?.protocol !== 'https:') {
      return fail('must be a URL that begins with http:// or https://')
    }
    if (url.username || url.password) return fail(`must be a URL without user name and password: ${remedy}`)
    return raw.replace(/\/+$/, '')
  }

/** `host:port`, several with commas between. */
export const brokerList: Read<readonly string[]> = (raw) => {
  const brokers = raw.split(',').map((broker) => broker.trim())
  return brokers.every((broker) => /^(\[[\da-fA-F:]+\]|[^\s:/@]+):\d{1,5}$/.test(broker))
    ? brokers
    : fail('must be <host>:<port>, several with commas between')
}

/** The text of a setting, from the environment or from the file that `<NAME>_FILE` names; an empty one is none. Throws as readers do. */
export const settingText = (name: string, setting: Setting, env: NodeJS.ProcessEnv): string | undefined => {
  const file = setting.file ? env[`${name}_FILE`] : undefined
  if (!file) return env[name] || undefined
  if (env[name]) return fail(`and ${name}_FILE are both set`)
  return textIn(file, name) || fail(`is empty in the file that ${name}_FILE names`)
}

const textIn = (file: string, name: string): string => {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch (error) {
    return fail(`cannot be read from the file that ${name}_FILE names (${(error as NodeJS.ErrnoException).code})`)
  }
}

const fail = (problem: string): never => {
  throw new Error(problem)
}
