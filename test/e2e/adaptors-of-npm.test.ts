import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openRegistry } from '../fixtures/npm-registry.ts'
import { machine } from '../fixtures/penstock.ts'

const shop = '@openfn/language-shop'
const published = [
  { name: shop, version: '1.2.3', text: 'export const order = (n) => (state) => ({ ...state, ordered: n })' },
  { name: '@openfn/language-torn', version: '2.0.0', text: '', dependencies: { helper: '3.0.0' } },
]

let folder = ''
let registry: Awaited<ReturnType<typeof openRegistry>>

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'penstock-adaptors-'))
  registry = await openRegistry(published)
  writeFileSync(join(folder, 'job.js'), `import { order } from '${shop}'\norder(5)\n`)
  writeFileSync(join(folder, 'wrong.js'), `import { nope } from '${shop}'\norder(5)\n`)
})
afterAll(async () => {
  await registry[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true })
})

type Ended = Readonly<{ code: number | null; stdout: string; stderr: string }>

const penstock = async (args: readonly string[], settings: Readonly<Record<string, string>> = {}): Promise<Ended> => {
  const own = {
    npm_config_registry: registry.url,
    npm_config_cache: join(folder, 'npm'),
    DATA_DIR: join(folder, 'data'),
  }
  const child = spawn('sh', [resolve(import.meta.dirname, '../../bin/penstock'), ...args], {
    cwd: folder,
    env: { ...machine, ...own, ...settings },
  })
  child.stdin.end()
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)])
  if (child.exitCode === null) await once(child, 'exit')
  return { code: child.exitCode, stdout, stderr }
}

describe('an adaptor of npm on the command line', () => {
  test('is fetched once for compile and run, and the version that was found is told', async () => {
    const compiled = await penstock(['compile', '-a', shop, 'job.js'])
    expect(compiled).toEqual({ code: 0, stdout: expect.stringContaining('order  2:1\nuses: order\n'), stderr: '' })
    const nobody = { npm_config_registry: 'http://127.0.0.1:1' }
    const ran = await penstock(['run', '-a', `${shop}@1.2.3`, 'job.js'], nobody)
    expect([ran.code, JSON.parse(ran.stdout)]).toEqual([0, { ordered: 5 }])
    expect(ran.stderr).toContain(`, adaptor ${shop}@1.2.3\n`)
    const newest = await penstock(['run', '-a', `${shop}@latest`, 'job.js'])
    expect([newest.code, newest.stderr]).toEqual([0, expect.stringContaining(`, adaptor ${shop}@1.2.3\n`)])
  })

  test('that lacks what a job imports is told in the place of the import', async () => {
    const place = expect.stringMatching(
      /wrong\.js:1:10: (\w+: )?There is no "nope" in @openfn\/language-shop; .*\nimport/,
    )
    expect(await penstock(['compile', '-a', shop, 'wrong.js'])).toEqual({ code: 1, stdout: '', stderr: place })
    expect(await penstock(['run', '-a', shop, 'wrong.js'])).toMatchObject({ code: 1, stderr: place })
  })

  test.each<[string, string, RegExp]>([
    [
      'has no such name',
      '@openfn/language-nobody',
      /^penstock: npm has no @openfn\/language-nobody: look for the name/,
    ],
    ['has no such version', `${shop}@9.9.9`, /^penstock: npm has no @openfn\/language-shop@9\.9\.9: take a version/],
    ['lacks what it needs', '@openfn/language-torn', /needs helper@3\.0\.0, which npm does not have: take another/],
    ['is asked for a range', `${shop}@^1.2.0`, /is no adaptor: write @openfn\/language-name@1\.2\.3, or @latest/],
    ['is asked without scope', 'language-shop', /is no adaptor: write @openfn\/language-name@1\.2\.3, or @latest/],
  ])('that npm cannot give because it %s is refused with the remedy', async (_, name, said) => {
    const refused = { code: 2, stdout: '', stderr: expect.stringMatching(said) }
    expect(await penstock(['run', '-a', name, 'job.js'])).toEqual(refused)
    expect(await penstock(['compile', '-a', name, 'job.js'])).toEqual(refused)
  })

  test('that cannot be fetched or kept is refused, and says where', async () => {
    const nobody = { npm_config_registry: 'http://127.0.0.1:1' }
    expect((await penstock(['run', '-a', `${shop}@8.8.8`, 'job.js'], nobody)).stderr).toBe(
      `penstock: npm cannot reach its registry 127.0.0.1:1 for ${shop}@8.8.8 (ECONNREFUSED): see to the network, or npm's setting "registry", and try again.\n`,
    )
    expect((await penstock(['compile', '-a', shop, 'job.js'], { DATA_DIR: '/dev/null' })).stderr).toMatch(
      /^penstock: @openfn\/language-shop cannot be kept here \(ENOTDIR: .*\): set DATA_DIR to a directory that is yours\.\n$/,
    )
  })
})
