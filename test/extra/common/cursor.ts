import { all, at, type Case } from './case.ts'

export const cursorCases: readonly Case[] = [
  ...all(
    [
      'now',
      'end',
      'today',
      'yesterday',
      '3 hours ago',
      '1 hour ago',
      '2 days ago',
      '1 day ago',
      'start',
      '2026-01-01',
      'hours ago',
    ],
    (value) => ({
      says: `cursor ${value}`,
      call: ({ cursor }) => cursor(value)({ a: 1 }),
    }),
  ),
  { says: 'cursor of a number', call: ({ cursor }) => cursor(5)({}) },
  { says: 'cursor by a function', call: ({ cursor }) => cursor(at('page'))({ page: 7 }) },
  {
    says: 'cursor with a default',
    call: ({ cursor }) => cursor(at('page'), { defaultValue: 'today' })({}),
  },
  {
    says: 'cursor with a default that is not needed',
    call: ({ cursor }) => cursor(0, { defaultValue: 9 })({}),
  },
  { says: 'cursor with a key', call: ({ cursor }) => cursor(1, { key: 'page' })({}) },
  {
    says: 'cursor whose key stays',
    call: ({ cursor }) => [cursor(1, { key: 'page' })({}), cursor(2)({})],
  },
  {
    says: 'cursor with a format',
    call: ({ cursor }) => cursor('today', { format: (date: unknown) => (date as Date).getTime() })({}),
  },
  {
    says: 'cursor with a format of a number',
    call: ({ cursor }) => cursor(5, { format: (value: unknown) => `n${value}` })({}),
  },
  { says: 'cursor of a Date', call: ({ cursor }) => cursor(() => new Date(0))({}), differs: 'C17' },
]
