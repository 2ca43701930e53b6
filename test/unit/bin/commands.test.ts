import { spawnSync } from 'node:child_process'
import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import packageJson from '../../../package.json' with { type: 'json' }

const penstock = (...args: readonly string[]) => {
  const { status, stdout, stderr } = spawnSync('sh', [resolve(import.meta.dirname, '../../../bin/penstock'), ...args], {
    encoding: 'utf8',
  })
  return { status, stdout, stderr }
}

test('help and the version are told, and nothing is started', () => {
  for (const args of [['--help'], ['-h'], ['help'], ['up', '--help'], ['runner', '-h']]) {
    expect(penstock(...args)).toEqual({ status: 0, stdout: expect.stringContaining('Usage: penstock'), stderr: '' })
  }
  expect(penstock('--version')).toEqual({ status: 0, stdout: `${packageJson.version}\n`, stderr: '' })
})

test('what is no command, or is too much, ends with 2 and a sentence', () => {
  expect(penstock()).toMatchObject({ status: 2, stderr: expect.stringContaining('Usage: penstock') })
  expect(penstock('run-all')).toMatchObject({ status: 2, stderr: expect.stringContaining('no command "run-all"') })
  expect(penstock('sink', '5')).toMatchObject({ status: 2, stderr: expect.stringContaining('sink takes no arguments') })
  expect(penstock('up', 'extra')).toMatchObject({ status: 2, stderr: expect.stringContaining('"extra"') })
})
