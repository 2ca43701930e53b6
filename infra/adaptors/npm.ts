import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { NoAdaptor, type Packages } from '../../topology/project/adaptors.ts'
import { readNpmEnvironment } from '../config.ts'
import { killWithChildren } from '../embedded/child.ts'
import { signalProcess } from '../embedded/process-id.ts'

/** `env` is read anew for each call of npm; `limitMs` is its time for one. */
export type NpmOptions = Readonly<{ env?: () => NodeJS.ProcessEnv; limitMs?: number }>

/** Where an installation keeps what it made of npm's packages, and how it gets them. */
export const npmAdaptorsIn = (dataDir: string): Readonly<{ packages: Packages; dir: string }> => {
  const dir = join(dataDir, 'cache', 'adaptors')
  return { packages: npmPackages(dir), dir }
}

/**
 * Packages from npm, by npm itself, so that its own settings say from where and with whose name. Nothing of a package is executed here, and npm
 * sees nothing of our environment but what is for it. What it refuses is thrown as `NoAdaptor`, in a sentence that says what to do.
 */
export const npmPackages = (dir: string, options: NpmOptions = {}): Packages => ({
  newest: async (name) => {
    const version: unknown = JSON.parse(await npm(['view', name, 'version'], { name, dir, ...options }))
    if (typeof version !== 'string')
      throw new NoAdaptor(`npm names no newest version of ${name}: name the one that you mean.`)
    return version
  },
  install: async (name, version) => {
    const place = await mkdtemp(join(dir, 'install-'))
    const remove = (): Promise<void> => rm(place, { recursive: true, force: true })
    try {
      await writeFile(join(place, 'package.json'), '{"private":true}')
      await npm([...installing, `${name}@${version}`], { name: `${name}@${version}`, dir: place, ...options })
      const installed = JSON.parse(await readFile(join(place, 'node_modules', name, 'package.json'), 'utf8'))
      if (installed.version !== version)
        throw new NoAdaptor(`npm gave ${name}@${installed.version} instead of ${version}.`)
      return { dir: place, [Symbol.asyncDispose]: remove }
    } catch (error) {
      await remove()
      throw error
    }
  },
})

const installing = [
  ...['install', '--ignore-scripts', '--omit=dev', '--omit=optional', '--no-package-lock', '--no-audit', '--no-fund'],
]

type Asked = NpmOptions & Readonly<{ name: string; dir: string }>

const npm = async (args: readonly string[], asked: Asked): Promise<string> => {
  const { name, dir, env = readNpmEnvironment, limitMs = npmMs } = asked
  const stdio = ['ignore', 'pipe', 'ignore'] as const
  const child = spawn('npm', [...args, ...always], { cwd: dir, env: env(), stdio: [...stdio], detached: true })
  killWithChildren(child, { group: true })
  let late = false
  const limit = setTimeout(() => {
    late = true
    if (child.pid) signalProcess(-child.pid, 'SIGKILL') // with all that it has started
  }, limitMs)
  try {
    const [said, [code]] = await Promise.all([text(child.stdout), once(child, 'close')])
    if (code === 0) return said
    throw new NoAdaptor(
      late ? `npm did not have ${name} after ${limitMs / 1_000} s: try again.` : refusal(name, saidIn(said)),
    )
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
    throw new NoAdaptor(`There is no npm on this machine, which fetches ${name}: install it where this runs.`)
  } finally {
    clearTimeout(limit)
  }
}

/** It would try again for a minute and a half where nobody answers. */
const always = ['--json', '--loglevel=error', '--fetch-retry-mintimeout=500', '--fetch-retry-maxtimeout=2000']

/** Adaptors have some 50 packages of 50 MB, in half a minute on a slow line. */
const npmMs = 120_000

type Said = Readonly<{ code: string; summary: string; detail: string }>

const saidIn = (stdout: string): Said => {
  try {
    const { code = '', summary = '', detail = '' } = (JSON.parse(stdout) as { error?: Partial<Said> }).error ?? {}
    return { code, summary: summary.split('\n')[0]?.slice(0, 300) ?? '', detail }
  } catch {
    return { code: '', summary: '', detail: '' }
  }
}

const refusal = (name: string, { code, summary, detail }: Said): string => {
  const missing = code === 'E404' ? (missingIn(detail) ?? name) : undefined
  if (missing === name) return `npm has no ${name}: look for the name and version that it has.`
  const wanted = missing ?? /No matching version found for (\S+?)\.?$/.exec(summary)?.[1]
  if (wanted === name) return `npm has no ${name}: take a version that it has, or @latest.`
  if (wanted !== undefined) return `${name} needs ${wanted}, which npm does not have: take another version.`
  if (offline.has(code))
    return `npm cannot reach ${registryIn(summary)} for ${name} (${code}): see to the network, or npm's setting "registry", and try again.`
  if (/CERT|ISSUER|SIGNATURE/.test(code))
    return `npm does not trust the certificate of ${registryIn(summary)} (${code}): name its authority in NODE_EXTRA_CA_CERTS, or in npm's setting "cafile".`
  return `npm could not install ${name} (${code || 'no code'}): ${summary || 'it does not say why'}`
}

/** Its host alone: the URL may hold a password. */
const registryIn = (summary: string): string => {
  const url = /https?:\/\/\S+/.exec(summary)?.[0] ?? ''
  return URL.canParse(url) ? `its registry ${new URL(url).host}` : 'its registry'
}

/** npm has `@*` where no version was asked for. */
const missingIn = (detail: string): string | undefined => /'(@?[^'@]+(?:@[^'*]+)?)(?:@\*)?'/.exec(detail)?.[1]

const offline: ReadonlySet<string> = new Set(
  'ENOTFOUND EAI_AGAIN ECONNREFUSED ECONNRESET ETIMEDOUT ENETUNREACH EHOSTUNREACH ERR_SOCKET_TIMEOUT FETCH_ERROR ENOTCACHED'.split(
    ' ',
  ),
)
