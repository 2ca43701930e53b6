import { all, at, type Case, type Common, dataOf, note, type State } from './case.ts'

const csvOptions: readonly unknown[] = [
  ...[
    {},
    { delimiter: ';' },
    { columns: false },
    { columns: ['x', 'y'] },
    { quote: "'" },
    { escape: '\\' },
    { trim: true, ltrim: false },
  ],
  ...[
    { skip_empty_lines: false },
    { bom: false },
    { rtrim: false },
    { unknown: true },
    { chunkSize: 1 },
    { chunkSize: 5 },
  ],
]
export const csvCases: readonly Case[] = [
  ...csvOptions.flatMap((options) =>
    ['a,b\n1,2\n3,4', 'a,b\r\n"1, 1","2 ""x"""\r\n', ' a , b \n 1 , 2 '].map((csv) => ({
      says: `parseCsv ${JSON.stringify(csv)} ${JSON.stringify(options)}`,
      call: async ({ parseCsv }: Common) => dataOf(parseCsv(csv, options)({ references: [] })),
    })),
  ),
  ...all(
    ['a,b\n1', 'a\n"1', 'a\n1"2"', 'a\n"1"2', 'a,a\n1,2', ',b\n1,2', '\ufeffa\n1', 'a\n\n\n1', 'a\rb\rc'],
    (csv) => ({
      says: `parseCsv ${JSON.stringify(csv)}`,
      call: async ({ parseCsv }) => dataOf(parseCsv(csv)({ references: [] })),
    }),
  ),
  {
    says: 'parseCsv by functions',
    call: async ({ parseCsv }) => dataOf(parseCsv(at('csv'), () => ({ delimiter: ';' }))({ csv: 'a;b\n1;2' })),
  },
  {
    says: 'parseCsv with a callback',
    call: ({ parseCsv }) =>
      parseCsv('a\n1\n2\n3', { chunkSize: 2 }, (given: unknown, rows: unknown) =>
        note({ ...(given as State), data: rows }),
      )({}),
  },
  { says: 'parseCsv of nothing with a callback', call: ({ parseCsv }) => parseCsv('', {}, note)({ a: 1 }) },
  { says: 'parseCsv of nothing', call: ({ parseCsv }) => parseCsv('')({ data: 'old' }), differs: 'C11' },
  {
    says: 'parseCsv without trim',
    call: async ({ parseCsv }) => dataOf(parseCsv('a\n 1 ', { trim: false })({})),
    differs: 'C12',
  },
  {
    says: 'parseCsv of bytes',
    call: async ({ parseCsv }) => dataOf(parseCsv(new TextEncoder().encode('a\n1'))({})),
    differs: 'C5',
  },
  { says: 'parseCsv of a number', call: ({ parseCsv }) => parseCsv(5)({}) },
  { says: 'parseCsv by chunks of none', call: ({ parseCsv }) => parseCsv('a\n1', { chunkSize: 0 })({}) },
  {
    says: 'composeNextState',
    call: ({ composeNextState }) => composeNextState({ data: 1, x: 2, references: [] }, 3),
  },
  {
    says: 'composeNextState with references',
    call: ({ composeNextState }) => composeNextState({ data: 1, references: [0] }, 3),
    differs: 'C13',
  },
  { says: 'composeNextState without references', call: ({ composeNextState }) => composeNextState({ data: 1 }, 3) },
  { says: 'composeNextState without data', call: ({ composeNextState }) => composeNextState({}, 3), differs: 'C13' },
]
