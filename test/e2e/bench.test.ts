import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import type { Report } from '../../bench/report.ts'

const root = resolve(import.meta.dirname, '../..')

const bench = (...args: readonly string[]) =>
  promisify(execFile)('node_modules/.bin/node', ['bench/run.ts', ...args], { cwd: root })

test('a short bench prints a table and writes a report, and the next one tells what has changed', async () => {
  const results = await mkdtemp(join(tmpdir(), 'penstock-bench-'))
  onTestFinished(() => rm(results, { recursive: true }))
  const first = await bench('b4-cold', '--short', '--results', results)
  expect(first.stdout).toContain('| B4-cold | median | spread | must (ambition) | |')

  const [file = ''] = await readdir(results)
  const report = JSON.parse(await readFile(join(results, file), 'utf8')) as Report
  expect(report.results.map(({ id }) => id)).toEqual(['B4-cold'])
  expect(report.results[0]?.cells['first run p99']).toMatchObject({ unit: 'ms', value: expect.any(Number) })
  expect(report.versions).toMatchObject({ kafka: '4.3.1', clickhouse: expect.stringMatching(/^\d+\./) })

  const second = await bench('B4-cold', '--short', '--results', results, '--compare', join(results, file))
  expect(second.stdout).toMatch(
    /B4-cold first run p99: [\d.]+ → [\d.]+ ms, [+-]?[\d.]+ % \(noise unknown: of one round each\)/,
  )
})

test('a bench that there is not is an error that names those that there are', async () => {
  await expect(bench('B99')).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/No such bench: B99\. There are: B1, /),
  })
})
