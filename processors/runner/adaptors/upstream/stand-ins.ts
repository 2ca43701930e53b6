import { readFile } from 'node:fs/promises'
import { STATUS_CODES } from 'node:http'
import { builtinModules, createRequire } from 'node:module'
import { dirname, isAbsolute, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { OnResolveResult, Plugin } from 'esbuild'

/**
 * Puts ours in the place of Node's modules and of packages that cannot work in a realm. `onSocket` is told of whoever asks for raw sockets.
 * Our own files go by names that do not depend on where they lie, so that the same adaptor gives the same script everywhere.
 */
export const standIns = (onSocket: (module: string, importer: string) => void): Plugin => ({
  name: 'stand-ins',
  setup: ({ onResolve, onLoad, resolve }) => {
    const find = async (path: string, resolveDir: string): Promise<OnResolveResult> => {
      const found = await resolve(path, { resolveDir, kind: 'require-call', pluginData: asked })
      if (found.errors.length > 0) return { errors: found.errors }
      return found.namespace === 'file' && isOurs(found.path)
        ? { path: relative(root, found.path), namespace: ours }
        : found
    }

    onResolve({ filter: /^[^./]/ }, ({ path, importer, namespace, pluginData, kind, resolveDir }) => {
      if (pluginData === asked || kind === 'entry-point') return undefined
      const name = path.replace(/^node:/, '').replace(/\/$/, '')
      const own = packages[name] ?? (namespace === ours ? undefined : replaced[name])
      if (own !== undefined) return find(own, here)
      if (files.has(name) || builtinModules.includes(name)) {
        if (sockets.has(name)) onSocket(name, importer)
        return { path: name, namespace: 'node' }
      }
      return nodeForms.has(name) ? { path: createRequire(join(resolveDir, 'it')).resolve(path) } : undefined
    })
    onResolve({ filter: /./, namespace: ours }, ({ path, importer, pluginData }) => {
      if (pluginData === asked) return undefined
      if (path.endsWith('/web/url.ts')) return { path: 'url', namespace: 'node' } // the realm has it
      return find(path, join(root, dirname(importer)))
    })
    onResolve({ filter: /./, namespace: 'node' }, ({ path, pluginData }) =>
      pluginData === asked ? undefined : find(path, here),
    )
    onLoad({ filter: /./, namespace: 'node' }, ({ path }) => ({
      contents: moduleText(path),
      loader: 'js',
      resolveDir: here,
    }))
    onLoad({ filter: /./, namespace: ours }, async ({ path }) => ({
      contents: await readFile(join(root, path), 'utf8'),
      loader: path.endsWith('.ts') ? 'ts' : path.endsWith('.json') ? 'json' : 'js',
      resolveDir: join(root, dirname(path)),
    }))
  },
})

const asked = { from: 'stand-ins' }
const ours = 'penstock'
const here = fileURLToPath(new URL('.', import.meta.url))
const root = fileURLToPath(new URL('../../../../', import.meta.url))
const isOurs = (path: string): boolean => isAbsolute(path) && !relative(root, path).startsWith('..')

/** Modules of Node that published packages know how to be. */
const packages: Readonly<Record<string, string>> = {
  events: 'events/',
  path: 'path-browserify',
  'path/posix': 'path-browserify',
  stream: 'readable-stream',
  string_decoder: 'string_decoder/',
}

/** Packages whose work is done by ours. */
const replaced: Readonly<Record<string, string>> = { 'readable-stream': 'readable-stream' }

/** Packages whose form for browsers wants an XMLHttpRequest, and whose form for Node does with its `http`. */
const nodeForms: ReadonlySet<string> = new Set(['superagent'])

/** Modules that are files of `node/`, by the name that they are asked for. */
const files: ReadonlyMap<string, string> = new Map(
  Object.entries({
    ...{ assert: 'assert', 'assert/strict': 'assert', buffer: 'buffer', crypto: 'crypto', http: 'http', https: 'http' },
    ...{ os: 'os', process: 'process', querystring: 'querystring', timers: 'timers', 'timers/promises': 'timers' },
    ...{ pg: 'pg', undici: 'undici', url: 'url', util: 'utilities', 'util/types': 'utilities', ajv: 'ajv' },
    ...{ 'ajv/dist/2019': 'ajv', 'ajv/dist/2019.js': 'ajv', 'ajv/dist/2020': 'ajv', 'ajv/dist/2020.js': 'ajv' },
  }),
)

/** Parts of a file that are modules of their own. */
const parts: Readonly<Record<string, string>> = {
  https: 'secure',
  'util/types': 'types',
  'timers/promises': 'promises',
}

const sockets: ReadonlySet<string> = new Set(['net', 'tls', 'dgram'])

/** What the module is, as CommonJS: libraries call it, take its parts, or its default. */
const moduleText = (name: string): string => {
  if (name === 'stream/promises') return `module.exports = require('readable-stream').promises`
  const file = files.get(name)
  if (file === undefined) return `module.exports = require('./node/absent.ts').absent(${JSON.stringify(name)})`
  const part = parts[name]
  return `const all = require('./node/${file}.ts')
module.exports = ${part ? `all.${part}` : 'Object.assign(all.whole || {}, all)'}
${name === 'http' ? `module.exports.STATUS_CODES = ${JSON.stringify(STATUS_CODES)}` : ''}
module.exports.default ||= module.exports`
}
