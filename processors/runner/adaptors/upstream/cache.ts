import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type AdaptorBundle, isUpstream, type UpstreamAdaptor } from '../../../../topology/project/adaptors.ts'
import { idOf } from './bundle.ts'

/** Adaptors that were made here before, on disk. What another release has made is not there. */
export type Cache = Readonly<{
  get(adaptor: UpstreamAdaptor): Promise<AdaptorBundle | undefined>
  keep(adaptor: UpstreamAdaptor, bundle: AdaptorBundle): Promise<void>
  list(): Promise<readonly UpstreamAdaptor[]>
}>

/** Opens (and makes, if need be) the cache in that directory, which must be ours alone: what lies in it is executed. */
export const openCache = (dir: string): Cache => {
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  const fileOf = (adaptor: UpstreamAdaptor): string => join(dir, `${adaptor.slice(scope.length)}.json`)

  const get: Cache['get'] = async (adaptor) => {
    const text = await readFile(fileOf(adaptor), 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined
      throw error
    })
    const kept = text === undefined ? undefined : (JSON.parse(text) as Kept)
    return kept?.recipe === recipe() && kept.bundle.id === idOf(kept.bundle.code) ? kept.bundle : undefined
  }

  return {
    get,
    keep: async (adaptor, bundle) => {
      const file = fileOf(adaptor)
      const own = `${file}.${process.pid}.new`
      try {
        await writeFile(own, JSON.stringify({ recipe: recipe(), bundle } satisfies Kept))
        await rename(own, file)
      } finally {
        await rm(own, { force: true })
      }
    },
    list: async () => {
      const names = (await readdir(dir)).map((file) => `${scope}${file.replace(/\.json$/, '')}`).filter(isUpstream)
      const found = await Promise.all(names.map(async (name) => ((await get(name)) ? [name] : [])))
      return found.flat().sort()
    },
  }
}

type Kept = Readonly<{ recipe: string; bundle: AdaptorBundle }>

const scope = '@openfn/'

/** Says by what a bundle was made: another release may have other stand-ins for Node. */
const recipe = (): string => (made ??= hashOf(here))
let made: string | undefined
const here = dirname(fileURLToPath(import.meta.url))

const hashOf = (dir: string): string => {
  const hash = createHash('sha256').update(process.version)
  for (const file of readdirSync(dir, { recursive: true, encoding: 'utf8' }).sort())
    if (file.endsWith('.ts')) hash.update(file).update(readFileSync(join(dir, file)))
  return hash.digest('hex')
}
