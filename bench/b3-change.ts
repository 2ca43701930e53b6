import { setImmediate, setTimeout } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { matcherMaker } from '../processors/filter/matcher.ts'
import { openMatchers } from '../processors/filter/matchers.ts'
import { asRead } from '../test/fixtures/memory-house.ts'
import type { Catalogue, Deployed } from '../topology/project/catalogue.ts'
import { foldDefinitions } from '../topology/project/fold.ts'
import type { Project } from '../topology/project/project.ts'
import { projectRecord } from '../topology/wire/definitions.ts'
import type { Json } from '../topology/words/json.ts'
import { filters, projectWith } from './b3-events.ts'
import { type Conditions, cellOf, type Result } from './result.ts'

/** B3-change: how long others wait while a filter is added to 100,000 or taken away, and while very many are loaded. */
export async function b3Change({ rounds }: Conditions): Promise<Result> {
  const all = filters(100_000)
  const more: Json = { form: { id: 'one more' } }
  const loads = { small: [] as Change[], large: [] as Change[] }
  const changes: Change[] = []
  const idle: number[] = []
  const folds: number[] = []
  const heap: number[] = []
  for (let round = 0; round < Math.max(3, rounds); round++) {
    const house = bareHouse()
    const deploy = (filters: readonly Json[]): Promise<Change> => house.deploy(projectWith(structuredClone(filters)))
    loads.large.push(await deploy(all))
    heap.push(await heapOf(all))
    for (const filters of Array.from({ length: 3 }, () => [[...all, more], all]).flat()) {
      const change = await deploy(filters)
      changes.push(change)
      idle.push(await longestIdleTurn(change.turns))
    }
    loads.small.push(await bareHouse().deploy(projectWith(filters(10_000))))
    folds.push(foldOf(all))
  }
  const beyond = changes.map(({ longestMs }, at) => Math.max(0, longestMs - (idle[at] ?? 0)))
  const cell = (of: readonly Change[], figure: keyof Change) =>
    cellOf(
      of.map((change) => change[figure]),
      'ms',
    )
  return {
    id: 'B3-change',
    conditions: `a stall is the longest turn of the event loop while a deploy is taken in; what the machine itself takes away is told by a loop of as many turns of 0.3 ms that does nothing, right after each change; ${changes.length} changes of one filter among 100,000, ${heap.length} loads`,
    cells: {
      'stall of one change, beyond an idle loop’s': cellOf(beyond, 'ms'),
      'stall of one change, as measured': cell(changes, 'longestMs'),
      'stall of an idle loop of as many turns': cellOf(idle, 'ms'),
      'one change, until it is in force': cell(changes, 'tookMs'),
      'load of 10,000 filters': cell(loads.small, 'tookMs'),
      'stall of that load': cell(loads.small, 'longestMs'),
      'load of 100,000 filters': cell(loads.large, 'tookMs'),
      'stall of that large load': cell(loads.large, 'longestMs'),
      'heap of 100,000 filters': cellOf(heap, 'MB'),
      'the catalogue reads 100,000 filters, one stall': cellOf(folds, 'ms'),
    },
  }
}

type Change = Readonly<{ longestMs: number; tookMs: number; turns: number }>

/** Matchers of one project, over a catalogue that has it already. */
const bareHouse = () => {
  let projects: ReadonlyMap<string, Deployed> = new Map()
  let offset = 0n
  let changed = (_project: string): void => {}
  const catalogue: Pick<Catalogue, 'projects' | 'offset' | 'onChange'> = {
    projects: () => projects,
    offset: () => offset,
    onChange: (listener) => {
      changed = listener
      return { [Symbol.dispose]: () => {} }
    },
  }
  const matchers = openMatchers(catalogue)
  return {
    deploy: async (project: Project): Promise<Change> => {
      sweep() // what was made for the bench is not the deploy's to sweep up
      await setTimeout(200) // nor are the threads that still sweep
      const began = performance.now()
      let [longestMs, turn, turns] = [0, performance.now(), 0]
      const lap = (): void => {
        const now = performance.now()
        longestMs = Math.max(longestMs, now - turn)
        turn = now
        turns++
      }
      projects = new Map([[project.name, { project, deploy: 1, deployedAt: '', document: null }]])
      offset++
      changed(project.name)
      for (;;) {
        const serving = matchers.of(project.name)
        lap()
        if (serving !== undefined && !(serving instanceof Promise) && serving.definitions === offset) break
        await setImmediate()
      }
      return { longestMs, tookMs: performance.now() - began, turns }
    },
  }
}

/** How long one of so many turns takes at most when nothing is done in it but to let 0.3 ms go by: that is the machine's own. */
const longestIdleTurn = async (turns: number): Promise<number> => {
  let longestMs = 0
  for (let turn = 0; turn < turns; turn++) {
    const began = performance.now()
    while (performance.now() - began < 0.3);
    longestMs = Math.max(longestMs, performance.now() - began)
    await setImmediate()
  }
  return longestMs
}

/** Megabytes that the matcher of a project has besides the project. */
const heapOf = async (filters: readonly Json[]): Promise<number> => {
  const maker = matcherMaker()
  const project = projectWith(structuredClone(filters))
  const before = await heapNow()
  const steps = maker.make(project)
  let step = steps.next()
  while (!step.done) step = steps.next()
  const grown = (await heapNow()) - before
  const message = { rough: { form: { id: 'form-0' } }, exact: () => null }
  if (step.value.match({ source: null }, message).triggers.length !== 1) throw new Error('the matcher is not right')
  return grown / 1e6
}

/** The record of the deploy, parsed, checked and folded: in one piece, in every role. */
const foldOf = (filters: readonly Json[]): number => {
  const triggers = Object.fromEntries(filters.map((filter, n) => [`t${n}`, { type: 'message', filter }]))
  const document = { name: 'bench', triggers }
  const facts = { project: 'bench', deploy: 1, basedOn: null, token: '', deployedAt: '', deployedBy: 'a bench' }
  const record = asRead(projectRecord({ ...facts, document }))
  const before = performance.now()
  const applied = foldDefinitions().apply(record)
  const took = performance.now() - before
  if (applied.kind !== 'accepted') throw new Error(JSON.stringify(applied))
  return took
}

const heapNow = async (): Promise<number> => {
  for (let turn = 0; turn < 3; turn++) await setImmediate() // what promises still hold is let go
  sweep()
  return process.memoryUsage().heapUsed
}

setFlagsFromString('--expose-gc')
const sweep = runInNewContext('gc') as () => void
