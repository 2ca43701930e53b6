import { cp, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { migrate } from '../../infra/clickhouse/migrate.ts'
import { openStore } from '../../infra/clickhouse/open.ts'
import { listMessages, messageWhere } from '../../sinks/clickhouse/read/messages.ts'
import { listRuns, runWhere } from '../../sinks/clickhouse/read/runs.ts'
import { messageRows, runEventRows } from '../../sinks/clickhouse/rows.ts'
import { schemaDir } from '../../sinks/clickhouse/schema.ts'
import type { Store } from '../../topology/flow/ports.ts'
import { intakeRecord, parseIntake } from '../../topology/wire/intake.ts'
import type { Finished } from '../../topology/wire/runs.ts'
import { newMessageId } from '../../topology/words/ids.ts'
import type { NewMessage } from '../../topology/words/message.ts'
import { newAddress, openDatabase, putRows } from '../fixtures/database.ts'
import { openDoors } from '../fixtures/doors.ts'
import { finished, incoming, message, runFacts } from '../fixtures/records.ts'

let store: Store
let projects = 0
beforeAll(async () => {
  store = await openDatabase()
})
afterAll(() => store[Symbol.asyncDispose]())

const newProject = (): string => `p${projects++}`
const takeIn = async (project: string, messages: readonly Partial<NewMessage>[]): Promise<readonly string[]> => {
  const taken = messages.map((some) => message({ project, ...some }))
  const records = taken.map((one) => incoming(intakeRecord(one), { timestamp: Date.now() }))
  await putRows(
    store,
    records.flatMap((record) => messageRows(parseIntake(record))),
  )
  return taken.map(({ id }) => id)
}

const end = async (project: string, ends: readonly Partial<Finished>[]): Promise<readonly string[]> => {
  const queued_at = new Date().toISOString()
  const events = ends.map((some) => finished(runFacts(newMessageId(), { project, queued_at }), some))
  await putRows(
    store,
    events.flatMap((event) => runEventRows(event, { offset: 1n, timestamp: Date.now() })),
  )
  return events.map(({ run_id }) => run_id)
}

const line = (text: string) =>
  ({ time: '2026-11-21T10:00:01.000Z', level: 'info', source: 'job', message: text }) as const

const messagesWith = async (project: string, text: string): Promise<readonly string[]> =>
  (await listMessages(store, { project, text, limit: 1_000 })).items.map(({ id }) => id)
const runsWith = async (project: string, text: string): Promise<readonly string[]> =>
  (await listRuns(store, { project, text, limit: 1_000 })).items.map(({ id }) => id)

/** What the search promises, in plain JavaScript. (Case folding has exceptions that JavaScript does not know: cases of their own below.) */
const wordsOf = (text: string): readonly string[] =>
  text
    .normalize('NFKC')
    .toLowerCase()
    .replaceAll(/[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}\p{So}]/gu, ' $& ')
    .split(/[^\p{L}\p{N}\p{M}\p{So}]+/u)
    .filter((word) => word !== '')

const isIn = (text: string, { phrase, prefix }: Asked): boolean => {
  const [words, wanted] = [wordsOf(text), wordsOf(phrase)]
  return words.some((_, at) =>
    wanted.every((word, n) => {
      const there = words[at + n]
      return prefix && n === wanted.length - 1 ? there?.startsWith(word) : there === word
    }),
  )
}

type Asked = Readonly<{ phrase: string; prefix: boolean }>

const words =
  'Amina amin Kono kono zinc 12 x1 1e5 n u00e9 café CAFE\u0301 Étage 患者 患 登録 مريض المريض، Больница бо\u0301 ครู 🎉 🏥 ｗｉｄｅ e\u0301'.split(
    ' ',
  )
