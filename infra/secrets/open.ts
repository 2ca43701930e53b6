import { createCipheriv, createDecipheriv, hash, randomBytes } from 'node:crypto'
import type { Secrets } from '../../topology/flow/ports.ts'
import { CredentialError, type Sealed } from '../../topology/words/credential.ts'

export type Keys = Readonly<{
  /** SECRET_KEY: 32 bytes in base64 or base64url. Without it nothing can be sealed or opened, and whoever asks is told so. */
  key: string | undefined
  /** SECRET_KEY_PREVIOUS: what was sealed with this one can still be opened. */
  previous?: string | undefined
}>

/**
 * Seals texts with AES-256-GCM: each under a random data key, which is wrapped by the installation's key and bound to what it is for.
 * So a ciphertext cannot be moved, and a new installation's key needs no text to be sealed anew. What goes wrong is a `CredentialError`.
 */
export const openSecrets = ({ key, previous }: Keys): Secrets => {
  const current = key === undefined ? undefined : keyOf(key)
  const known = new Map([current, previous === undefined ? undefined : keyOf(previous)].flatMap(byId))

  const sealing = (): Key => {
    if (current !== undefined) return current
    throw new CredentialError('This process has no SECRET_KEY, and keeps no secrets without one: set SECRET_KEY.')
  }
  const keyFor = (sealed: Sealed): Key => {
    const found = known.get(sealed.key)
    if (found !== undefined) return found
    const had = known.size === 0 ? 'no SECRET_KEY' : `the SECRET_KEY ${[...known.keys()].join(' and ')}`
    throw new CredentialError(
      `It was sealed with the SECRET_KEY ${sealed.key}, and this process has ${had}: set SECRET_KEY or SECRET_KEY_PREVIOUS to that one.`,
    )
  }
  const dataKeyOf = (sealed: Sealed, bound: string): Buffer =>
    decrypted(sealed.wrapped, { key: keyFor(sealed).bytes, bound })

  return {
    keyId: current?.id ?? null,
    seal: (text, bound) => {
      const { id, bytes } = sealing()
      const dataKey = randomBytes(keyBytes)
      const sealedText = encrypted(Buffer.from(text), { key: dataKey, bound: '' }) // its key is bound, and used for nothing else
      return { key: id, wrapped: encrypted(dataKey, { key: bytes, bound }), text: sealedText }
    },
    open: (sealed, bound) => decrypted(sealed.text, { key: dataKeyOf(sealed, bound), bound: '' }).toString('utf8'),
    rewrap: (sealed, { from, to }) => {
      const { id, bytes } = sealing()
      return { key: id, wrapped: encrypted(dataKeyOf(sealed, from), { key: bytes, bound: to }), text: sealed.text }
    },
  }
}

/** How keys are told apart: by a hash, which says nothing of the key. */
export const keyIdOf = (key: string): string => keyOf(key).id

type Key = Readonly<{ id: string; bytes: Buffer }>
type Locked = Readonly<{ key: Buffer; bound: string }>

const keyOf = (text: string): Key => {
  const bytes = Buffer.from(text, 'base64url') // takes both alphabets
  return { bytes, id: hash('sha256', Buffer.concat([Buffer.from('penstock key id\n'), bytes]), 'hex').slice(0, 8) }
}

const byId = (key: Key | undefined): readonly (readonly [string, Key])[] => (key === undefined ? [] : [[key.id, key]])

const encrypted = (plain: Buffer, { key, bound }: Locked): string => {
  const nonce = randomBytes(nonceBytes)
  const cipher = createCipheriv(algorithm, key, nonce).setAAD(Buffer.from(bound))
  const text = Buffer.concat([cipher.update(plain), cipher.final()])
  return Buffer.concat([nonce, cipher.getAuthTag(), text]).toString('base64')
}

const decrypted = (sealed: string, { key, bound }: Locked): Buffer => {
  const bytes = Buffer.from(sealed, 'base64')
  try {
    const decipher = createDecipheriv(algorithm, key, bytes.subarray(0, nonceBytes), { authTagLength: tagBytes })
    decipher.setAAD(Buffer.from(bound)).setAuthTag(bytes.subarray(nonceBytes, nonceBytes + tagBytes))
    return Buffer.concat([decipher.update(bytes.subarray(nonceBytes + tagBytes)), decipher.final()])
  } catch {
    throw new CredentialError('What is stored is not what was sealed: it was changed, or belongs to another record.')
  }
}

const algorithm = 'aes-256-gcm'
const [keyBytes, nonceBytes, tagBytes] = [32, 12, 16] as const
