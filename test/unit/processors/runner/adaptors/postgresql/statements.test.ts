import { describe, expect, test } from 'vitest'
import { columnIn, tableIn } from '../../../../../../processors/runner/adaptors/postgresql/names.ts'
import { serverIn } from '../../../../../../processors/runner/adaptors/postgresql/server.ts'
import { findOf, insertsOf } from '../../../../../../processors/runner/adaptors/postgresql/statements.ts'
import { alterOf, createOf, describeOf } from '../../../../../../processors/runner/adaptors/postgresql/tables.ts'
import { boundValue } from '../../../../../../processors/runner/adaptors/postgresql/values.ts'

const nulls = ['undefined']

describe('a name in a statement is a name, whatever is written', () => {
  test.each([
    ['users', '"users"'],
    ['Users', '"users"'],
    ['public.Users', '"public"."users"'],
    ['"Users"', '"Users"'],
    ['"Odd.Schema"."Ta""ble"', '"Odd.Schema"."Ta""ble"'],
    [' order ', '"order"'],
    ['Größe', '"größe"'],
    ['first name', '"first name"'],
    ['users; DROP TABLE users; --', '"users; DROP TABLE users; --"'],
    ['users" VALUES (1); --', '"users"" VALUES (1); --"'],
    ['"users"; DROP TABLE "x"', '"""users""; DROP TABLE ""x"""'],
    ['a.b"; --', '"a.b""; --"'],
    ['a..b', '"a..b"'],
    ['.', '"."'],
    ["users'", `"users'"`],
    ['users/*', '"users/*"'],
    ['$1', '"$1"'],
    ['"', '""""'],
    ['""', '""""""'],
  ])('the table %j', (written, name) => {
    expect(tableIn(written)).toBe(name)
  })

  test.each([
    ['a.b', '"a.b"'],
    ['"firstName"', '"firstName"'],
    ['a) VALUES (1); --', '"a) VALUES (1); --"'],
  ])('the column %j', (written, name) => {
    expect(columnIn(written)).toBe(name)
  })

  test.each(['', ' ', 'a\0b'])('%j is none', (written) => {
    expect(() => tableIn(written)).toThrow('PostgreSQL knows tables and columns by names')
  })
})

describe('values are bound', () => {
  test.each([
    [undefined, null],
    [null, null],
    ["'; DROP TABLE x; --", "'; DROP TABLE x; --"],
    [1.5, '1.5'],
    [false, 'false'],
    [Number.NaN, 'NaN'],
    [new Date(0), '1970-01-01T00:00:00.000Z'],
    [new Uint8Array([0, 255]), '\\x00ff'],
    [new Uint8Array([1, 2, 3]).subarray(1), '\\x0203'],
    [new ArrayBuffer(1), '\\x00'],
    [{ a: "'" }, `{"a":"'"}`],
    [[1, null, 'a"b\\', [2]], '{"1",NULL,"a\\"b\\\\",{"2"}}'],
    [[], '{}'],
  ])('%j as %j', (value, text) => {
    expect(boundValue(value)).toBe(text)
  })

  test('whole numbers of any length with all digits', () => {
    expect(boundValue(12345678901234567890n)).toBe('12345678901234567890')
  })

  test.each([[Promise.resolve(1)], [new Date(Number.NaN)]])('%s is refused', (value) => {
    expect(() => boundValue(value)).toThrow('A value for PostgreSQL is a')
  })
})

