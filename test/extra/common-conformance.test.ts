import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { ofRun } from '../../processors/runner/language/of-run.ts'
import { operations } from '../../processors/runner/language/operations.ts'
import { runHost } from '../fixtures/run-host.ts'
import type { Common } from './common/case.ts'
import { controlCases } from './common/control.ts'
import { csvCases } from './common/csv.ts'
import { cursorCases } from './common/cursor.ts'
import { listCases } from './common/lists.ts'
import { pathCases } from './common/paths.ts'
import { textCases } from './common/texts.ts'
import { utilCases } from './common/util.ts'
import { validateCases } from './common/validate.ts'

const cases = [
  ...[...pathCases, ...controlCases, ...listCases, ...textCases],
  ...[...csvCases, ...validateCases, ...cursorCases, ...utilCases],
]

const upstream = '@openfn/language-common@3.3.4'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'penstock-upstream-'))
  await writeFile(join(folder, 'package.json'), '{}')
  const options = ['--no-audit', '--no-fund', '--ignore-scripts']
  await promisify(execFile)('npm', ['install', ...options, upstream], { cwd: folder }).catch((error: Error) => {
    throw new Error(`MISSING: ${upstream} cannot be installed here, so nothing was compared`, { cause: error })
  })
})
afterAll(() => rm(folder, { recursive: true, force: true }))

beforeEach(() => {
  vi.useFakeTimers({ now: new Date('2026-11-21T15:30:05.123Z'), toFake: ['Date'] })
  for (const level of ['log', 'debug', 'warn', 'error'] as const) vi.spyOn(console, level).mockReturnValue(undefined)
})
afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

/** Loaded anew for each case, because what is in it stays from call to call. */
const theirs = async (number: number): Promise<Common> =>
  import(`${pathToFileURL(join(folder, 'node_modules/@openfn/language-common/dist/index.js'))}?${number}`)

const ours = (): Common => {
  const host = runHost()
  const made = Object.entries(ofRun).map(([name, make]) => [name, make(host)])
  return { ...operations, ...Object.fromEntries(made) } as Common
}

/** What a call came to. Messages are not compared: ours say what to do. */
const outcomeOf = async (common: Common, call: (common: Common) => unknown): Promise<unknown> => {
  try {
    return { gave: await call(common) }
  } catch (error) {
    const { code } = error as { code?: unknown }
    const isTheirs = /^(ERR|CSV)_|^[^A-Z]|^INVALID/.test(String(code)) // of Node and of csv-parse
    return isTheirs ? 'failed' : { code }
  }
}

describe('functions of upstream and ours', () => {
  test('there are enough calls', () => {
    expect(cases.length).toBeGreaterThan(300)
  })

  test('every difference that a call shows is decided in writing', () => {
    const page = readFileSync(join(import.meta.dirname, '../../processors/runner/language/differences.md'), 'utf8')
    const undecided = cases.map(({ differs }) => differs).filter((row) => row && !page.includes(`| ${row} |`))
    expect(undecided).toEqual([])
  })

  test.each(cases.map((one, number) => [number, one.says, one] as const))('%i: %s', async (number, _says, one) => {
    const [expected, got] = [await outcomeOf(await theirs(number), one.call), await outcomeOf(ours(), one.call)]
    if (one.differs) expect(got, one.differs).not.toEqual(expected)
    else expect(got).toEqual(expected)
  })
})
