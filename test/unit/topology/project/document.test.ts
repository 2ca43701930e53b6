import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { maxDocument, maxYaml, parseDocument } from '../../../../topology/project/document.ts'
import { rawProblemsOf } from './deploys.ts'

const read = (text: string, format: 'json' | 'yaml' = 'yaml'): unknown => {
  const parsed = parseDocument(text, format)
  return 'document' in parsed ? parsed.document.value : parsed.problems
}

const flawsOf = (text: string, format: 'json' | 'yaml' = 'yaml'): unknown => {
  const parsed = parseDocument(text, format)
  if ('document' in parsed) return []
  return parsed.problems.map(({ line, column, path, message }) => `${line}:${column} ${path}: ${message}`)
}

describe('the text of a document', () => {
  test('YAML is 1.2: yes, on and dates are text, and so are all keys', () => {
    expect(read('yes: no\non: off\nd: 2026-11-21\nt: 12:30:00\n1: a\nnull: n\n<<: m\ntrue: ~')).toEqual({
      yes: 'no',
      on: 'off',
      d: '2026-11-21',
      t: '12:30:00',
      1: 'a',
      null: 'n',
      '<<': 'm',
      true: null,
    })
    expect(read('%YAML 1.1\n---\na: yes')).toEqual({ a: 'yes' })
  })

  test('__proto__ is a key like any other', () => {
    for (const [text, format] of [
      ['__proto__: { a: 1 }', 'yaml'],
      ['{"__proto__": {"a": 1}}', 'json'],
    ] as const) {
      const value = read(text, format) as object
      expect(Object.keys(value)).toEqual(['__proto__'])
      expect(Object.getPrototypeOf(value)).toBe(Object.prototype)
      expect(JSON.stringify(value)).toBe('{"__proto__":{"a":1}}')
    }
  })

  test('numbers keep every digit, in both formats', () => {
    expect(JSON.stringify(read('{"a": [9007199254740993, 0.10000000000000000555, 1e400, -0, 12]}', 'json'))).toBe(
      '{"a":[9007199254740993,0.10000000000000000555,1e400,0,12]}',
    )
    expect(Object.is(read('-0', 'json'), 0)).toBe(true) // as it will be when it has been written and read again
    expect(JSON.stringify(read('[9007199254740993, +5, 007, 0x1F, 0o17, .5, 1., -1.50, 1e400]'))).toBe(
      '[9007199254740993,5,7,31,15,0.5,1,-1.5,1e400]',
    )
  })

  test('JSON is read as JSON.parse reads it', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 4 }), fc.constantFrom(0, 1, 2), (text, indent) => {
        const value: unknown = JSON.parse(text)
        const written = JSON.stringify(value, null, indent)
        expect(JSON.stringify(read(written, 'json'))).toBe(JSON.stringify(value))
      }),
    )
  })

  test('what JSON.parse refuses is refused, with its place', () => {
    fc.assert(
      fc.property(
        fc.json({ maxDepth: 2 }),
        fc.nat(),
        fc.constantFrom('"', '}', ']', ',', 'x', '\\', '0', ''),
        (text, seed, mark) => {
          const at = seed % (text.length + 1)
          const broken = text.slice(0, at) + mark + text.slice(at + 1)
          let valid = true
          try {
            JSON.parse(broken)
          } catch {
            valid = false
          }
          const parsed = parseDocument(broken, 'json')
          const flaws = 'problems' in parsed ? parsed.problems : []
          if (!valid) expect(flaws.length).toBeGreaterThan(0)
          else expect(flaws.every(({ message }) => message.includes('comes twice'))).toBe(true)
        },
      ),
      { numRuns: 500 },
    )
  })

  test.each([
    ['', '1:1 : A JSON value must stand here, not the end of the text.'],
    ['{"a": }', '1:7 a: A JSON value must stand here, not "}".'],
    ['{"a": [1,]}', '1:10 a[1]: A JSON value must stand here, not "]".'],
    ['{\n  "a": 1\n  "b": 2\n}', '3:3 : A comma or a closing brace must stand here, not "\\"".'],
    ['{"a": 1,}', '1:9 : A key in double quotes must stand here, not "}".'],
    ['{"a" 1}', '1:6 a: A colon must stand after the key, not "1".'],
    ['[1 2]', '1:4 : A comma or a closing bracket must stand here, not "2".'],
    ['{"a": "x\ny"}', '1:7 a: The text that begins here holds a control character or an unknown escape.'],
    ['{"a": "x', '1:7 a: The text that begins here has no closing quote.'],
    ['{"a": 01}', '1:8 : A comma or a closing brace must stand here, not "1".'],
    ['{} {}', '1:4 : Nothing may follow the end of the document, but here is "{".'],
    ['{"a": 1, "b": {"c": 1, "c": 2}}', '1:24 b.c: The key "c" comes twice: keep one.'],
    ['['.repeat(100_000), '1:202 : Nested deeper than 200: flatten it.'],
  ])('JSON that is wrong is told with its place: %.40s', (text, sentence) => {
    expect(flawsOf(text, 'json')).toEqual([sentence])
  })

  test.each([
    ['a: 1\nb: 2\na: 3', '3:1 a: The key "a" comes twice: keep one.'],
    ['a: 1\n---\nb: 2', '2:1 : A second document begins here: a project is one document.'],
    ['a: { b: !secret x }', '1:17 a.b: The tag "!secret" is unknown: leave it out.'],
    ['a: !!binary aGk=', '1:13 a: The tag "tag:yaml.org,2002:binary" is unknown: leave it out.'],
    ['? [a]\n: 1', '1:3 : A key must be text, not a list or a map.'],
    ['a: .inf', '1:4 a: ".inf" is no number in JSON.'],
    ['a: .NaN', '1:4 a: ".NaN" is no number in JSON.'],
    ['a: &x [*x]', '1:8 a[0]: The alias "x" has no anchor before it.'],
    ['a: *x', '1:4 a: The alias "x" has no anchor before it.'],
    ['a:\n\tb: 1', '2:1 : Tabs are not allowed as indentation.'],
    [`a: ${'['.repeat(600)}${']'.repeat(600)}`, '1:203 : Nested deeper than 200: flatten it.'],
  ])('YAML that is wrong is told with its place: %.40s', (text, sentence) => {
    expect(flawsOf(text)).toEqual([sentence])
  })

  test('an alias is a copy of what its anchor was when it was met', () => {
    expect(read('a: &x { k: 1 }\nb: *x\nc: &x 2\nd: *x')).toEqual({ a: { k: 1 }, b: { k: 1 }, c: 2, d: 2 })
  })

  test('bombs are refused', () => {
    const level = (name: string, of: string): string => `${name}: &${name} [${Array(10).fill(of).join(', ')}]`
    const bomb = [level('a', '1'), ...[...'bcdefgh'].map((name, index) => level(name, `*${'abcdefgh'[index]}`))].join(
      '\n',
    )
    expect(flawsOf(bomb)).toEqual([
      expect.stringMatching(/^\d+:\d+ : Aliases stand for over 200000 characters: write less with them\.$/),
    ])
    expect(flawsOf(`a: &a "${'x'.repeat(100_000)}"\nb: [*a, *a, *a]`)).toHaveLength(1)
    expect(flawsOf(`b: &b 1\na: &a [*b, "${'x'.repeat(100_000)}"]\nc: [*a, *a, *a]`)).toHaveLength(1)
    for (const deep of ['[', '- ', '? ', '{ a: ']) {
      expect(flawsOf(deep.repeat(20_000))).toEqual([expect.stringContaining('Nested deeper than 200: flatten it.')])
    }
  })

  test('a document is no larger than a record can be, and YAML smaller', () => {
    expect(rawProblemsOf(`{"a": "${'é'.repeat(maxDocument / 2)}"}`, 'json')).toEqual([
      { path: '', message: 'The document is larger than 10000000 bytes: split the project.' },
    ])
    expect(rawProblemsOf(`a: ${'x'.repeat(maxYaml)}`)).toEqual([
      { path: '', message: 'The document is larger than 4000000 bytes: send it as JSON, or split the project.' },
    ])
    const jobs = Array.from({ length: 50_000 }, (_, index) => `"j${index}":{"expression":"x"}`).join(',')
    expect(rawProblemsOf(`{"name":"p","jobs":{${jobs}}}`, 'json')).toEqual([
      { path: '', message: 'The document is larger than 10000000 bytes: split the project.', line: 1, column: 1 },
    ])
  })

  test('a thousand mistakes are told, of the rest the number', () => {
    const jobs = Array.from({ length: 1_500 }, (_, index) => `  j${index}: { expresion: x, enabled: 'no' }`).join('\n')
    const problems = rawProblemsOf(`name: p\njobs:\n${jobs}`)
    expect(problems).toHaveLength(1_001)
    expect(problems[0]).toEqual({
      path: 'jobs.j0',
      message: 'Add the key "expression": the code of the job.',
      line: 3,
      column: 3,
    })
    expect(problems.at(-1)).toEqual({ path: '', message: 'And 3500 more.' })
    expect(flawsOf(Array.from({ length: 1_200 }, () => 'a: 1').join('\n'))).toHaveLength(1_001)
  })
})
