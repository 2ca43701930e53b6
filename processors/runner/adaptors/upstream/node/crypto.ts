import { hmac } from '@noble/hashes/hmac.js'
import { md5, sha1 } from '@noble/hashes/legacy.js'
import { sha256, sha384, sha512 } from '@noble/hashes/sha2.js'
import { absent } from './absent.ts'

/** Node's module `crypto`: random values, digests and message authentication. Ciphers and signatures say that they are not there. */
const { Buffer } = globalThis

export const webcrypto: typeof globalThis.crypto = globalThis.crypto
export const randomUUID = (): string => webcrypto.randomUUID()
export const randomBytes = (count: number): Buffer => Buffer.from(webcrypto.getRandomValues(new Uint8Array(count)))
export const getRandomValues = <T extends Uint8Array>(array: T): T => webcrypto.getRandomValues(array as never) as never

/** From 0 or `low` up to, and not including, the last. */
export const randomInt = (low: number, high?: number): number => {
  const [from, to] = high === undefined ? [0, low] : [low, high]
  return from + (randomBytes(6).readUIntBE(0, 6) % (to - from))
}

const hashes = { md5, sha1, sha256, sha384, sha512 }
type Hash = Readonly<{ update(data: Uint8Array): unknown; digest(): Uint8Array }>

export const createHash = (name: string): object => digesting(hashNamed(name).create())
export const createHmac = (name: string, key: unknown): object => digesting(hmac.create(hashNamed(name), bytesOf(key)))
export const getHashes = (): readonly string[] => Object.keys(hashes)

export const timingSafeEqual = (a: Uint8Array, b: Uint8Array): boolean => {
  if (a.byteLength !== b.byteLength) throw new RangeError('The two are not equally long')
  return a.reduce((difference, byte, at) => difference | (byte ^ (b[at] ?? 0)), 0) === 0
}

const missing = absent('crypto') as Readonly<Record<string, unknown>>
export const [createSign, createVerify, createCipheriv, createDecipheriv, pbkdf2Sync, scryptSync, createPrivateKey] = [
  ...[
    'createSign',
    'createVerify',
    'createCipheriv',
    'createDecipheriv',
    'pbkdf2Sync',
    'scryptSync',
    'createPrivateKey',
  ],
].map((name) => missing[name])

const hashNamed = (name: string): (typeof hashes)['sha256'] => {
  const found = Object.entries(hashes).find(([known]) => known === name.toLowerCase().replace('-', ''))
  if (!found) throw new Error(`There is no digest ${name} in a job; there are ${Object.keys(hashes).join(', ')}`)
  return found[1] as (typeof hashes)['sha256']
}

const bytesOf = (data: unknown, encoding?: BufferEncoding): Uint8Array =>
  typeof data === 'string' ? Buffer.from(data, encoding) : (data as Uint8Array)

const digesting = (hash: Hash): object => {
  const self = {
    update: (data: unknown, encoding?: BufferEncoding) => {
      hash.update(bytesOf(data, encoding))
      return self
    },
    digest: (encoding?: BufferEncoding) => {
      const bytes = Buffer.from(hash.digest())
      return encoding ? bytes.toString(encoding) : bytes
    },
  }
  return self
}
