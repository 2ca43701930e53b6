import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { npmPackages } from '../../infra/adaptors/npm.ts'
import { NoAdaptor, type Packages } from '../../topology/project/adaptors.ts'
import { openRegistry } from '../fixtures/npm-registry.ts'

// The real npm, whose own settings say where its registry is: here it is one of the test's.
const shop = '@openfn/language-shop'
const published = [
  { name: shop, version: '1.0.0', text: 'export const old = 1' },
  {
    ...{ name: shop, version: '1.2.3', text: 'export { n } from "helper"', dependencies: { helper: '1.0.0' } },
    scripts: { preinstall: 'touch ran', install: 'touch ran', postinstall: 'touch ran' },
  },
  { name: 'helper', version: '1.0.0', text: 'export const n = 1' },
  { name: '@openfn/language-torn', version: '1.2.3', text: '', dependencies: { helper: '2.0.0' } },
]

describe('packages from npm', () => {
  let dir = ''
  let packages: Packages
  let registry: Awaited<ReturnType<typeof openRegistry>>
  const before = { ...process.env }

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'npm-'))
    registry = await openRegistry(published)
    process.env['npm_config_registry'] = registry.url
    process.env['npm_config_cache'] = join(dir, 'npm')
    packages = npmPackages(dir)
  })
  afterAll(async () => {
    Object.assign(process.env, {
      npm_config_registry: before['npm_config_registry'] ?? '',
      npm_config_cache: before['npm_config_cache'] ?? '',
    })
    await registry[Symbol.asyncDispose]()
    await rm(dir, { recursive: true, force: true })
  })

  const refusalOf = async (asked: Promise<unknown>): Promise<string> => {
    const error = await asked.catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(NoAdaptor)
    return (error as Error).message
  }

  test('come in the version that is asked for, with what they need and without running anything', async () => {
    expect(await packages.newest(shop)).toBe('1.2.3')
    let place = ''
    {
      await using installed = await packages.install(shop, '1.2.3')
      place = installed.dir
      expect(await readFile(join(place, 'node_modules', shop, 'index.js'), 'utf8')).toBe('export { n } from "helper"')
      expect(await readdir(join(place, 'node_modules', 'helper'))).toContain('index.js')
      expect(await readdir(join(place, 'node_modules', shop))).not.toContain('ran')
    }
    await expect(readdir(place)).rejects.toThrow('ENOENT')
    await using older = await packages.install(shop, '1.0.0')
    expect(await readFile(join(older.dir, 'node_modules', shop, 'index.js'), 'utf8')).toBe('export const old = 1')
  })

  test('that npm does not have are refused, each with its remedy', async () => {
    expect(await refusalOf(packages.newest('@openfn/language-nobody'))).toBe(
      'npm has no @openfn/language-nobody: look for the name and version that it has.',
    )
    expect(await refusalOf(packages.install(shop, '9.9.9'))).toBe(
      `npm has no ${shop}@9.9.9: take a version that it has, or @latest.`,
    )
    expect(await refusalOf(packages.install('@openfn/language-torn', '1.2.3'))).toBe(
      '@openfn/language-torn@1.2.3 needs helper@2.0.0, which npm does not have: take another version.',
    )
    expect((await readdir(dir)).filter((name) => name.startsWith('install-'))).toEqual([])
  })

  test('are not had while nobody answers, which is told soon', async () => {
    const away = await openRegistry([])
    await away[Symbol.asyncDispose]()
    process.env['npm_config_registry'] = away.url
    expect(await refusalOf(packages.newest(shop))).toBe(
      `npm cannot reach its registry ${new URL(away.url).host} for ${shop} (ECONNREFUSED): see to the network, or npm's setting "registry", and try again.`,
    )
    process.env['npm_config_registry'] = registry.url
  })

  test('are not had where there is no npm', async () => {
    const path = process.env['PATH']
    process.env['PATH'] = join(dir, 'nowhere')
    expect(await refusalOf(packages.newest(shop))).toBe(
      `There is no npm on this machine, which fetches ${shop}: install it where this runs.`,
    )
    process.env['PATH'] = path
  })
})
