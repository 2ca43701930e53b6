import type { AdaptorBundle, UpstreamAdaptor } from '../../../../topology/project/adaptors.ts'
import { type Compiled, compileJob } from '../../language/compile.ts'
import { stateName } from '../../language/names.ts'
import { realmMaker } from '../../sandbox/realm-host.ts'
import { realmScript } from '../../sandbox/realm-script.ts'
import { everything } from './world.ts'

/** What came of loading an adaptor: the names that it has for jobs, or why it cannot be loaded. */
export type Loaded = Readonly<{ names: readonly string[] } | { problem: string }>

/**
 * Loads an adaptor as a run does, in a realm that is thrown away and from which nothing can be reached. It ends with its process: only a process
 * of its own may try this, under a watch.
 */
export const tryLoad = async (adaptor: UpstreamAdaptor, code: string): Promise<Loaded> => {
  const realm = await realmMaker(await realmScript())(memoryMb)
  const bundle: AdaptorBundle = { id: 'tried', names: [], code }
  await realm.load(namesOfAll, { code: '', adaptor, bundle, memoryMb, console: true, logLimitBytes: 1_000 })
  const first = await realm.turn({ answers: [], starts: [1, '{}'] })
  const [, , outcome = '{}', state = '{}'] = (first.includes('\n') ? first : await realm.turn(nothing)).split('\n')
  const { error } = JSON.parse(outcome) as { error: { name: string; message: string } | null }
  if (error) return { problem: `${error.name}: ${error.message}` }
  return { names: (JSON.parse(state || '{}') as { names?: string[] }).names?.filter(canBeNamed) ?? [] }
}

const memoryMb = 128
const nothing = { answers: [], starts: [] } as const

/** As the compiler would write a job that has the adaptor itself in scope. */
const namesOfAll: Compiled = {
  kind: 'compiled',
  script: '(async (add, all) => add(0, () => () => ({ names: Object.keys(all) })))',
  uses: [everything],
  inserts: [],
  operations: [{ name: 'names', line: 1, column: 1 }],
}

/** Whether a job can speak it, and means this by it. */
const canBeNamed = (name: string): boolean =>
  /^[A-Za-z_$][\w$]*$/.test(name) && name !== stateName && compileJob(`fn((${name}) => ${name})`).kind === 'compiled'
