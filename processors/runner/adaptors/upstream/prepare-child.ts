import { text } from 'node:stream/consumers'
import {
  type AdaptorBundle,
  NoAdaptor,
  type UpstreamAdaptor,
  upstreamParts,
} from '../../../../topology/project/adaptors.ts'
import { bundleAdaptor, idOf } from './bundle.ts'
import { tryLoad } from './try-load.ts'

// The process in which a package becomes an adaptor, and is loaded for the first time: from a directory, or as a script that it is given.

const prepared = async (adaptor: UpstreamAdaptor, dir: string | undefined): Promise<AdaptorBundle> => {
  const code = dir === undefined ? await text(process.stdin) : await bundleAdaptor(upstreamParts(adaptor).package, dir)
  return { id: idOf(code), names: await tryLoad(adaptor, code), code }
}

const told = await prepared(process.argv[2] as UpstreamAdaptor, process.argv[3]).catch((error: unknown) => {
  if (error instanceof NoAdaptor) return { problem: error.message }
  throw error
})
process.stdout.write(JSON.stringify(told), () => process.exit())
