import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { compileAtDeploy, compiledAtDeploy } from '../../../../../processors/runner/language/at-deploy.ts'
import { compileJob, compilerVersion } from '../../../../../processors/runner/language/compile.ts'

const of = { adaptor: 'common', bundle: null } as const

/** A job with something of all that the compiler changes. */
const job = `import { get as load } from '@openfn/language-http'
const clinics = ['north', 'south']
counter = 0
each($.data.rows, fn((state) => { counter++; return state })).then((state) => state).catch((error, state) => state)
load(\`/clinics/\${clinics[0]}\`, { query: { after: state.lastId, of: $.data.id } }), alterState((state) => state)
`

test('what a deploy keeps is what the compiler makes', () => {
  const made = compileAtDeploy(job, of)
  expect(made.kind === 'compiled' && compiledAtDeploy(made.text)).toEqual(compileJob(job))
})

test('what another version of the compiler made is not taken', () => {
  expect(
    compiledAtDeploy(JSON.stringify({ compiler: compilerVersion + 1, ...compileJob('fn(s => s)') })),
  ).toBeUndefined()
  expect(compiledAtDeploy('{}')).toBeUndefined()
})

test('a problem has its place, and the line with a mark', () => {
  expect(compileAtDeploy('fn(s => s)\nif (1) fn(s => s)', of)).toMatchObject({
    kind: 'problem',
    line: 2,
    column: 8,
    message: expect.stringMatching(/\nif \(1\) fn\(s => s\)\n {7}\^$/),
  })
})

test('whoever changes what the compiler makes counts its version up, so that nothing of before is taken', () => {
  const { text } = compileAtDeploy(job, of) as Readonly<{ text: string }>
  const digest = createHash('sha256').update(text).digest('hex').slice(0, 16)
  expect([compilerVersion, digest]).toEqual([1, 'd74399be6a379927'])
})
