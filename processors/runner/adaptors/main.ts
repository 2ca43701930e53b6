import { npmAdaptorsIn } from '../../../infra/adaptors/npm.ts'
import { readConfig } from '../../../infra/config.ts'
import { StartProblem } from '../../../infra/start-problem.ts'
import packageJson from '../../../package.json' with { type: 'json' }
import {
  type AdaptorBundle,
  builtInAdaptors,
  isUpstream,
  NoAdaptor,
  type UpstreamAdaptor,
} from '../../../topology/project/adaptors.ts'
import { openCache } from './upstream/cache.ts'
import { adaptorFinder, type FindOptions } from './upstream/find.ts'
import { check } from './upstream/prepare.ts'

const usage = `Usage: penstock adaptors [list]
       penstock adaptors warm <name>...
       penstock adaptors check [<name>...]

  list   the adaptors that are built in, and those that were fetched into DATA_DIR
  warm   fetches adaptors (@openfn/language-http@7.2.10) before a deploy needs them, and loads each once
  check  loads adaptors that were fetched once more, all of them or those that are named

Exit code: 0 when all is well, 1 when an adaptor is none, 2 for what is no command.`

const main = async ([command = 'list', ...names]: readonly string[]): Promise<number> => {
  if (command === '--help' || command === '-h') return tell(usage, 0)
  const wrong = names.find((name) => !isUpstream(name))
  if (wrong !== undefined) return tell(`penstock: ${wrong} is no adaptor: name it like @openfn/language-http@7.2.10`, 2)
  const wanted = names.filter(isUpstream)
  const npm = npmAdaptorsIn(readConfig().DATA_DIR)
  if (command === 'list' && names.length === 0) return await list(npm.dir)
  if (command === 'warm' && names.length > 0) return await warm(npm, wanted)
  if (command === 'warm')
    return tell('penstock: adaptors warm takes names: penstock adaptors warm @openfn/language-http@7.2.10', 2)
  if (command === 'check') return await checkAll(npm.dir, wanted)
  return tell(
    `penstock: adaptors cannot "${[command, ...names].join(' ')}"; penstock adaptors --help tells what it can.`,
    2,
  )
}

const tell = (text: string, code: number): number => {
  ;(code === 0 ? console.log : console.error)(text)
  return code
}

const list = async (dir: string): Promise<number> => {
  for (const name of builtInAdaptors) console.log(`${name}@${packageJson.version}  built in`)
  const cache = openCache(dir)
  for (const name of await cache.list()) console.log(lineOf(name, await cache.get(name)))
  return 0
}

const warm = async (npm: FindOptions, names: readonly UpstreamAdaptor[]): Promise<number> => {
  const found = await adaptorFinder(npm)(names)
  const codes = [...found.values()].map((one) =>
    'problem' in one ? tell(one.problem, 1) : tell(lineOf(one.adaptor, one.bundle), 0),
  )
  return Math.max(...codes)
}

const checkAll = async (dir: string, names: readonly UpstreamAdaptor[]): Promise<number> => {
  const cache = openCache(dir)
  let worst = 0
  for (const name of names.length > 0 ? names : await cache.list()) {
    const kept = await cache.get(name)
    worst = Math.max(worst, await checkOne(name, kept))
  }
  return worst
}

const checkOne = async (name: UpstreamAdaptor, kept: AdaptorBundle | undefined): Promise<number> => {
  if (kept === undefined) return tell(`${name} was not fetched: penstock adaptors warm ${name}`, 1)
  try {
    return tell(lineOf(name, await check(name, kept.code)), 0)
  } catch (error) {
    if (error instanceof NoAdaptor) return tell(error.message, 1)
    throw error
  }
}

const lineOf = (name: UpstreamAdaptor, bundle: AdaptorBundle | undefined): string =>
  `${name}  ${bundle?.names.length ?? 0} functions, ${Math.ceil((bundle?.code.length ?? 0) / 1_000)} kB`

process.exitCode = await main(process.argv.slice(2)).catch((error: unknown) => {
  if (error instanceof StartProblem) return tell(error.message, 1)
  throw error
})