/** Words that come often: so they stand together, apart and the other way round. */
const few = ['zinc', 'KONO', 'café', '患', 'مريض']
const word = fc.oneof(fc.constantFrom(...few), fc.constantFrom(...words))
const gaps = [' ', ' ', ' ', '-', '_', '.', '/', '"', '\\', '\n', '\t', '\0', '،', '。', '—', '\u00a0', '\\n', '']
const text = fc
  .array(fc.tuple(word, fc.constantFrom(...gaps)), { minLength: 1, maxLength: 8 })
  .map((parts) => parts.flat().join(''))
const asked: fc.Arbitrary<Asked> = fc.record({
  phrase: fc.oneof(
    word,
    fc
      .tuple(fc.constantFrom(...few), fc.constantFrom(' ', '-', '。'), fc.constantFrom(...few))
      .map((parts) => parts.join('')),
    fc.constantFrom('am', 'zi', 'caf', 'مر', 'Боль', '登', 'е', '1', 'ｗｉ'),
  ),
  prefix: fc.boolean(),
})
const written = ({ phrase, prefix }: Asked): string => `"${phrase}"${prefix ? '*' : ''}`

/** JSON in which some characters are written as escapes, as other programs write it. */
const escaped = (json: string, every: number): string =>
  [...json]
    .map((char, at) =>
      char >= '\u0080' && at % every === 0
        ? [...Array(char.length)].map((_, n) => `\\u${char.charCodeAt(n).toString(16).padStart(4, '0')}`).join('')
        : char,
    )
    .join('')

