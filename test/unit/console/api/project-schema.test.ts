import { Compile } from 'typebox/compile'
import { describe, expect, test } from 'vitest'
import { projectDocument } from '../../../../console/api/project-schema.ts'
import { compileAtDeploy } from '../../../../processors/runner/language/at-deploy.ts'
import { checkDocument } from '../../../../topology/project/check.ts'
import { parseDocument } from '../../../../topology/project/document.ts'
import { readDraft } from '../../../../topology/project/schema.ts'
import type { Json, JsonObject } from '../../../../topology/words/json.ts'

const described = Compile(projectDocument)

const document = {
  name: 'clinic',
  sources: { inbox: { type: 'webhook' } },
  triggers: { all: { type: 'message' }, next: { type: 'flow', job: 'only' } },
  jobs: { only: { retry: {}, expression: 'fn(state => state)' } },
  egress: {},
  limits: {},
}

/** The objects of a document: where one stands, and the keys that it may have. */
const objects: Readonly<Record<string, readonly string[]>> = {
  '': ['name', 'description', 'sources', 'triggers', 'jobs', 'egress', 'limits'],
  'sources.inbox': ['type', 'id', 'path', 'enabled', 'max_body_bytes', 'key'],
  'triggers.all': ['type', 'filter', 'not', 'source'],
  'triggers.next': ['type', 'job'],
  'jobs.only':
    `trigger triggers adaptor expression credential enabled concurrency order effects timeout memory_mb retry console log_limit test_mode`.split(
      ' ',
    ),
  'jobs.only.retry': ['attempts', 'backoff', 'on'],
  egress: ['allow', 'allow_private'],
  limits: ['loop_limit'],
}

const problemsOf = (value: Json): readonly string[] => {
  const found: string[] = []
  readDraft(value, (_path, message) => found.push(message))
  return found
}

/** The document with one value changed. */
const changed = (path: readonly string[], value: Json): JsonObject => {
  const copy = structuredClone(document) as Record<string, unknown>
  const holder = path.slice(0, -1).reduce((at, key) => at[key] as Record<string, unknown>, copy)
  holder[path.at(-1) ?? ''] = value
  return copy as JsonObject
}

const uuid = '54804F1A-4a70-4392-97cb-1f350e98e9c8'
const values: readonly Json[] = [
  ...[null, true, -1, 0, 1, 8, 1.5, 1_000, 1_001, 10_000, 10_001, 10_000_001, [], ['all'], ['all', 1], {}, { a: 1 }],
  ...[['5s', '1m'], ['5s', 5], 'at-most-once'],
  ...[
    ['https://*.a.example:8443', '10.0.0.0/8', '[::1]'],
    ['https://a/b'],
    ['postgresql://db.local', 'POSTGRES://db:6432'],
    ['postgresq://db'],
  ],
  ...[
    '',
    ' ',
    'all',
    'inbox',
    'a b',
    'A',
    '-a',
    'a_b',
    uuid,
    uuid.toLowerCase(),
    'clinic',
    'common',
    'http',
    'webhook',
    'message',
    'flow',
  ],
  ...[
    'key',
    'strict',
    'header:x-id',
    'header:',
    'header:x id',
    '$.a.b',
    'a.b',
    '20s',
    '0s',
    '20',
    '5 m',
    '500kb',
    '5MB',
    '5gb',
  ],
]

describe.each(Object.entries(objects))('the schema and the reader agree about "%s":', (place, keys) => {
  const path = place === '' ? [] : place.split('.')

  test('which keys it may have', () => {
    const [complaint] = problemsOf(changed([...path, 'zzzzzzzz'], 1))
    expect(complaint).toContain(`known are ${keys.join(', ')}.`)
    expect(described.Check(changed([...path, 'zzzzzzzz'], 1))).toBe(false)
  })

  test.each(keys)('what may stand in %s', (key) => {
    const verdicts = values.map((value) => {
      const whole = changed([...path, key], value)
      return { value, read: problemsOf(whole).length === 0, described: described.Check(whole) }
    })
    expect(verdicts.filter(({ read, described }) => read !== described)).toEqual([])
    expect(verdicts.some(({ described }) => described)).toBe(true)
  })
})

test('a job has one trigger or several, not both', () => {
  const both = changed(['jobs', 'only'], { trigger: 'all', triggers: ['all'], expression: 'fn(state => state)' })
  expect([described.Check(both), problemsOf(both).length]).toEqual([false, 1])
})

test('the schema knows names of sources, triggers and jobs', () => {
  for (const section of ['sources', 'triggers', 'jobs'] as const) {
    const [entry] = Object.values(document[section])
    for (const [name, right] of [
      ['a-1', true],
      ['A', false],
      ['-a', false],
    ] as const) {
      const whole = { ...document, [section]: { ...document[section], [name]: entry } } as JsonObject
      expect([section, name, described.Check(whole), problemsOf(whole).length === 0]).toEqual([
        section,
        name,
        right,
        right,
      ])
    }
  }
})

test('the example of the document would be taken', () => {
  const [example] = (projectDocument as { examples?: readonly { name: string }[] }).examples ?? []
  const read = parseDocument(JSON.stringify(example), 'json')
  if ('problems' in read) throw new Error(JSON.stringify(read.problems))
  expect(
    checkDocument(read.document, {
      project: example?.name ?? '',
      othersSourceIds: new Set(),
      compile: compileAtDeploy,
    }),
  ).toHaveProperty('checked')
})
