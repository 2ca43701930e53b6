import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readTools } from '../../infra/config.ts'
import { startBroker } from '../../infra/embedded/broker.ts'
import { findJava } from '../../infra/embedded/java.ts'
import { openKafka } from '../../infra/kafka/open.ts'
import { runsTopic } from '../../topology/topics.ts'
import { silent } from '../fixtures/silent.ts'

/** Java homes of this machine that are newer than the one that `npm test` has used. */
const newer = await (async () => {
  const own = await findJava(readTools())
  const homes = list('/usr/lib/jvm').map((name) => join('/usr/lib/jvm', name))
  const found = await Promise.all(
    homes.map(async (home) => {
      const java = await findJava({ path: '', javaHome: home }).catch(() => undefined)
      return java && java.version > own.version ? [{ home, version: java.version }] : []
    }),
  )
  return found.flat()
})()

function list(dir: string): readonly string[] {
  try {
    return readdirSync(dir)
  } catch {
    return []
  }
}

if (newer.length === 0) {
  test('MISSING: no newer Java lies under /usr/lib/jvm, so the broker ran on the default one only', () => {
    expect(newer).toEqual([])
  })
}

test.each(newer)('the broker runs on Java $version', async ({ home }) => {
  const dataDir = mkdtempSync(join(tmpdir(), 'penstock-java-'))
  try {
    await using broker = await startBroker({ dataDir, logger: silent, tools: { ...readTools(), javaHome: home } })
    await using log = await openKafka({
      brokers: [broker.address],
      clientId: 'extra',
      replication: 1,
      partitions: { intake: 1, job: 1 },
      embedded: true,
      logger: silent,
    })
    await log.ensureTopics([
      {
        name: runsTopic,
        partitions: 1,
        retentionMs: -1,
        maxMessageBytes: 1_000_000,
        cleanup: 'delete',
        precious: true,
      },
    ])
    await log.append([{ topic: runsTopic, key: 'k', value: 'v', headers: {} }])
    for await (const item of log.tail(runsTopic, AbortSignal.timeout(30_000))) {
      expect(item.kind === 'record' && item.record.value?.toString()).toBe('v')
      break
    }
  } finally {
    rmSync(dataDir, { recursive: true, force: true })
  }
})