/** A body, a search, and whether it is found. */
const cases: readonly (readonly [body: string, search: string, found: boolean])[] = [
  ['{"a":"caf\\u00e9"}', 'CAFÉ', true],
  ['{"a":"one\\ntwo"}', 'two', true],
  ['{"a":"one\\ntwo"}', 'ntwo', false],
  ['{"a":"C:\\\\new"}', 'new', true],
  ['{"a":"half \\ud800 caf\\u00e9"}', 'café', true],
  ['{"a":"half \\ud800 caf\\u00e9"}', 'a:café', true],
  ['{"a":"\\ud83c\\udf89done"}', 'done 🎉', true],
  ['plain C:\\new', 'new', true],
  ['plain C:\\new', 'ew', false],
  ['{"a":"Straße"}', 'STRASSE', true],
  ['{"a":"ΟΔΟΣ"}', 'οδος', true],
  ['{"a":"İstanbul"}', 'i̇stanbul', true],
  ['{"a":"İstanbul"}', 'istanbul', true],
  ['{"a":"Diyarbakır"}', 'diyarbakir', false],
  ['{"a":"Hôpital"}', 'hopital', false],
  ['{"a":"مَرِيض"}', 'مريض', true],
  ['{"a":"مريض"}', 'مَرِيض', true],
  ['{"a":"مـــريض"}', 'مريض', true],
  ['{"a":"می‌خواهم"}', 'میخواهم', true],
  ['{"a":"שָׁלוֹם־עולם"}', 'שלום', true],
  ['{"a":"٢٠٢٦"}', '2026', false],
  ['{"a":"हिन्दी रोगी"}', 'रोगी', true],
  ['{"a":"환자가 왔다"}', '환자', false],
  ['{"a":"환자가 왔다"}', '환자*', true],
  ['{"a":"在昆明市第一人民医院就诊"}', '人民医院', true],
  ['{"a":"佐々木さん"}', '佐々木', true],
  ['{"a":"サーバー1"}', 'サーバー', true],
  ['{"a":"スーパーーマン"}', 'スーパー', true],
  ['{"a":"ｶﾞｿﾘﾝ"}', 'ガソリン', true],
  ['{"a":"患者A12号"}', 'a12', true],
  ['{"a":"ผู้ป่วยได้รับยา"}', 'ป่วย', true],
  ['{"a":"ເມືອງຫຼວງພະບາງ"}', 'ຫຼວງ', true],
  ['{"a":"មន្ទីរពេទ្យ​បង្អែក"}', 'ពេទ្យបង្អែក', true],
  ['{"a":"ဆေးရုံကြီး"}', 'ရုံ', true],
  ['{"a":"👍🏽 👨‍👩‍👧 ❤️"}', '👍 👩 ❤', true],
  ['{"a":"👍"}', '👍🏽', true],
  ['{"a":"amina.k@example.org"}', 'example.org amina.k@example.org', true],
  ['{"a":"+232-76 123456"}', '+232-76', true],
  ['{"a":"54804f1a-4a70-4392-97cb-1f350e98e9c8"}', '54804F1A-4a70-4392-97cb-1f350e98e9c8 54804f1a*', true],
  ['{"a":"2026-11-21T09:00:00Z"}', '2026-11-21', true],
  ['{"a":"2026-11-21T09:00:00Z"}', 'a:2026-11-21T09:00', true],
  ['{"a":"2026-11-21"}', 'a:2026-11-21', true],
  ['{"a":"2026-11-22T09:00:00Z"}', '2026-11-2', false],
  ['{"patient_id":1,"patient-name":2,"patientKey":3}', 'patient_id patient-name patientkey name', true],
  ['{"patientKey":3}', 'key', false],
  ['{"u":"https://a.org:8080/x/y?z=1&b=%20c"}', 'https://a.org:8080/x/y?z=1 a.org', true],
  ['{"u":"mailto:amina@example.org"}', '"mailto:amina@example.org"', true],
  ['{"a":"l’agent, 5㎏, ﬁeld"}', "l'agent 5kg field", true],
  ['{"a":"visible"}', '️', false],
  ['{"a":"soft\u00adhyphen"}', 'softhyphen', true],
  ['{"a":"患者登録"}', '者登', true],
  ['{"a":"患者登録"}', '患登', false],
  ['{"a":"المريض"}', 'مريض', false],
  ['{"name":"Kono","n":[{"x":1.5},{"x":[2]}]}', 'n[0].x:1.5 name:kono', true],
  ['{"name":"Kono","n":[{"x":1.5},{"x":[2]}]}', 'n[1].x:1.5', false],
  ['{"name":"Kono","n":[{"x":1.5},{"x":[2]}]}', 'n[1]:2 $:kono', true],
  ['{"name":"Kono East"}', 'name:"kono east"', true],
  ['{"name":"East of Kono, east"}', '"kono east"', true],
  ['{"name":"Kono, far east"}', '"kono east"', false],
  ['{"name":"Kono, eastern"}', '"kono east"', false],
  ['{"name":"Kono, eastern"}', '"kono east"*', true],
  ['{"name":"northeast"}', 'east*', false],
  ['{"name":"Kono","other":"East"}', 'name:east', false],
  ['{"Name":"Kono"}', 'name:kono', false],
  ['{"a.b":{"c d":"x1"}}', '["a.b"]["c d"]:x1', true],
  ['[["x1"]]', '$[0][0]:x1', true],
]
const projectOfCases = 'cases'
let searched: Promise<readonly string[]> | undefined

