import { describe, expect, test } from 'vitest'
import type { Compile } from '../../../../topology/project/check.ts'
import { codeIdOf } from '../../../../topology/project/schema.ts'
import { checked, problemsOf, takenId } from './deploys.ts'

const id = '54804f1a-4a70-4392-97cb-1f350e98e9c8'
const job = (keys: string): string =>
  `name: p\ntriggers:\n  t: { type: message }\njobs:\n  j: { expression: x, ${keys} }`
const source = (keys: string): string => `name: p\nsources:\n  s: { type: webhook, ${keys} }`
const trigger = (keys: string): string => `name: p\nsources:\n  s: { type: webhook }\ntriggers:\n  t: { ${keys} }`

const nameRule = '1 to 63 of the letters a-z, digits and "-", the first no "-"'
const expressionRule = 'Holds an expression ([?(…)] or [(…)]), and those are not evaluated: name the place itself.'
const hostRule =
  'write one like "https://*.example", "*.example", "http://erp.local:8080", "postgresql://db.local:5432", "10.1.2.3" or "10.0.0.0/8", without a path.'
const backoffRule = 'Must be a duration like 20s or 5m, at most 3d'
const sizeRule = 'Must be a size in bytes or like 500kb, at most 10mb'

describe('a document', () => {
  test.each([
    [
      '',
      '1:1 : Must be an object with the keys of a project, not null.',
      '1:1 : Add the key "name": the name of the project.',
    ],
    [
      '- name: p',
      '1:1 : Must be an object with the keys of a project, not a list.',
      '1:1 : Add the key "name": the name of the project.',
    ],
    ['name: q', '1:1 name: Must be "p", the project that the address names, not "q".'],
    ['name: My Project', `1:1 name: Must be ${nameRule}, not "My Project".`],
    [`name: ${id}`, `1:1 name: Must be a name that is no UUID, not "${id}".`],
    ['name: p\ndescription: 3', '2:1 description: Must be text, not 3.'],
    ['name: p\njbos: {}', '2:1 jbos: The key "jbos" is unknown; did you mean "jobs"?'],
    [
      'name: p\nworkflows: {}',
      '2:1 workflows: The key "workflows" is unknown; known are name, description, sources, triggers, jobs, egress, limits.',
    ],
    [
      'name: p\n__proto__: {}',
      '2:1 __proto__: The key "__proto__" is unknown; known are name, description, sources, triggers, jobs, egress, limits.',
    ],
    ['name: p\njobs:', '2:1 jobs: Has no value: write one, or leave the key out.'],
    ['name: p\njobs: [a]', '2:1 jobs: Must be an object, not a list.'],
    ['name: p\negress: { allow: api.example }', '2:11 egress.allow: Must be a list of hosts, not "api.example".'],
    ['name: p\negress: { allow: [8] }', '2:19 egress.allow[0]: Must be a host as text, not 8.'],
    [
      'name: p\negress: { allow: [htp://x, api.example, "postgresql://"] }',
      `2:19 egress.allow[0]: "htp://x" is no host: ${hostRule}`,
      `2:41 egress.allow[2]: "postgresql://" is no host: ${hostRule}`,
    ],
    [
      'name: p\negress: { private: true }',
      '2:11 egress.private: The key "private" is unknown; known are allow, allow_private.',
    ],
    ['name: p\nlimits: { loop_limit: 0 }', '2:11 limits.loop_limit: Must be a whole number from 1 to 10000, not 0.'],
    ['name: p\njobs:\n  j: fn(x)', '3:3 jobs.j: Must be an object, not "fn(x)".'],
    ['name: p\njobs:\n  My Job: { expression: x }', `3:3 jobs."My Job": "My Job" is no name: take ${nameRule}.`],
  ])('is refused where it is wrong: %j', (text, ...sentences) => {
    expect(problemsOf(text)).toEqual(sentences)
  })

  test.each([
    ['id: 1234', '3:23 sources.s.id: Must be a UUID, not 1234.'],
    [`id: ${takenId}`, '3:23 sources.s.id: A source of another project has this id: take another.'],
    [`id: ${takenId.toUpperCase()}`, '3:23 sources.s.id: A source of another project has this id: take another.'],
    [
      'path: Registrations',
      '3:23 sources.s.path: Must be 1 to 255 of the letters a-z, digits, "-" and "_", the first a letter or digit, not "Registrations".',
    ],
    [`path: ${id}`, `3:23 sources.s.path: Must be a path that is no UUID, not "${id}".`],
    ['enabled: yes', '3:23 sources.s.enabled: Must be true or false, not "yes".'],
    ['max_body_bytes: 11mb', `3:23 sources.s.max_body_bytes: ${sizeRule}, not "11mb".`],
    ['max_body_bytes: 0', `3:23 sources.s.max_body_bytes: ${sizeRule}, not 0.`],
    ['max_body_bytes: 1.5', `3:23 sources.s.max_body_bytes: ${sizeRule}, not 1.5.`],
    ['max_body_bytes: 9007199254740993', `3:23 sources.s.max_body_bytes: ${sizeRule}, not 9007199254740993.`],
    ['max_body_bytes: { a: 1 }', `3:23 sources.s.max_body_bytes: ${sizeRule}, not an object.`],
    [
      'key: patient',
      '3:23 sources.s.key: Must be "header:" and the name of a header, or a JSONPath that begins with $, not "patient".',
    ],
    [
      "key: 'header:a b'",
      '3:23 sources.s.key: Must be "header:" and the name of a header, or a JSONPath that begins with $, not "header:a b".',
    ],
    ['key: \'$.ids[?(@.t=="x")].v\'', `3:23 sources.s.key: ${expressionRule}`],
    ['key: \'$.ids[?@.t=="x"].v\'', `3:23 sources.s.key: ${expressionRule}`],
    ["key: '$.ids[(@.length-1)]'", `3:23 sources.s.key: ${expressionRule}`],
    ["key: '$..[ ?( @.a ) ]'", `3:23 sources.s.key: ${expressionRule}`],
    ["key: '$.a.(b)'", `3:23 sources.s.key: ${expressionRule}`],
    [
      'reply: before_start',
      '3:23 sources.s.reply: The key "reply" is unknown; known are type, id, path, enabled, max_body_bytes, key.',
    ],
    [
      'max_body_byte: 1',
      '3:23 sources.s.max_body_byte: The key "max_body_byte" is unknown; did you mean "max_body_bytes"?',
    ],
  ])('has sources that are right: %s', (keys, sentence) => {
    expect(problemsOf(source(keys))).toEqual([sentence])
  })

  test.each(['$', '$.patient.id', "$['a(b)'].c", '$..id', '$.ids[0,1]', '$.a@string()', '$.ids[-1:]'])(
    'may take the order key from %s',
    (path) => {
      expect(problemsOf(source(`key: ${JSON.stringify(path)}`))).toEqual([])
    },
  )

  test('has sources that can be told apart', () => {
    const two = `name: p\nsources:\n  a: { type: webhook, id: ${id}, path: in }\n  b: { type: webhook, id: ${id.toUpperCase()}, path: in }\n  c: { type: kafka, hosts: [h] }\n  d: {}`
    expect(problemsOf(two)).toEqual([
      '4:23 sources.b.id: The source "a" has this id too: give each its own.',
      '4:65 sources.b.path: The source "a" has this path too: give each its own.',
      '5:8 sources.c.type: Must be "webhook", not "kafka".',
      '6:3 sources.d: Add the key "type": the type "webhook".',
    ])
  })

  test.each([
    ['filter: {}', '5:3 triggers.t: Add the key "type": the type "message", "flow" or "fail".'],
    ['type: cron, cron: "* * * * *"', '5:8 triggers.t.type: Must be "message", "flow" or "fail", not "cron".'],
    ['type: message, filter:', '5:23 triggers.t.filter: Has no value: write one, or leave the key out.'],
    ['type: message, filer: {}', '5:23 triggers.t.filer: The key "filer" is unknown; did you mean "filter"?'],
    ['type: message, job: j', '5:23 triggers.t.job: The key "job" is unknown; known are type, filter, not, source.'],
    ['type: message, source: S', '5:23 triggers.t.source: There is no source "S"; did you mean "s"?'],
    ['type: message, source: [s, 1]', '5:23 triggers.t.source: Must be a name or a list of names, not a list.'],
    ['type: message, source: [s, inbox]', '5:35 triggers.t.source[1]: There is no source "inbox"; known are s.'],
    ['type: message, source: []', '5:23 triggers.t.source: Names no source: leave it out to listen to all.'],
    ['type: flow', '5:3 triggers.t: Add the key "job": the name of the job that this follows.'],
    ['type: fail, job: j', '5:20 triggers.t.job: There is no job "j"; there is none yet.'],
    ['type: fail, job: [j]', '5:20 triggers.t.job: Must be text, not a list.'],
  ])('has triggers that are right: %s', (keys, sentence) => {
    expect(problemsOf(trigger(keys))).toEqual([sentence])
  })

  test.each([
    ['trigger: tt', '5:23 jobs.j.trigger: There is no trigger "tt"; known are t.'],
    ['trigger: registration', '5:23 jobs.j.trigger: There is no trigger "registration"; known are t.'],
    ['triggers: [t, nightly]', '5:37 jobs.j.triggers[1]: There is no trigger "nightly"; known are t.'],
    ['trigger: t, triggers: [t]', '5:35 jobs.j.triggers: Give either "trigger" or "triggers", not both.'],
    ['adaptor: salesfroce', '5:23 jobs.j.adaptor: There is no adaptor "salesfroce"; did you mean "salesforce"?'],
    [
      'adaptor: lodash',
      '5:23 jobs.j.adaptor: There is no adaptor "lodash"; known are common, http, salesforce, dhis2, openmrs, postgresql.',
    ],
    ['adaptor: [http]', '5:23 jobs.j.adaptor: Must be the name of an adaptor, not a list.'],
    ['enabled: on', '5:23 jobs.j.enabled: Must be true or false, not "on".'],
    ['concurrency: 0', '5:23 jobs.j.concurrency: Must be a whole number from 1 to 1000, not 0.'],
    ['concurrency: 1.5', '5:23 jobs.j.concurrency: Must be a whole number from 1 to 1000, not 1.5.'],
    ['order: keys', '5:23 jobs.j.order: Must be "key", "strict" or "none", not "keys".'],
    ['timeout: 20', '5:23 jobs.j.timeout: Must be a duration like 20s or 5m, at most 20m, not 20.'],
    ['timeout: 1h', '5:23 jobs.j.timeout: Must be a duration like 20s or 5m, at most 20m, not "1h".'],
    ['timeout: 0s', '5:23 jobs.j.timeout: Must be a duration like 20s or 5m, at most 20m, not "0s".'],
    ['memory_mb: 7', '5:23 jobs.j.memory_mb: Must be a whole number from 8 to 2048, not 7.'],
    ['memory_mb: "64"', '5:23 jobs.j.memory_mb: Must be a whole number from 8 to 2048, not "64".'],
    ['console: "true"', '5:23 jobs.j.console: Must be true or false, not "true".'],
    ['log_limit: lots', `5:23 jobs.j.log_limit: ${sizeRule}, not "lots".`],
    ['memory: 64', '5:23 jobs.j.memory: The key "memory" is unknown; did you mean "memory_mb"?'],
    ['effects: exactly-once', '5:23 jobs.j.effects: Must be "at-least-once" or "at-most-once", not "exactly-once".'],
    ['retry: 3', '5:23 jobs.j.retry: Must be an object, not 3.'],
    ['retry: { attempts: 0 }', '5:32 jobs.j.retry.attempts: Must be a whole number from 1 to 100, not 0.'],
    ['retry: { tries: 3 }', '5:32 jobs.j.retry.tries: The key "tries" is unknown; known are attempts, backoff, on.'],
    ['retry: { backoff: 5 }', `5:32 jobs.j.retry.backoff: ${backoffRule}, not 5.`],
    ['retry: { backoff: 4d }', `5:32 jobs.j.retry.backoff: ${backoffRule}, not "4d".`],
    ['retry: { backoff: [] }', `5:32 jobs.j.retry.backoff: Is empty: write a duration like 5s, or a list of them.`],
    [
      'retry: { backoff: [5s, 0s, 1x] }',
      `5:46 jobs.j.retry.backoff[1]: ${backoffRule}, not "0s".`,
      `5:50 jobs.j.retry.backoff[2]: ${backoffRule}, not "1x".`,
    ],
    ['trigger: [t]', '5:23 jobs.j.trigger: Is a list: name one trigger here, or write the list as "triggers".'],
    ['retry: { on: [1] }', '5:32 jobs.j.retry.on: Must be a name or a list of names, not a list.'],
    [
      'effects: at-most-once, retry: { attempts: 2 }',
      '5:55 jobs.j.retry.attempts: A job with "effects: at-most-once" is never tried again: leave "retry" out, or take at-least-once.',
    ],
    ['timout: 5s', '5:23 jobs.j.timout: The key "timout" is unknown; did you mean "timeout"?'],
  ])('has jobs that are right: %s', (keys, ...sentences) => {
    expect(problemsOf(job(keys))).toEqual(sentences)
  })

  test('has code that can be compiled', () => {
    expect(
      problemsOf(
        'name: p\njobs:\n  j:\n    expression: |\n      fn(x)\n        oops\n  k: { expression: "  " }\n  l: {}',
      ),
    ).toEqual([
      '4:5 jobs.j.expression: Line 2, column 3 of the code: Unexpected oops.',
      '7:8 jobs.k.expression: Is empty: write the code of the job.',
      '8:3 jobs.l: Add the key "expression": the code of the job.',
    ])
  })

  test('starts no job by its own end, but may go round', () => {
    const triggers =
      'triggers:\n  done: { type: flow, job: a }\n  broke: { type: fail, job: a }\n  b-done: { type: flow, job: b }'
    expect(
      problemsOf(
        `name: p\n${triggers}\njobs:\n  a: { expression: x, triggers: [b-done, done, broke] }\n  b: { expression: x, trigger: done }`,
      ),
    ).toEqual([
      '7:42 jobs.a.triggers[1]: The trigger "done" follows this same job, which would start itself for ever: name another.',
      '7:48 jobs.a.triggers[2]: The trigger "broke" follows this same job, which would start itself for ever: name another.',
    ])
  })

  test('is told all its mistakes at once, in the order of its text, in JSON too', () => {
    expect(
      problemsOf('{\n "name": "p",\n "jobs": {"a": {"trigger": "t", "expression": 1}},\n "nmae": 1\n}', 'json'),
    ).toEqual([
      '3:17 jobs.a.trigger: There is no trigger "t"; there is none yet.',
      '3:33 jobs.a.expression: Must be text, not 1.',
      '4:2 nmae: The key "nmae" is unknown; did you mean "name"?',
    ])
  })

  test('may be cut in a sentence, but never floods it', () => {
    const [sentence] = problemsOf(`name: p\n${'k'.repeat(1_000)}: ${'v'.repeat(100_000)}`)
    expect(sentence?.length).toBeLessThan(300)
  })
})

