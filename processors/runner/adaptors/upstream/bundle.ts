import { createHash } from 'node:crypto'
import { build, type Message } from 'esbuild'
import { standIns } from './stand-ins.ts'

/** An adaptor as one script (`world.ts`, `Bundle`), by the SHA-256 of its text. */
export type Bundled = Readonly<{ id: string; code: string }>

/** Why a package is no adaptor for jobs: one sentence, with its remedy. */
export class NoAdaptor extends Error {}

/**
 * Makes one script of an installed package and all that it needs; `dir` holds its `node_modules`. The same packages give the same script. What
 * they take of Node is ours, or says why it is not there when it is called. Throws `NoAdaptor` for what cannot be one script, or needs sockets.
 */
export const bundleAdaptor = async (name: string, dir: string): Promise<Bundled> => {
  const sockets = new Map<string, string>()
  const { outputFiles, errors } = await build({
    stdin: { contents: `import * as adaptor from ${JSON.stringify(name)}; export { adaptor }`, resolveDir: dir },
    absWorkingDir: dir,
    plugins: [standIns((module, importer) => void sockets.set(packageOf(importer), module))],
    ...{ bundle: true, write: false, format: 'iife', globalName: '$bundle', platform: 'browser', target: 'es2024' },
    ...{ minifySyntax: true, minifyWhitespace: true, legalComments: 'eof', charset: 'utf8', logLevel: 'silent' },
    loader: { '.node': 'empty' },
    define: { global: 'globalThis', self: 'globalThis', __dirname: '"/"', __filename: '"/adaptor.js"' },
  }).catch(({ errors = [] }: { errors?: readonly Message[] }) => ({ outputFiles: [], errors }))
  const [file] = outputFiles
  if (!file) throw new NoAdaptor(`${name} cannot be made one script: ${errors[0]?.text ?? 'esbuild does not say why'}`)
  const [socket] = sockets
  if (socket)
    throw new NoAdaptor(
      `${name} cannot work in a job: ${socket[0]} needs Node's "${socket[1]}", and jobs have HTTP only`,
    )
  const code = `(($world,$http)=>{var globalThis=$world,{${worldNames}}=$world;${file.text}\nreturn $bundle})`
  if (Buffer.byteLength(code) > maxBytes)
    throw new NoAdaptor(
      `${name} is too large: as one script it has ${Buffer.byteLength(code)} bytes of ${maxBytes} at most`,
    )
  return { id: createHash('sha256').update(code).digest('hex'), code }
}

/** It is one record of `definitions`, which takes 11 MB. */
const maxBytes = 10_000_000

/** What a script takes of its world by name, because the realm has something else by it, or nothing. */
const worldNames = [
  ...['console', 'fetch', 'AbortSignal', 'crypto', 'Function', 'process', 'performance', 'ReadableStream'],
  ...['setTimeout', 'setInterval', 'setImmediate', 'clearTimeout', 'clearInterval', 'clearImmediate'],
]

const packageOf = (importer: string): string => /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(importer)?.[1] ?? 'it'
