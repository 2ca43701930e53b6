import type { RunHost } from '../host.ts'
import { DOMException } from './dom-exception.ts'

/** The part of the web's `crypto` that makes random values. */
export type Crypto = Readonly<{
  randomUUID(): string
  getRandomValues<T extends ArrayBufferView>(array: T): T
}>

export const cryptoOf = ({ random }: Pick<RunHost, 'random'>): Crypto => ({
  randomUUID: () => {
    const bytes = random(16)
    const hex = Array.from(bytes, (byte, at) =>
      (at === 6 ? (byte & 0x0f) | 0x40 : at === 8 ? (byte & 0x3f) | 0x80 : byte).toString(16).padStart(2, '0'),
    ).join('')
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
  },
  getRandomValues: (array) => {
    if (!ArrayBuffer.isView(array) || array instanceof Float32Array || array instanceof Float64Array)
      throw new TypeError('getRandomValues takes an array of whole numbers, such as a Uint8Array')
    if (array.byteLength > 65_536)
      throw new DOMException('getRandomValues gives 65536 bytes at most', 'QuotaExceededError')
    new Uint8Array(array.buffer, array.byteOffset, array.byteLength).set(random(array.byteLength))
    return array
  },
})
