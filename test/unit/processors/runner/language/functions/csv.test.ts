import { parse } from 'csv-parse/sync'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseCsv } from '../../../../../../processors/runner/language/functions/csv.ts'
import type { State } from '../../../../../../processors/runner/language/operation.ts'

const rowsOf = async (csv: unknown, options?: unknown): Promise<unknown> =>
  ((await parseCsv(csv, options)({})) as State)['data']

describe('parseCsv', () => {
  test.each<[string, string, unknown, unknown]>([
    ['names from the first line', 'a,b\n1,2\n', {}, [{ a: '1', b: '2' }]],
    ['CR LF', 'a,b\r\n1,2\r\n', {}, [{ a: '1', b: '2' }]],
    ['quotes', 'a,b\n"x, ""y""","1\n2"', {}, [{ a: 'x, "y"', b: '1\n2' }]],
    ['a byte order mark', '\ufeffa\n1', {}, [{ a: '1' }]],
    ['spaces around', ' a , b \n 1 , "2 " ', {}, [{ a: '1', b: '2 ' }]],
    ['spaces kept', 'a\n 1 ', { trim: false }, [{ a: ' 1 ' }]],
    ['empty lines', 'a\n\n1\n\n', {}, [{ a: '1' }]],
    ['another delimiter', 'a;b\n1;2', { delimiter: ';' }, [{ a: '1', b: '2' }]],
    ['several delimiters', 'a;b|c\n1|2;3', { delimiter: [';', '|'] }, [{ a: '1', b: '2', c: '3' }]],
    [
      'no names',
      'a,b\n1,2',
      { columns: false },
      [
        ['a', 'b'],
        ['1', '2'],
      ],
    ],
    ['given names', '1,2', { columns: ['a', null] }, [{ a: '1' }]],
    ['another escape', 'a\n"x\\"y"', { escape: '\\' }, [{ a: 'x"y' }]],
    ['no quotes', 'a\n"x"y', { quote: null }, [{ a: '"x"y' }]],
    ['nothing', '', {}, []],
    ['names alone', 'a,b\n', {}, []],
    ['a name __proto__', '__proto__\n1', {}, [JSON.parse('{"__proto__":"1"}')]],
  ])('%s', async (_what, csv, options, rows) => {
    expect(await rowsOf(csv, options)).toEqual(rows)
  })

  test('reads as csv-parse does', async () => {
    const piece = fc.constantFrom('a', ' ', ',', '"', '""', '\n', '\r\n', '\t', 'é', '"b",', '"c d"\n', '\\"', ';')
    const options = fc.record({
      columns: fc.constant(false),
      ltrim: fc.boolean(),
      rtrim: fc.boolean(),
      skip_empty_lines: fc.boolean(),
      escape: fc.constantFrom('"', '\\'),
      delimiter: fc.constantFrom(',', ';', ', ', [',', ';']),
    })
    const outcome = async (read: () => unknown): Promise<unknown> => {
      try {
        return await read()
      } catch {
        return 'refused'
      }
    }
    const both = fc.asyncProperty(fc.array(piece, { maxLength: 14 }), options, async (pieces, chosen) => {
      const csv = pieces.join('')
      fc.pre(!/""\s+"/.test(csv)) // a field quoted twice, which csv-parse takes when it is empty
      expect(await outcome(() => rowsOf(csv, chosen))).toEqual(
        await outcome(() => parse(csv, { bom: true, ...chosen })),
      )
    })
    await fc.assert(both, { numRuns: 2_000 })
  })

  test('calls back with so many rows at a time, and the state of the call before', async () => {
    const operation = parseCsv(
      (state: State) => state['data'],
      () => ({ chunkSize: 2 }),
      async (state, rows) => ({ ...state, seen: [...((state['seen'] as unknown[]) ?? []), rows.length] }),
    )
    expect(await operation({ data: 'a\n1\n2\n3' })).toEqual({ data: 'a\n1\n2\n3', seen: [2, 1] })
  })

  test('without a callback the text becomes a reference', async () => {
    expect(await parseCsv('a\n1')({ data: 'before' })).toEqual({ data: [{ a: '1' }], references: ['before'] })
  })

  test('takes bytes, and what comes in pieces', async () => {
    const pieces = async function* (): AsyncGenerator<string> {
      yield 'a\n1'
      yield '2\n'
    }
    expect(await rowsOf(new TextEncoder().encode('a\né'))).toEqual([{ a: 'é' }])
    expect(await rowsOf(pieces())).toEqual([{ a: '12' }])
  })

  test.each<[string, unknown, unknown]>([
    ['Line 3 of the CSV has 1 fields, and there are 2 columns', 'a,b\n1,2\n3', {}],
    ['Line 2 of the CSV begins a quote that is never closed', 'a\n"1', {}],
    ['Line 2 of the CSV has a quote in the middle of a field, after "x"', 'a\nx"1"', {}],
    ['Line 2 of the CSV has a quote in the middle of a field, after ""', 'a\n"" "x"', {}],
    ['Line 3 of the CSV has "y" after the quote that ends a field', 'a\n"x\n"y', {}],
    ['parseCsv takes a CSV text, not nothing', undefined, {}],
    ['parseCsv takes a chunkSize of at least 1, not 0', '', { chunkSize: 0 }],
    ['parseCsv takes its options as an object, not null', '', null],
    ['parseCsv takes a delimiter that is a text', '', { delimiter: '' }],
    ['parseCsv takes columns as true, false or a list', '', { columns: 'a' }],
  ])('%s', async (message, csv, options) => {
    await expect(rowsOf(csv, options)).rejects.toThrow(message)
  })
})
