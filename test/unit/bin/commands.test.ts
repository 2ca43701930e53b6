import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import packageJson from '../../../package.json' with { type: 'json' }

const penstock = (...args: readonly string[]) => penstockWith({}, ...args)

const penstockWith = (settings: Readonly<Record<string, string>>, ...args: readonly string[]) => {
  const { status, stdout, stderr } = spawnSync('sh', [resolve(import.meta.dirname, '../../../bin/penstock'), ...args], {
    encoding: 'utf8',
    env: { ...process.env, ...settings },
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

test('adaptors lists what there is, and says what it cannot do', () => {
  const folder = mkdtempSync(join(tmpdir(), 'penstock-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const adaptors = (...args: readonly string[]) => penstockWith({ DATA_DIR: folder }, 'adaptors', ...args)
  expect(adaptors()).toMatchObject({
    status: 0,
    stdout: expect.stringContaining(`common@${packageJson.version}  built in\n`),
  })
  expect(adaptors('--help')).toMatchObject({ status: 0, stdout: expect.stringContaining('penstock adaptors warm') })
  expect(adaptors('check')).toEqual({ status: 0, stdout: '', stderr: '' })
  expect(adaptors('check', '@openfn/language-x@1.0.0')).toMatchObject({
    status: 1,
    stderr: '@openfn/language-x@1.0.0 was not fetched: penstock adaptors warm @openfn/language-x@1.0.0\n',
  })
  expect(adaptors('warm', 'file:.')).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('file:. is no adaptor'),
  })
  expect(adaptors('warm')).toMatchObject({ status: 2, stderr: expect.stringContaining('adaptors warm takes names') })
})

test('compile shows what a job becomes, or where it is wrong', () => {
  const folder = mkdtempSync(join(tmpdir(), 'penstock-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const [good, bad] = [join(folder, 'good.js'), join(folder, 'bad.js')]
  writeFileSync(good, '\ufeffeach($.rows, fn(s => s))\nfn(s => console.log(s)).catch(() => state)\n')
  writeFileSync(bad, 'fn(s => s)\nif (1) fn(s => s)\n')
  expect(penstock('compile', good)).toEqual({
    status: 0,
    stdout: `${good}: 2 operations
  each  1:1
  fn    2:1
uses: state, console

'use strict';(async($add,state,console,$then)=>{{
$add(0,()=>(each($=>($.rows), fn(s => s))))
$add(1,()=>($then(fn(s => console.log(s)),$promise=>$promise.catch(() => state))))

}})
`,
    stderr: '',
  })
  expect(penstock('compile', bad)).toMatchObject({
    status: 1,
    stdout: '',
    stderr: expect.stringMatching(/bad\.js:2:8: fn\(…\) would never run here: .*\nif \(1\) fn\(s => s\)\n {7}\^\n$/),
  })
  expect(penstock('compile', join(folder, 'none.js'))).toMatchObject({
    status: 2,
    stderr: expect.stringMatching(/none\.js cannot be read: ENOENT/),
  })
  expect(penstock('compile', '--help')).toEqual({
    status: 0,
    stdout: expect.stringContaining('Usage: penstock compile [options] job.js'),
    stderr: '',
  })
  const empty = join(folder, 'empty.js')
  writeFileSync(empty, ' \n')
  for (const command of ['compile', 'run'])
    expect(penstock(command, empty)).toMatchObject({
      status: 2,
      stdout: '',
      stderr: expect.stringContaining('Is empty'),
    })
  expect(penstock('compile')).toMatchObject({ status: 2, stderr: expect.stringContaining('takes one file') })
  writeFileSync(good, 'fn(s => s)\n')
  expect(penstock('compile', '-a', 'salesforce', good)).toMatchObject({ status: 0 })
  expect(penstock('compile', '-a', 'salesfroce', good)).toMatchObject({
    status: 2,
    stderr: 'penstock: There is no adaptor "salesfroce"; did you mean "salesforce"?\n',
  })
  expect(penstock('compile', '-a', '@openfn/language-http@7', good)).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('"@openfn/language-http@7" is no adaptor: write @openfn/language-name@1.2.3'),
  })
  expect(penstock('compile', '--adapter', 'http', good)).toMatchObject({ status: 2 })
  expect(penstock('compile', good, bad)).toMatchObject({ status: 2, stderr: expect.stringContaining('takes one file') })
})
