import {
  type Adaptor,
  type AdaptorBundle,
  type FindAdaptors,
  type FoundAdaptor,
  isUpstream,
  NoAdaptor,
  type Packages,
  type UpstreamAdaptor,
  upstreamParts,
} from '../../../../topology/project/adaptors.ts'
import { openCache } from './cache.ts'
import { prepare } from './prepare.ts'

export type FindOptions = Readonly<{
  packages: Packages
  /** Keeps what was made; ours alone (`openCache`). */
  dir: string
  /** One that was deployed before, which needs nobody to be asked again. */
  known?: (adaptor: UpstreamAdaptor) => AdaptorBundle | undefined
}>

/** One adaptor of whatever kind, for programs without a project; of those that are built in nothing needs to be found. */
export const oneAdaptor = async (
  name: Adaptor,
  options: () => FindOptions,
): Promise<Readonly<{ adaptor: Adaptor; bundle: AdaptorBundle | null } | { problem: string }>> => {
  if (!isUpstream(name)) return { adaptor: name, bundle: null }
  try {
    return (await adaptorFinder(options())([name])).get(name) ?? { problem: `There is no adaptor ${name}` }
  } catch (error) {
    if (!(error instanceof Error && 'syscall' in error)) throw error
    return { problem: `${name} cannot be kept here (${error.message}): set DATA_DIR to a directory that is yours.` }
  }
}

/**
 * Finds adaptors: in the cache, among what was deployed, else by fetching the package and making a bundle of it. One after another, because each
 * takes memory; whoever wants the same one meanwhile finds it in the cache.
 */
export const adaptorFinder = ({ packages, dir, known = () => undefined }: FindOptions): FindAdaptors => {
  const cache = openCache(dir)
  let last: Promise<unknown> = Promise.resolve()

  const made = async (adaptor: UpstreamAdaptor): Promise<AdaptorBundle> => {
    const { package: name, version } = upstreamParts(adaptor)
    await using installed = await packages.install(name, version ?? '')
    const bundle = await prepare(adaptor, installed.dir)
    if (bundle.names.length === 0) throw new NoAdaptor(`${adaptor} is no adaptor for jobs: it exports nothing.`)
    await cache.keep(adaptor, bundle)
    return bundle
  }

  const find = async (name: UpstreamAdaptor): Promise<FoundAdaptor> => {
    try {
      const { package: of, version } = upstreamParts(name)
      const adaptor: UpstreamAdaptor = `${of as UpstreamAdaptor}@${version ?? (await packages.newest(of))}`
      return { adaptor, bundle: (await cache.get(adaptor)) ?? known(adaptor) ?? (await made(adaptor)) }
    } catch (error) {
      if (error instanceof NoAdaptor) return { problem: error.message }
      throw error
    }
  }

  return async (names) => {
    const found = new Map<UpstreamAdaptor, FoundAdaptor>()
    for (const name of names) {
      const turn = last.then(() => find(name))
      last = turn.catch(() => {})
      found.set(name, await turn)
    }
    return found
  }
}
