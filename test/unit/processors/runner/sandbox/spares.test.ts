import { expect, test } from 'vitest'
import type { Realm } from '../../../../../processors/runner/sandbox/realm-host.ts'
import { openSpares } from '../../../../../processors/runner/sandbox/spares.ts'

/** Realms that only tell how large they are; `made` and `disposed` in the order of what happened. */
const openTried = () => {
  const [made, disposed]: [number[], number[]] = [[], []]
  const sizes = new Map<Realm, number>()
  const spares = openSpares(async (memoryMb) => {
    made.push(memoryMb)
    const realm: Realm = {
      load: async () => {},
      turn: async () => '',
      cut: async () => {},
      usedBytes: async () => 0,
      dispose: () => void disposed.push(memoryMb),
    }
    sizes.set(realm, memoryMb)
    return realm
  }, setImmediate)
  const take = async (memoryMb: number) => sizes.get(await spares.take(memoryMb))
  return { made, disposed, spares, take }
}

const quiet = async () => {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve))
}

test('two of the usual size are warm before a job comes, and are made again when one is taken', async () => {
  const { made, take, spares } = openTried()
  await spares.warm()
  await quiet()
  expect(made).toEqual([128, 128])
  expect(await take(128)).toBe(128)
  await quiet()
  expect(made).toEqual([128, 128, 128])
  expect(spares.count()).toBe(2)
})

test('a size that a job had has a spare for the next job', async () => {
  const { made, take } = openTried()
  expect(await take(256)).toBe(256)
  await quiet()
  expect(made.filter((size) => size === 256)).toHaveLength(2)
  expect(await take(256)).toBe(256)
  await quiet()
  expect(made.filter((size) => size === 256)).toHaveLength(3)
})

test('of many sizes the last two are kept, and the spares of the others go', async () => {
  const { made, disposed, take, spares } = openTried()
  for (const size of [64, 256, 512, 1_024]) {
    expect(await take(size)).toBe(size)
    await quiet()
  }
  await quiet()
  expect(disposed).toEqual([64, 256])
  expect(spares.count()).toBe(4)
  expect(made).toHaveLength(10)
})

test('a realm that cannot be made is told to who wants it, and is tried again for the next one', async () => {
  let attempts = 0
  const spares = openSpares(async () => {
    attempts++
    throw new Error('no memory')
  })
  await expect(spares.warm()).rejects.toThrow('no memory')
  await expect(spares.take(128)).rejects.toThrow('no memory')
  await expect(spares.take(128)).rejects.toThrow('no memory')
  expect(attempts).toBe(2)
})
