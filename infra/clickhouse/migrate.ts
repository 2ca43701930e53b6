import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openStore, type StoreAddress } from './open.ts'

export type Migration = StoreAddress & Readonly<{ dir: string }>

/**
 * Brings a database to its newest schema: makes it if need be, applies the files `NNN-*.sql` of the directory that it has not seen, in order,
 * and remembers the checksum of each. Answers with the names that it applied. Throws when an applied file has changed since.
 *
 * ClickHouse has neither transactions nor locks for this, so every statement of a file must bear being run twice (`IF NOT EXISTS`,
 * `OR REPLACE`): then two processes at once, or one that died half way, do no harm.
 */
export async function migrate({ dir, database, ...address }: Migration): Promise<readonly string[]> {
  if (!/^\w{1,64}$/.test(database)) throw new Error(`a database's name holds only letters, digits and _: ${database}`)
  {
    await using server = await openStore({ ...address, database: 'default' })
    await server.command(`CREATE DATABASE IF NOT EXISTS ${database}`)
  }
  await using store = await openStore({ ...address, database })
  await store.command(versionsTable)
  const known = await store.query<Version>('SELECT name, checksum FROM schema_versions FINAL')
  const applied: string[] = []
  for (const file of await schemaFiles(dir)) {
    const before = known.find(({ name }) => name === file.name)
    if (before && before.checksum !== file.checksum)
      throw new Error(
        `${file.name} was changed after it had been applied to ${database}: put it back, and add a new file instead`,
      )
    if (before) continue
    for (const statement of statementsOf(file.text)) await store.command(statement)
    await store.insert(
      'schema_versions',
      [{ name: file.name, checksum: file.checksum }],
      `${file.name}/${file.checksum}`,
    )
    applied.push(file.name)
    address.logger.info({ file: file.name, database }, 'schema applied')
  }
  return applied
}

type Version = Readonly<{ name: string; checksum: string }>
type SchemaFile = Version & Readonly<{ text: string }>

const versionsTable = `CREATE TABLE IF NOT EXISTS schema_versions
(
  name String,
  checksum String,
  applied_at DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = ReplacingMergeTree ORDER BY name`

const schemaFiles = async (dir: string): Promise<readonly SchemaFile[]> => {
  const names = (await readdir(dir)).filter((name) => /^\d{3}-.*\.sql$/.test(name)).sort()
  return Promise.all(
    names.map(async (name) => {
      const text = await readFile(join(dir, name), 'utf8')
      return { name, text, checksum: createHash('sha256').update(text).digest('hex') }
    }),
  )
}

/** A statement ends with a semicolon at the end of a line. */
const statementsOf = (text: string): readonly string[] =>
  text
    .split(/;\s*$/m)
    .map((statement) => statement.trim())
    .filter((statement) => statement.replace(/^\s*--.*$/gm, '').trim() !== '')
