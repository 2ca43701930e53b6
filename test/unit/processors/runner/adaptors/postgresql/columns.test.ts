import { expect, test } from 'vitest'
import { recordsIn, rowsIn } from '../../../../../../processors/runner/adaptors/postgresql/columns.ts'

const types = {
  ...{
    bool: 16,
    bytea: 17,
    int8: 20,
    int4: 23,
    text: 25,
    oid: 26,
    json: 114,
    float8: 701,
    date: 1082,
    timestamp: 1114,
  },
  ...{
    timestamptz: 1184,
    interval: 1186,
    numeric: 1700,
    jsonb: 3802,
    ints: 1007,
    texts: 1009,
    int8s: 1016,
    jsons: 3807,
  },
  ...{ bools: 1000, times: 1185, own: 16_400 },
} as const

test.each<[keyof typeof types, string | null, unknown]>([
  ['bool', 't', true],
  ['bool', 'f', false],
  ['int4', '-7', -7],
  ['oid', '4294967295', 4_294_967_295],
  ['int8', '9007199254740993', '9007199254740993'],
  ['numeric', '1.50', '1.50'],
  ['float8', '1e+300', 1e300],
  ['float8', '-Infinity', '-Infinity'],
  ['json', '{"a":[1]}', { a: [1] }],
  ['jsonb', 'null', null],
  ['bytea', '\\x00ff', 'AP8='],
  ['bytea', '\\000a', '\\000a'],
  ['date', '2026-01-02', '2026-01-02'],
  ['timestamp', '2026-01-02 03:04:05', '2026-01-02T03:04:05.000'],
  ['timestamp', '2026-01-02 03:04:05.123456', '2026-01-02T03:04:05.123456'],
  ['timestamptz', '2026-01-02 03:04:05.6+02', '2026-01-02T01:04:05.600Z'],
  ['timestamptz', '2026-01-02 00:04:05.123456+05:30', '2026-01-01T18:34:05.123456Z'],
  ['timestamptz', 'infinity', 'infinity'],
  ['timestamptz', '0044-03-15 12:00:00+00 BC', '0044-03-15 12:00:00+00 BC'],
  ['timestamptz', '02/01/2026 03:04:05 CET', '02/01/2026 03:04:05 CET'],
  ['interval', '1 day 02:00:00', '1 day 02:00:00'],
  ['own', 'whatever', 'whatever'],
  ['text', null, null],
  ['int4', null, null],
  ['ints', '{1,NULL,3}', [1, null, 3]],
  ['ints', '{}', []],
  [
    'ints',
    '[0:1][5:6]={{1,2},{3,4}}',
    [
      [1, 2],
      [3, 4],
    ],
  ],
  ['texts', '{a,"b, c","\\"q\\\\",NULL,"NULL","",ä b}', ['a', 'b, c', '"q\\', null, 'NULL', '', 'ä b']],
  ['int8s', '{9007199254740993}', ['9007199254740993']],
  ['jsons', '{"{\\"a\\": [1]}",NULL}', [{ a: [1] }, null]],
  ['bools', '{t,f}', [true, false]],
  ['times', '{"2026-01-02 03:04:05+00"}', ['2026-01-02T03:04:05.000Z']],
])('%s %s is %j', (type, text, value) => {
  const result = { fields: [{ name: 'it', type: types[type] }], rows: [[text]] }
  expect(rowsIn(result)).toEqual([[value]])
  expect(recordsIn(result)).toEqual([{ it: value }])
})

test('columns of one name, and odd ones, are own keys', () => {
  const fields = ['a', '__proto__', 'a'].map((name) => ({ name, type: 23 }))
  const [row] = recordsIn({ fields, rows: [['1', '2', '3']] })
  expect(Object.entries(row ?? {})).toEqual([
    ['a', 3],
    ['__proto__', 2],
  ])
})
