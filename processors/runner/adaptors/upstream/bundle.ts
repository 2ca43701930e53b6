import { createHash } from 'node:crypto'
import { build, type Message, type Plugin } from 'esbuild'
import { NoAdaptor } from '../../../../topology/project/adaptors.ts'
import { standIns } from './stand-ins.ts'

/** The name of a script: its SHA-256, in hex. */
export const idOf = (code: string): string => createHash('sha256').update(code).digest('hex')

/**
 * Makes one script (`world.ts`, `Bundle`) of an installed package and all that it needs; `dir` holds its `node_modules`. The same packages give the same script. What
 * they take of Node is ours, or says why it is not there when it is called. Throws `NoAdaptor` for what cannot be one script, needs sockets, or holds machine
 * code.
 */
export const bundleAdaptor = async (name: string, dir: string): Promise<string> => {
  const reasons: string[] = []
  const { outputFiles, errors } = await build({
    stdin: { contents: `import * as adaptor from ${JSON.stringify(name)}; export { adaptor }`, resolveDir: dir },
    absWorkingDir: dir,
    plugins: [
      standIns((module, importer) => {
        const importing = packageOf(importer)
        if (!aroundHttp.has(importing)) reasons.push(`${importing} needs Node's "${module}", and jobs have HTTP only.`)
      }),
      nativeModules((path) => reasons.push(`${packageOf(path)} is a native module, and jobs load no machine code.`)),
    ],
    ...{ bundle: true, write: false, format: 'iife', globalName: '$bundle', platform: 'browser', target: 'es2024' },
    ...{ minifySyntax: true, minifyWhitespace: true, legalComments: 'eof', charset: 'utf8', logLevel: 'silent' },
    define: { global: 'globalThis', self: 'globalThis', __dirname: '"/"', __filename: '"/adaptor.js"' },
  }).catch(({ errors = [] }: { errors?: readonly Message[] }) => ({ outputFiles: [], errors }))
  const [file] = outputFiles
  if (!file) throw new NoAdaptor(`it cannot be made one script: ${errors[0]?.text ?? 'esbuild does not say why'}.`)
  const [reason] = reasons
  if (reason !== undefined) throw new NoAdaptor(reason)
  const code = `(($world,$http,$sql)=>{var globalThis=$world,{${worldNames}}=$world;${file.text}\nreturn $bundle})`
  if (Buffer.byteLength(code) > maxBytes)
    throw new NoAdaptor(`as one script it has ${Buffer.byteLength(code)} bytes, and ${maxBytes} are the most.`)
  return code
}

/** It is one record of `definitions`, which takes 11 MB. */
const maxBytes = 10_000_000

/** What a script takes of its world by name, because the realm has something else by it, or nothing. */
const worldNames = [
  ...['console', 'fetch', 'AbortSignal', 'crypto', 'Function', 'eval', 'process', 'performance', 'ReadableStream'],
  ...['setTimeout', 'setInterval', 'setImmediate', 'clearTimeout', 'clearInterval', 'clearImmediate'],
]

const nativeModules = (onNative: (path: string) => void): Plugin => ({
  name: 'native-modules',
  setup: ({ onLoad }) =>
    onLoad({ filter: /\.node$/, namespace: 'file' }, ({ path }) => {
      onNative(path)
      return { contents: '' }
    }),
})

/** They ask for sockets only to keep, secure or tunnel connections of HTTP, which is done for them, or to tell addresses from names. */
const aroundHttp: ReadonlySet<string> = new Set([
  ...['agent-base', 'forever-agent', 'http-proxy-agent', 'https-proxy-agent', 'proxy-agent', 'socks-proxy-agent'],
  ...['superagent', 'tough-cookie', 'tunnel', 'tunnel-agent'],
])

const packageOf = (importer: string): string => /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(importer)?.[1] ?? 'it'
