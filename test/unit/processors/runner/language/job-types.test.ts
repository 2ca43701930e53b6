import { execFile } from 'node:child_process'
import { mkdtempDisposable, readdir, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const root = resolve(import.meta.dirname, '../../../../..')

test('an editor finds nothing wrong with jobs as people wrote them, and finds what is wrong', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'penstock-types-'))
  const jobs = join(root, 'test/fixtures/jobs')
  for (const name of await readdir(jobs)) {
    await writeFile(join(folder.path, name), await readFile(join(jobs, name), 'utf8'))
  }
  expect(await complaints(folder.path)).toEqual([])

  await writeFile(join(folder.path, 'wrong.js'), "eech('$.x', fn(s => s))\neach('$.x', 5)\nfn(state => sate.data)\n")
  expect((await complaints(folder.path)).map((line) => line.split(':')[0])).toEqual([
    'wrong.js(1,1)',
    'wrong.js(2,13)',
    'wrong.js(3,13)',
  ])
})

/** With the settings that `job.d.ts` tells its readers to use. */
const complaints = async (folder: string): Promise<readonly string[]> => {
  const declarations = join(root, 'processors/runner/language/job.d.ts')
  const told = /\{ "compilerOptions": .*?\}(?=,)/s.exec(await readFile(declarations, 'utf8'))?.[0] ?? ''
  const { compilerOptions } = JSON.parse(`${told.replace(/\n \*/g, '')}}`) as { compilerOptions: object }
  const config = {
    compilerOptions,
    files: [declarations, ...(await readdir(folder)).filter((name) => name.endsWith('.js'))],
  }
  await writeFile(join(folder, 'jsconfig.json'), JSON.stringify(config))
  const tsc = join(root, 'node_modules/.bin/tsc')
  const { stdout } = await promisify(execFile)(tsc, ['-p', 'jsconfig.json', '--pretty', 'false'], {
    cwd: folder,
  }).catch((failed: Readonly<{ stdout: string }>) => failed)
  return stdout.split('\n').filter((line) => line !== '')
}