describe('what is understood', () => {
  test('every default', () => {
    const { draft } = checked(
      'name: p\nsources:\n  s: { type: webhook }\ntriggers:\n  t: { type: message }\njobs:\n  j: { expression: x }',
    )
    expect(draft).toEqual({
      name: 'p',
      description: '',
      sources: new Map([
        ['s', { kind: 'webhook', name: 's', id: null, path: null, enabled: true, maxBodyBytes: 10_000_000, key: null }],
      ]),
      triggers: new Map([['t', { kind: 'message', name: 't', sources: null }]]),
      jobs: new Map([
        [
          'j',
          {
            name: 'j',
            triggers: [],
            adaptor: 'common',
            bundle: null,
            compiled: { id: codeIdOf('compiled: x'), text: 'compiled: x' },
            code: 'x',
            codeId: '2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881',
            enabled: true,
            concurrency: 10,
            order: 'key',
            effects: 'at-least-once',
            timeoutMs: 100_000,
            memoryMb: 128,
            retry: { attempts: 1, backoffMs: [5_000, 60_000, 600_000], on: null },
            console: true,
            logLimitBytes: 1_000_000,
            testMode: false,
            credential: null,
          },
        ],
      ]),
      egress: { allow: [], allowPrivate: false },
      limits: { loopLimit: 100 },
    })
  })

  test('every key', () => {
    const { draft } = checked(everyKey)
    expect(draft.description).toBe('all of it')
    expect(draft.limits).toEqual({ loopLimit: 7 })
    expect(draft.egress).toEqual({
      allow: [{ scheme: 'https', port: 443, host: { kind: 'below', name: 'clinic.example' } }],
      allowPrivate: true,
    })
    expect(draft.sources.get('s')).toEqual({
      kind: 'webhook',
      name: 's',
      id: '018f2b1c-abcd-7000-8000-000000000001',
      path: 'reg_1-a',
      enabled: false,
      maxBodyBytes: 500_000,
      key: { kind: 'header', name: 'x-patient-id' },
    })
    expect(draft.sources.get('r')).toMatchObject({
      key: { kind: 'path', jsonPath: '$.patient.id' },
      maxBodyBytes: 1_000,
    })
    expect([...draft.triggers.values()].map((trigger) => JSON.stringify(trigger))).toEqual([
      '{"kind":"message","name":"m","filter":{"id":9007199254740993,"__proto__":{"a":null}},"not":[1.5],"sources":["s"]}',
      '{"kind":"message","name":"n","sources":["s","r"]}',
      '{"kind":"flow","name":"f","job":"j"}',
      '{"kind":"fail","name":"e","job":"j"}',
    ])
    expect(draft.jobs.get('j')).toMatchObject({
      triggers: ['m', 'n'],
      adaptor: 'common',
      bundle: null,
      code: 'fn(state => state)\n',
      enabled: false,
      concurrency: 3,
      order: 'strict',
      timeoutMs: 1_200_000,
      memoryMb: 64,
      retry: { attempts: 3, backoffMs: [1_000, 60_000], on: ['AdaptorError'] },
      console: false,
      logLimitBytes: 10_000,
      testMode: true,
      credential: 'district',
    })
    expect(draft.jobs.get('k')).toMatchObject({
      triggers: ['f'],
      effects: 'at-most-once',
      retry: { attempts: 1, backoffMs: [30_000], on: null },
    })
  })

  test('the same from JSON', () => {
    const { value, draft } = checked(everyKey)
    expect(checked(JSON.stringify(value), { format: 'json' })).toEqual({ value, draft })
  })
})

