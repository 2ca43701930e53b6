import { expect, test } from 'vitest'
import type { ToChild } from '../../../../../processors/runner/sandbox/messages.ts'
import { openToldJobs } from '../../../../../processors/runner/sandbox/told-jobs.ts'
import { jobOf } from '../../../../contracts/sandbox-jobs.ts'

const bundle = { id: 'a1b2', names: ['sell'], code: `/* ${'a long one '.repeat(100)} */` }
const shop = { adaptor: '@openfn/language-shop@1.0.0', bundle } as const

const open = () => {
  const sent: ToChild[] = []
  return { sent, jobs: openToldJobs((message) => sent.push(message)) }
}

test('a job version is told once, by its number', () => {
  const { sent, jobs } = open()
  const [first, second] = [jobOf('fn(s => s)'), jobOf('fn(s => s)', { version: 2 })]
  expect([first, second, first, { ...second }].map(jobs.numberOf)).toEqual([1, 2, 1, 2])
  expect(sent.map(({ kind }) => kind)).toEqual(['job', 'job'])
  expect([jobs.job(2), jobs.job(3)]).toEqual([second, undefined])
})

test('an upstream adaptor is told once, before the first of the job versions that name it', () => {
  const { sent, jobs } = open()
  for (let version = 1; version <= 50; version++) jobs.numberOf(jobOf('sell()', { ...shop, version }))
  jobs.numberOf(jobOf('sell()', { ...shop, bundle: { ...bundle, id: 'c3d4' } }))
  expect(sent.map(({ kind }) => kind)).toEqual([
    'adaptor',
    ...Array.from({ length: 50 }, () => 'job'),
    'adaptor',
    'job',
  ])
  const [adaptor, ...rest] = sent
  expect(adaptor?.kind === 'adaptor' && JSON.parse(adaptor.bundle)).toEqual(bundle)
  const facts = rest.flatMap((message) => (message.kind === 'job' ? [JSON.parse(message.facts)] : []))
  expect(new Set(facts.map((one) => one.bundle))).toEqual(new Set(['a1b2', 'c3d4']))
  expect(JSON.stringify(facts)).not.toContain('a long one')
})