describe('a search', () => {
  test('finds in messages what plain JavaScript finds, however the JSON is written', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(text, fc.nat(3)), { minLength: 20, maxLength: 30 }),
        fc.array(fc.array(asked, { minLength: 1, maxLength: 2 }), { minLength: 4, maxLength: 6 }),
        async (bodies, searches) => {
          const project = newProject()
          const ids = await takeIn(
            project,
            bodies.map(([body, every]) => ({
              body: Buffer.from(escaped(JSON.stringify({ key: [body] }, null, every), every + 1)),
              contentType: 'text/x',
            })),
          )
          for (const search of searches) {
            const wanted = ids.filter((_, n) => search.every((one) => isIn(bodies[n]?.[0] ?? '', one)))
            expect((await messagesWith(project, search.map(written).join(' '))).toSorted()).toEqual(wanted.toSorted())
            const atPath = search.map((one) => `key[*]:${written(one)}`).join(' ')
            expect((await messagesWith(project, atPath)).toSorted()).toEqual(wanted.toSorted())
          }
        },
      ),
      { numRuns: 8 },
    )
  })

  test('finds in logs and errors what plain JavaScript finds, and in states by path', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(text, text), { minLength: 20, maxLength: 30 }),
        fc.array(asked, { minLength: 4, maxLength: 8 }),
        async (logs, searches) => {
          const project = newProject()
          const ids = await end(
            project,
            logs.map(([first, second]) => ({
              log: [line(first), line(JSON.stringify({ second }))],
              final_state: { data: { second } },
            })),
          )
          for (const one of searches) {
            const found = await runsWith(project, written(one))
            const wanted = (texts: (log: readonly [string, string]) => string) =>
              ids.filter((_, n) => isIn(texts(logs[n] ?? ['', '']), one)).toSorted()
            expect(found.toSorted()).toEqual(wanted(([first, second]) => `${first}\nsecond ${second}\nn`.slice(0, -2)))
            expect((await runsWith(project, `data.second:${written(one)}`)).toSorted()).toEqual(
              wanted(([, second]) => second),
            )
          }
        },
      ),
      { numRuns: 8 },
    )
  })

  test.each(cases)('in %s for %s: %o', async (body, search, expected) => {
    searched ??= takeIn(
      projectOfCases,
      cases.map(([each]) => ({ body: Buffer.from(each) })),
    )
    const id = (await searched)[cases.findIndex(([each]) => each === body)]
    expect((await messagesWith(projectOfCases, search)).includes(id ?? '')).toBe(expected)
  })

  test('reads headers, forms and XML, and no bytes', async () => {
    const project = newProject()
    const [first, form, xml] = await takeIn(project, [
      { headers: { 'user-agent': 'ODK Collect' } },
      { contentType: 'application/x-www-form-urlencoded', body: Buffer.from('name=caf%C3%A9+noir%FF') },
      { contentType: 'text/xml', body: Buffer.from('<a>caf&#233; noir</a>') },
      { contentType: 'text/plain', body: Buffer.from([0xff, 0xfe]) },
    ])
    expect(await messagesWith(project, '"user agent" odk')).toEqual([first])
    expect((await messagesWith(project, '"café noir"')).toSorted()).toEqual([form, xml].toSorted())
  })

  test('finds a run by its error', async () => {
    const project = newProject()
    const error = {
      name: 'AdaptorError',
      message: 'no answer',
      line: 1,
      column: 1,
      operation: 'get',
      details: { a: 'd\u00e9' },
    }
    const [id] = await end(project, [
      { status: 'failed', error, input: { data: { district: 'Kono' } }, final_state: null },
    ])
    expect(await runsWith(project, 'adaptorerror "no answer" get dé data.district:kono')).toEqual([id])
  })

  test('takes whatever a person writes, or says that it is a mistake', async () => {
    const project = newProject()
    await takeIn(project, [{ body: Buffer.from(`{"a":"'; DROP TABLE message_rows; --"}`) }])
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary', minLength: 1, maxLength: 30 }), async (hostile) => {
        const search = `x${hostile.replaceAll(/["*\s]/gu, '')} a["${hostile.replaceAll('"', '')}"]:"x${hostile.replaceAll('"', '')}"*`
        expect(await messagesWith(project, search)).toEqual([])
        expect(await runsWith(project, search)).toEqual([])
      }),
      { numRuns: 12 },
    )
    expect(await messagesWith(project, `"'; DROP TABLE message_rows; --"`)).toHaveLength(1)
  })
})