test('of a thousand jobs each code is looked at once', () => {
  const jobs = Array.from(
    { length: 1_000 },
    (_, index) =>
      `  job-${index}:\n    trigger: trigger-${index}\n    timeout: 20s\n    expression: |\n      fn(state => {\n        console.log('${index}')\n        return state\n      })`,
  )
  const triggers = Array.from(
    { length: 1_000 },
    (_, index) => `  trigger-${index}: { type: message, filter: { form: f${index} } }`,
  )
  const seen: string[] = []
  const compile: Compile = (code) => {
    seen.push(code)
    return { kind: 'compiled', text: code }
  }
  const text = `name: p\ntriggers:\n${triggers.join('\n')}\njobs:\n${jobs.join('\n')}`
  expect(checked(text, { compile }).draft.jobs.size).toBe(1_000)
  expect([seen.length, new Set(seen).size]).toEqual([1_000, 1_000])
})

const everyKey = `
name: p
description: all of it
sources:
  s: { type: webhook, id: 018F2B1C-ABCD-7000-8000-000000000001, path: reg_1-a, enabled: false, max_body_bytes: 500KB, key: 'header:X-Patient-Id' }
  r: { type: webhook, max_body_bytes: 1000, key: $.patient.id }
triggers:
  m: { type: message, filter: { id: 9007199254740993, __proto__: { a: null } }, not: [1.50], source: s }
  n: { type: message, source: [s, r, s] }
  f: { type: flow, job: j }
  e: { type: fail, job: j }
jobs:
  j:
    triggers: [m, n]
    adaptor: common
    expression: |
      fn(state => state)
    enabled: false
    concurrency: 3
    order: strict
    timeout: 20m
    memory_mb: 64
    retry: { attempts: 3, backoff: [1s, 1m], on: AdaptorError }
    console: false
    log_limit: 10kb
    test_mode: true
    credential: district
  k: { trigger: f, expression: x, effects: at-most-once, retry: { backoff: 30s } }
egress: { allow: ['https://*.clinic.example'], allow_private: true }
limits: { loop_limit: 7 }
`