describe('statements', () => {
  test('put rows in with their values apart, by the columns of the first', () => {
    const rows = [
      { b: "O'Hara", a: 1 },
      { a: 'undefined', b: null },
    ]
    expect(insertsOf('Users', rows, { nulls })).toEqual([
      { text: 'INSERT INTO "users" ("b", "a") VALUES ($1, $2), ($3, $4)', values: ["O'Hara", '1', null, null] },
    ])
  })

  test.each([
    ['id', '("id")'],
    ['(a, B)', '("a", "b")'],
    ['a,"b,c"', '("a", "b,c")'],
    ['ON CONSTRAINT users_pkey', 'ON CONSTRAINT "users_pkey"'],
    ['on constraint x DO NOTHING; --', 'ON CONSTRAINT "x DO NOTHING; --"'],
    ['id) DO NOTHING; --', '("id) DO NOTHING; --")'],
  ])('update what is there already by %j', (conflict, target) => {
    const [statement] = insertsOf('t', [{ id: 1, n: 2 }], { conflict, nulls: [] })
    expect(statement?.text).toBe(
      `INSERT INTO "t" ("id", "n") VALUES ($1, $2) ON CONFLICT ${target} DO UPDATE SET "id" = EXCLUDED."id", "n" = EXCLUDED."n"`,
    )
  })

  test('have as many values as the protocol takes', () => {
    const rows = Array.from({ length: 65_535 }, (_, a) => ({ a, b: 0 }))
    expect(insertsOf('t', rows, { nulls }).map(({ values }) => values.length)).toEqual([65_534, 65_534, 2])
  })

  test.each([
    [[{ a: 1 }, { b: 1 }], 'Row 2 has other keys than the first'],
    [[{ a: 1 }, { a: 1, b: 1 }], 'Row 2 has other keys than the first'],
    [[{}], 'A row for PostgreSQL is an object with a key for each column'],
  ])('are not made of %j', (rows, message) => {
    expect(() => insertsOf('t', rows, { nulls })).toThrow(message)
  })

  test('find a value', () => {
    const where = { Name: "x' OR 1=1", at: 2 }
    expect(findOf({ uuid: 'id', relation: 'public.users', where, operator: { Name: 'ILIKE' } })).toEqual({
      text: 'SELECT "id" FROM "public"."users" WHERE "name" ILIKE $1 AND "at" = $2 LIMIT 1',
      values: ["x' OR 1=1", '2'],
    })
    expect(findOf({ uuid: 'id', relation: 'users', where: {}, operator: {} }).text).toBe(
      'SELECT "id" FROM "users" LIMIT 1',
    )
  })

  test.each(['= 1 OR 1', '--', '/*', ';', 'in (select 1) or', 'is null or'])(
    'with the operator %j are refused',
    (operator) => {
      const filter = { uuid: 'id', relation: 't', where: { a: 1 }, operator: { a: operator } }
      expect(() => findOf(filter)).toThrow('is no operator that findValue knows')
    },
  )

  test('make, change and describe tables', () => {
    const columns = [
      { name: 'id', type: 'integer', identity: true, required: true },
      { name: 'Name', type: 'varchar(20)', default: "it's \\ x", unique: true },
      { name: 'at', type: 'timestamp with time zone', default: 'now()' },
      { name: 'tags', type: 'text[]', default: null },
    ]
    const defined = [
      '"id" integer GENERATED BY DEFAULT AS IDENTITY NOT NULL',
      `"name" varchar(20) DEFAULT E'it''s \\\\ x' UNIQUE`,
      '"at" timestamp with time zone DEFAULT now()',
      '"tags" text[] DEFAULT NULL',
    ]
    expect(createOf('T', columns).text).toBe(`CREATE TABLE "t" (${defined.join(', ')})`)
    expect(alterOf('T', columns.slice(2)).text).toBe(
      `ALTER TABLE "t" ADD COLUMN ${defined[2]}, ADD COLUMN ${defined[3]}`,
    )
    expect(describeOf('A."B"').values).toEqual(['B', 'a'])
    expect(describeOf('B').values).toEqual(['b', null])
  })

  test.each([
    { name: 'a', type: 'int); DROP TABLE x; --' },
    { name: 'a', type: "text DEFAULT ''" },
    { name: 'a', type: 'int -- ' },
    { name: 'a' },
    { type: 'int' },
  ])('make no column of %j', (column) => {
    expect(() => createOf('t', [column])).toThrow('A column has a name and a type')
  })
})

describe('the credential', () => {
  const whole = { host: 'db.local', database: 'clinic', user: 'clerk', password: 'secret' }

  test('says where the database is, in OpenFn’s own names', () => {
    expect(serverIn({ configuration: whole })).toEqual({ ...whole, port: 5432, tls: null })
    const more = { port: '6432', ssl: true, allowSelfSignedCert: 'true', ca: 'PEM', username: 'other' }
    expect(serverIn({ configuration: { ...whole, ...more } })).toEqual({
      ...{ ...whole, port: 6432 },
      tls: { verified: false, ca: 'PEM', cert: null, key: null },
    })
  })

  test.each(['host', 'database', 'user'])('needs %s', (name) => {
    expect(() => serverIn({ configuration: { ...whole, [name]: '' } })).toThrow(
      'PostgreSQL takes a credential with host, database, user and password',
    )
  })

  test('says yes or no to TLS', () => {
    expect(() => serverIn({ configuration: { ...whole, ssl: { rejectUnauthorized: false } } })).toThrow(
      'ssl of the credential is true or false, not object',
    )
  })
})