describe('a search over HTTP', () => {
  test.each([
    ['*'.repeat(64_000), 431],
    ['a '.repeat(2_000), 400],
    ['a*'.repeat(400), 400],
    ['患'.repeat(400), 200],
    [`"${'x '.repeat(300)}"`, 200],
    [`$${'[*]'.repeat(40)}:x`, 200],
    [`$${'[*]'.repeat(41)}:x`, 400],
    ['"x y" z* '.repeat(10), 200],
    ['a.b:"x y"* '.repeat(20), 200],
    ['$[999999999]:x', 200],
    ['.+(?:a|b)$^{2}[\\w]\\', 200],
    ['a%_\\', 200],
    ['a\0b["\0"]:c', 400],
    ['["\0"]:a\0b', 200],
    ['\ud800x ["\ud800"]:x', 200],
    ['%_\\', 400],
  ])('gets an answer, or a refusal, whatever is asked: case %#', async (text, status) => {
    await using doors = await openDoors({ store })
    await doors.deploy({ name: 'clinic' })
    const asked = encodeURIComponent(text.toWellFormed())
    for (const list of ['messages', 'runs'])
      expect((await doors.api(`/api/projects/clinic/${list}?text=${asked}`)).status).toBe(status)
    const bytes = '%ED%A0%80x%FF'
    expect((await doors.api(`/api/projects/clinic/runs?text=${bytes}`)).status).toBeLessThan(500)
  })
})

describe('the index of words', () => {
  const plan = async (where: string, params: Readonly<Record<string, unknown>>, table: string): Promise<string> =>
    (await store.query<{ explain: string }>(`EXPLAIN indexes = 1 SELECT id FROM ${table} FINAL WHERE ${where}`, params))
      .map(({ explain }) => explain)
      .join('\n')

  test.each(['kono', 'café', '患者', '"kono east"', 'kono*', 'kono "a b"*'])('is used for %s', async (text) => {
    const project = newProject()
    await takeIn(project, [{}])
    await end(project, [{}])
    const messages = messageWhere({ project, text })
    expect(await plan(messages.sql, messages.params, 'message_rows')).toContain('Name: by_text')
    const runs = runWhere({ project, text })
    expect(await plan(runs.sql, runs.params, 'run_rows')).toContain('Name: by_text')
  })

  test('serves people, too, through the views', async () => {
    for (const view of ['messages', 'runs'])
      expect(
        (
          await store.query<{ explain: string }>(
            `EXPLAIN indexes = 1 SELECT id FROM ${view} WHERE hasAllTokens(search_text, 'kono')`,
          )
        )
          .map(({ explain }) => explain)
          .join('\n'),
      ).toContain('Name: by_text')
  })

  test('answers the questions of the page about it', async () => {
    const page = await readFile(join(schemaDir, '../README.md'), 'utf8')
    const questions = /```sql\n([^`]+)```/.exec(page)?.[1]?.trim().split('\n') ?? []
    expect(questions).toHaveLength(2)
    for (const question of questions)
      expect(await store.query(question.replaceAll('penstock.', ''))).toBeInstanceOf(Array)
  })

  test('comes to a database that had rows before it: they are found at once', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'penstock-schema-'))
    await cp(join(schemaDir, '001-first.sql'), join(dir, '001-first.sql'))
    const address = newAddress()
    await migrate({ ...address, dir })
    await using old = await openStore(address)
    const at = new Date().toISOString().slice(0, 23)
    const message_row = { id: 'm', project: 'p', received_at: at, body: '{"a":"caf\\u00e9"}', body_encoding: 'utf8' }
    await old.insert('message_rows', [message_row], 'm')
    const run_row = { id: 'r', project: 'p', queued_at: at, 'log.message': ['{"a":"caf\\u00e9"}'] }
    await old.insert('run_rows', [{ ...run_row, 'log.time': [at], 'log.level': ['info'], 'log.source': ['job'] }], 'r')
    await migrate({ ...address, dir: schemaDir })
    expect((await listMessages(old, { project: 'p', text: 'café caf*', limit: 9 })).items).toHaveLength(1)
    expect((await listRuns(old, { project: 'p', text: 'café caf*', limit: 9 })).items).toHaveLength(1)
    await old.command(`DROP DATABASE ${address.database}`)
    await rm(dir, { recursive: true })
  })
})
