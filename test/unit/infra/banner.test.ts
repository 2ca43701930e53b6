import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { askOf, bannerOf } from '../../../infra/banner.ts'

test.each(['data', 'my data', "Amina's data; $HOME"])(
  'a query as printed finds its password in the directory %s',
  (name) => {
    const dir = mkdtempSync(join(tmpdir(), 'penstock-banner-'))
    onTestFinished(() => rmSync(dir, { recursive: true }))
    mkdirSync(join(dir, name))
    const file = join(dir, name, 'sql-password')
    writeFileSync(file, 'hush\n')
    const words = wordsOf(askOf('http://127.0.0.1:8123', file))
    expect(words.slice(0, 3)).toEqual(['http://127.0.0.1:8123/', '--user', 'people:hush'])
  },
)

test('a file with a plain name is printed as it is', () => {
  expect(askOf('http://x', '.penstock/sql-password')).toContain('$(cat .penstock/sql-password)')
})

test('a start tells where everything is', () => {
  const up = {
    version: '0.1.0',
    url: 'http://127.0.0.1:4000',
    source: 'abc',
    tokenPlace: '.penstock/admin-token',
    store: { url: 'http://127.0.0.1:8123', login: 'people', ask: null },
    kafka: '127.0.0.1:9092',
  }
  const text = bannerOf(up)
  for (const place of ['/inbox/abc', '/api/projects ', '/docs', '/metrics', '8123', '9092', 'admin-token'])
    expect(text).toContain(place)
  const command = text.split('\n').find((line) => line.includes('curl'))
  expect(wordsOf(command ?? '')).toContain('http://127.0.0.1:4000/inbox/abc')
})

/** What a shell would hand to curl. */
const wordsOf = (command: string): readonly string[] =>
  execFileSync('sh', ['-c', `curl() { printf '%s\\n' "$@"; }; ${command}`], { encoding: 'utf8' }).split('\n')
