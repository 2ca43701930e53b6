import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'

test.each([
  ['nothing', undefined],
  ['an empty file', ''],
  ['the file of one that has ended', '999999999 1'],
  ['the file of one whose number another has now', `${process.pid} 1`],
  ['words', 'nobody knows'],
])('where %s lies, one after the other has its turn', async (_what, left) => {
  const dir = mkdtempSync(join(tmpdir(), 'penstock-turn-'))
  onTestFinished(() => rmSync(dir, { recursive: true }))
  if (left !== undefined) writeFileSync(join(dir, 'lock'), left)
  const ends = await Promise.all(Array.from({ length: 3 }, () => ended(dir)))
  expect(ends).toEqual([0, 0, 0])
  const told = readFileSync(join(dir, 'told'), 'utf8')
  expect(told).toMatch(/^(\d+ in\n\d+ out\n){3}$/)
  expect(readdirSync(dir)).toEqual(['told'])
})

const ended = async (dir: string): Promise<unknown> =>
  (await once(spawn(process.execPath, ['--input-type=module', '-e', program, dir], { stdio: 'inherit' }), 'exit'))[0]

/** Two turns at once would tell `in` twice in a row. */
const program = `
  import { appendFileSync } from 'node:fs'
  import { takeTurn } from '${new URL('../../../bin/turn.mjs', import.meta.url)}'
  const dir = process.argv[1]
  const giveBack = takeTurn(dir + '/lock', () => {})
  appendFileSync(dir + '/told', process.pid + ' in\\n')
  for (let n = 0; n < 1e6; n++) Math.sqrt(n)
  appendFileSync(dir + '/told', process.pid + ' out\\n')
  giveBack()
`
