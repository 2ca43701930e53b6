import { describe, expect, test } from 'vitest'
import { compileJob } from '../../../../../processors/runner/language/compile.ts'
import { carryOut, compiled, scopeWith } from '../../../../fixtures/compiled-job.ts'

describe('an import', () => {
  test.each([
    ['import { fn, each } from "@openfn/language-common"\nfn(s => s)', 'fn 2:1'],
    ['import { post } from "@openfn/language-http@7.2.0";fn(s => s)', 'fn 1:52'],
    ['import {\n  fn,\n  each,\n} from "@openfn/language-common"\nfn(s => s)', 'fn 5:1'],
    ['const a = 1\nimport "@openfn/language-http"\n(fn)(s => a)', 'fn 3:1'],
    ['fn(s => s)\nimport { fn } from "@openfn/language-common"', 'fn 1:1'],
  ])('of what is in scope is taken out, and all else stays where it is: %s', (code, operation) => {
    const { operations, inserts, script } = compiled(code, scopeWith('post'))
    expect(operations.map(({ name, line, column }) => `${name} ${line}:${column}`)).toEqual([operation])
    expect(inserts).toHaveLength(2)
    expect(script).not.toContain('import')
    expect(script.split('\n')).toHaveLength(code.split('\n').length + 2)
  })

  test('may give another name, to what belongs to the run too', async () => {
    const own = { get: (x: unknown) => () => x }
    expect(
      await carryOut('import { get as load, fn as step } from "@openfn/language-http"\nload(1), step(n => n + 1)', {
        own,
      }),
    ).toBe(2)
    expect(await carryOut('import { get as unused } from "@openfn/language-http"\nfn(() => 3)', { own })).toBe(3)
    expect(compiled('import { get as load } from "@openfn/language-http"\nload(1)', scopeWith('get'))).toMatchObject({
      uses: ['get'],
      operations: [{ name: 'load', line: 2, column: 1 }],
    })
  })

  test('may be of the package of the job itself', () => {
    const scope = { ...scopeWith('create'), packages: ['@openfn/language-salesforce'] }
    expect(compileJob('import { create } from "@openfn/language-salesforce"\ncreate("X")', scope).kind).toBe('compiled')
  })

  test.each<[string, number, RegExp]>([
    ['import _ from "lodash"', 15, /^"lodash" cannot be imported: a job is one text/],
    ['import { x } from "./x.js"', 19, /cannot be imported/],
    [
      'import { x } from "@openfn/language-dhis2@5.0.1"',
      19,
      /set the job's adaptor to dhis2, or to @openfn\/language-dhis2, and/,
    ],
    ['import { defer } from "@openfn/runtime"', 23, /cannot be imported/],
    [
      'import * as http from "@openfn/language-http"',
      8,
      /^Name what you import: import \{ get \} from '@openfn\/language-http'/,
    ],
    ['import http from "@openfn/language-http"', 8, /^Name what you import/],
    [
      'import { eech } from "@openfn/language-common"',
      10,
      /^There is no "eech" in @openfn\/language-common; did you mean "each"\?/,
    ],
    ['import { each as fn } from "@openfn/language-common"', 18, /^"fn" is in scope already/],
    ['import { each as state } from "@openfn/language-common"', 18, /^"state" is in scope already/],
    ['import { each } from "@openfn/language-common"; const each = 1', 55, /already been declared/],
  ])('of anything else is refused: %s', (code, column, message) => {
    expect(compileJob(code)).toMatchObject({
      kind: 'problem',
      line: 1,
      column,
      message: expect.stringMatching(message),
    })
  })
})

describe('import(…)', () => {
  test.each<[string, number, RegExp]>([
    ['fn(s => import("fs"))', 16, /^"fs" cannot be imported: a job is one text/],
    ['const fs = await import("node:fs")', 25, /^"node:fs" cannot be imported/],
    ['fn(async ({ data }) => { await import(data.name) })', 32, /^Nothing can be imported while a job runs/],
    ['fn(s => import("@openfn/language-dhis2"))', 16, /set the job's adaptor to dhis2/],
    ['fn(s => import("@openfn/language-common"))', 9, /^Leave import\(…\) out/],
  ])('is refused where it stands: %s', (code, column, message) => {
    expect(compileJob(code)).toMatchObject({
      ...{ kind: 'problem', name: 'ImportError', line: 1, column },
      message: expect.stringMatching(message),
    })
  })
})

describe('export default', () => {
  test.each([
    ['export default [fn(s => s), each("$.a", fn(s => s))]', ['fn 1:17', 'each 1:29']],
    ['const op = fn(s => s)\nexport default [\n  op,\n  state => state,\n]', ['op 3:3', 'operation 4:3']],
    ['const a = 1\nexport default []', []],
    ['console.log("loading")\nexport default [fn(s => s)]', ['fn 2:17']],
  ])('lists the operations: %s', (code, operations) => {
    expect(compiled(code).operations.map(({ name, line, column }) => `${name} ${line}:${column}`)).toEqual(operations)
  })

  test('does them in order', async () => {
    expect(
      await carryOut('const add = n => fn(s => s + n)\nexport default [add(1), s => s * 2, add(3)];', { state: 1 }),
    ).toBe(7)
  })

  test.each<[string, number, number, RegExp]>([
    ['fn(s => s)\nexport default [fn(s => s)]', 1, 1, /fn\(…\) would never run beside export default/],
    ['export default fn(s => s)', 1, 1, /Write export default \[fn\(…\), each\(…\)\]/],
    ['const ops = []\nexport default ops', 2, 1, /Write export default/],
    ['const ops = []\nexport default [fn(s => s), ...ops]', 2, 29, /one by one/],
    ['export default [await fn(s => s)]', 1, 17, /await does nothing/],
  ])('is refused: %s', (code, line, column, message) => {
    expect(compileJob(code)).toMatchObject({ kind: 'problem', line, column, message: expect.stringMatching(message) })
  })
})
