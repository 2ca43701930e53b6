import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { messageList } from '../../../../sinks/clickhouse/read/messages.ts'
import { runList } from '../../../../sinks/clickhouse/read/runs.ts'
import { BadSearch, looksAtRows, parseSearch, searchLimits } from '../../../../sinks/clickhouse/read/search-text.ts'

const key = (name: string) => ({ kind: 'key', key: name })

describe('what a person searches for', () => {
  test.each([
    ['zinc Kono', [{ text: 'zinc' }, { text: 'Kono' }]],
    ['"village health  worker"', [{ text: 'village health  worker' }]],
    [
      'amin* "kono ea"*',
      [
        { text: 'amin', prefix: true },
        { text: 'kono ea', prefix: true },
      ],
    ],
    ['data.district:Kono', [{ text: 'Kono', path: [key('data'), key('district')] }]],
    ['a[*].b[12]:"x y"', [{ text: 'x y', path: [key('a'), { kind: 'each' }, key('b'), { kind: 'item', at: 12 }] }]],
    [
      '$[0]:x $:y',
      [
        { text: 'x', path: [{ kind: 'item', at: 0 }] },
        { text: 'y', path: [] },
      ],
    ],
    ['a["b c"].$d:x*', [{ text: 'x', prefix: true, path: [key('a'), key('b c'), key('$d')] }]],
    ['ville.préfecture:Kankan', [{ text: 'Kankan', path: [key('ville'), key('préfecture')] }]],
    ['https://a.org/b', [{ text: 'https://a.org/b' }]],
    ['"error:timeout" 12:30 Error:', [{ text: 'error:timeout' }, { text: '12:30' }, { text: 'Error:' }]],
    ['2026-11-21 12026-11-21', [{ text: '2026-11-21', prefix: true }, { text: '12026-11-21' }]],
    ['患者 مريض 🎉', [{ text: '患者' }, { text: 'مريض' }, { text: '🎉' }]],
  ])('is read: %s', (search, terms) => {
    expect(parseSearch(search)).toEqual(terms.map((term) => ({ prefix: false, path: undefined, ...term })))
  })

  test.each([
    ['', 'empty'],
    [' \n ', 'empty'],
    ['a "b c', 'the quote at character 3 is not closed'],
    ['data.x:"b', 'the quote at character 8 is not closed'],
    ['ab *', 'the * at character 4 has no beginning'],
    ['x:*', 'the * at character 3 has no beginning'],
    ['""*', 'the * at character 1 has no beginning'],
    ['x a*b', 'the * at character 4 does not stand at the end'],
    ['a"b"', 'a space is missing before the quote at character 2'],
    ['"a"b', 'a space is missing after the quote at character 3'],
    ['a --- b', '"---" at character 3 holds no letter and no digit'],
    ['x'.repeat(searchLimits.characters + 1), '1001 characters; 1000 are allowed'],
    ['a '.repeat(searchLimits.parts + 1), '21 words and phrases; 20 are allowed'],
    [`a${'[*]'.repeat(30)}:x b${'.c'.repeat(30)}:x`, '62 steps; 40 are allowed'],
  ])('is refused with what is wrong and where: %o', (search, why) => {
    expect(() => parseSearch(search)).toThrow(BadSearch)
    expect(() => parseSearch(search)).toThrow(why)
  })

  test('is a question of values: whatever is written, it is bound and not put into the text', () => {
    const texts = fc.string({ unit: 'binary', maxLength: 60 })
    fc.assert(
      fc.property(texts, texts, (hostile, other) => {
        const search = `k["${hostile.replaceAll('"', '')}"]:"a ${hostile.replaceAll('"', '')}" b ${other.replaceAll(/["*\s]/g, '')}`
        const plain = 'k["x"]:"a x" b c'
        for (const list of [messageList, runList]) {
          const asked = list({ project: 'p', limit: 1, text: `${search}c` })
          expect(asked.sql).toBe(list({ project: 'p', limit: 1, text: plain }).sql)
        }
      }),
    )
  })

  test('is left to the index of words where that is enough', () => {
    for (const quick of ['zinc', 'café Kono 2026']) expect(looksAtRows(quick)).toBe(false)
    for (const slow of ['"a b"', 'zin*', 'a:b', '患者', 'a-b', 'x 🎉']) expect(looksAtRows(slow)).toBe(true)
  })
})
