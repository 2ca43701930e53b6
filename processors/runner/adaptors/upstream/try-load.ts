import { type AdaptorBundle, NoAdaptor, type UpstreamAdaptor } from '../../../../topology/project/adaptors.ts'
import { isJsonArray, isJsonObject } from '../../../../topology/words/json.ts'
import type { Outcome, RunError } from '../../../../topology/words/run.ts'
import { type Compiled, compileJob } from '../../language/compile.ts'
import { stateName } from '../../language/names.ts'
import { realmMaker } from '../../sandbox/realm-host.ts'
import { realmScript } from '../../sandbox/realm-script.ts'
import { everything } from './world.ts'

/**
 * Loads an adaptor as a run does, in a realm from which nothing can be reached, and gives the names that it has for jobs. Throws `NoAdaptor`
 * when it cannot be loaded. One that never ends ends with its process: only a process of its own may try this, under a watch.
 */
export const tryLoad = async (adaptor: UpstreamAdaptor, code: string): Promise<readonly string[]> => {
  const outcome = await outcomeOfLoading(adaptor, code).catch((error: Error) => ({ error }))
  const { name, message, details } = outcome.error as RunError
  if (isJsonObject(details) && isJsonArray(details['names'])) return details['names'].map(String).filter(canBeNamed)
  const why = isJsonObject(details) && name === 'ImportError' ? Object.values(details) : [name, message]
  throw new NoAdaptor(`it cannot be loaded (${why.join(': ')}).`)
}

const outcomeOfLoading = async (adaptor: UpstreamAdaptor, code: string): Promise<Pick<Outcome, 'error'>> => {
  const realm = await realmMaker(await realmScript())(memoryMb)
  const bundle: AdaptorBundle = { id: 'tried', names: [], code }
  await realm.load(namesOfAll, { adaptor, bundle, console: true, logLimitBytes: 1_000 })
  const [, , outcome = ''] = (await realm.turn({ answers: [], starts: [1, '{}'] })).split('\n')
  return JSON.parse(outcome)
}

const memoryMb = 128

/** As the compiler would write it. It throws what it has found, so that nothing of the adaptor is called. */
const namesOfAll: Compiled = {
  kind: 'compiled',
  script: '(async (add, all) => { throw { names: Object.keys(all) } })',
  uses: [everything],
  inserts: [],
  operations: [],
}

/** Whether a job can speak it, and means this by it. */
const canBeNamed = (name: string): boolean =>
  /^[A-Za-z_$][\w$]*$/.test(name) && name !== stateName && compileJob(`fn((${name}) => ${name})`).kind === 'compiled'
