import { setImmediate } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { type Matchers, openMatchers, type Serving } from '../../../../processors/filter/matchers.ts'
import { openBody } from '../../../../processors/filter/read-body.ts'
import type { Catalogue, Deployed } from '../../../../topology/project/catalogue.ts'
import type { Trigger } from '../../../../topology/project/project.ts'

/** A catalogue in which deploys happen when a test says so. */
const catalogueOf = () => {
  let projects: ReadonlyMap<string, Deployed> = new Map()
  let offset = -1n
  const listeners = new Set<(project: string) => void>()
  const put = (name: string, deployed: Deployed | undefined): bigint => {
    const others = [...projects].filter(([project]) => project !== name)
    projects = new Map(deployed === undefined ? others : [...others, [name, deployed]])
    offset++
    for (const listener of listeners) listener(name)
    return offset
  }
  const catalogue: Pick<Catalogue, 'projects' | 'offset' | 'onChange'> = {
    projects: () => projects,
    offset: () => offset,
    onChange: (listener) => {
      listeners.add(listener)
      return { [Symbol.dispose]: () => listeners.delete(listener) }
    },
  }
  return {
    catalogue,
    /** A project of as many triggers, each with a filter on the value. */
    deploy: (name: string, { triggers, value }: Readonly<{ triggers: number; value: string }>): bigint => {
      const entries = Array.from({ length: triggers }, (_, n): [string, Trigger] => {
        const filter = { [n]: value }
        return [`${n}`, { kind: 'message', name: `${n}`, filter, sources: null }]
      })
      const project = {
        name,
        description: '',
        sources: new Map(),
        jobs: new Map(),
        egress: { allow: [], allowPrivate: false },
        limits: { loopLimit: 1 },
      }
      return put(name, {
        project: { ...project, triggers: new Map(entries) },
        deploy: 1,
        deployedAt: '',
        document: null,
      })
    },
    remove: (name: string): bigint => put(name, undefined),
    listeners,
  }
}

const huge = 20_000
const last = huge - 1
const body = (value: string) => {
  const text = JSON.stringify({ 0: value, [last]: value })
  return openBody({ contentType: 'application/json', body: Buffer.from(text) })
}
const says = (serving: Serving | Promise<Serving> | undefined, value: string): readonly string[] => {
  if (serving === undefined || serving instanceof Promise) throw new Error('no matcher serves')
  return serving.matcher.match({ source: null }, body(value)).triggers
}
const ready = async (matchers: Matchers, definitions: bigint): Promise<Serving> => {
  for (;;) {
    const serving = await matchers.of('p')
    if (serving?.definitions === definitions) return serving
    await setImmediate()
  }
}

test('a large project is waited for at first, and others are served meanwhile', async () => {
  const { catalogue, deploy } = catalogueOf()
  using matchers = openMatchers(catalogue)
  deploy('p', { triggers: huge, value: 'a' })
  deploy('q', { triggers: 1, value: 'a' })
  const first = matchers.of('p')
  expect(first).toBeInstanceOf(Promise)
  await matchers.of('q')
  expect(says(matchers.of('q'), 'a')).toEqual(['0'])
  expect(matchers.of('p')).toBeInstanceOf(Promise)
  expect(says(await first, 'a')).toEqual(['0', `${last}`])
})

test('a deploy of a large project is in force whole or not at all, and the offset says which', async () => {
  const { catalogue, deploy } = catalogueOf()
  using matchers = openMatchers(catalogue)
  const before = deploy('p', { triggers: huge, value: 'a' })
  await matchers.of('p')
  const after = deploy('p', { triggers: huge, value: 'b' })
  let asked = 0
  for (; ; asked++) {
    const serving = matchers.of('p') as Serving
    const [old, is] = [says(serving, 'a'), says(serving, 'b')]
    if (serving.definitions === after) {
      expect([old, is]).toEqual([[], ['0', `${last}`]])
      break
    }
    expect([serving.definitions, old, is]).toEqual([before, ['0', `${last}`], []])
    await setImmediate()
  }
  expect(asked).toBeGreaterThan(1)
})

test('of deploys that come while one is being taken in, the last is in force in the end', async () => {
  const { catalogue, deploy } = catalogueOf()
  using matchers = openMatchers(catalogue)
  deploy('p', { triggers: huge, value: 'a' })
  await matchers.of('p')
  deploy('p', { triggers: huge, value: 'b' })
  deploy('p', { triggers: huge, value: 'c' })
  const after = deploy('p', { triggers: huge, value: 'd' })
  const serving = await ready(matchers, after)
  expect(['a', 'b', 'c', 'd'].map((value) => says(serving, value).length)).toEqual([0, 0, 0, 2])
})

test('a deploy of another project changes nothing, not even the offset', async () => {
  const { catalogue, deploy } = catalogueOf()
  using matchers = openMatchers(catalogue)
  deploy('p', { triggers: 1, value: 'a' })
  const serving = await matchers.of('p')
  deploy('q', { triggers: 1, value: 'a' })
  expect(matchers.of('p')).toBe(serving)
})

test('a project that was deleted is unknown at once, and waited for anew when it comes back', async () => {
  const { catalogue, deploy, remove } = catalogueOf()
  using matchers = openMatchers(catalogue)
  deploy('p', { triggers: huge, value: 'a' })
  await matchers.of('p')
  remove('p')
  expect(matchers.of('p')).toBeUndefined()
  const back = deploy('p', { triggers: huge, value: 'b' })
  expect(matchers.of('p')).toBeInstanceOf(Promise)
  const serving = await ready(matchers, back)
  expect([says(serving, 'a'), says(serving, 'b')]).toEqual([[], ['0', `${last}`]])
})

test('who waits for a project that is deleted meanwhile gets what it was', async () => {
  const { catalogue, deploy, remove } = catalogueOf()
  using matchers = openMatchers(catalogue)
  deploy('p', { triggers: huge, value: 'a' })
  const first = matchers.of('p')
  remove('p')
  expect(says(await first, 'a')).toEqual(['0', `${last}`])
})

test('nothing is listened to when it is closed', () => {
  const { catalogue, listeners } = catalogueOf()
  openMatchers(catalogue)[Symbol.dispose]()
  expect(listeners.size).toBe(0)
})
