import { execFile, execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { freePort, machine, type Penstock, startPenstock, until } from '../fixtures/penstock.ts'

const root = resolve(import.meta.dirname, '../..')
const demoSource = '54804f1a-4a70-4392-97cb-1f350e98e9c8'

/** Processes whose command line names the directory: whatever was started for it. */
const processesOf = (dir: string): readonly string[] => {
  try {
    return execFileSync('pgrep', ['-fa', dir], { encoding: 'utf8' }).trim().split('\n')
  } catch {
    return []
  }
}

describe('npm start, as a stranger meets it', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'penstock-e2e-'))
  let penstock: Penstock
  const start = (env: Record<string, string> = {}) =>
    startPenstock({ dataDir, command: ['npm', 'start', '--silent'], env: { DEMO: 'true', ...env } })

  beforeAll(async () => {
    penstock = await start()
    await until(() => penstock.printed().includes('is up'), 'the demo has run, and it says where everything is')
  })
  afterAll(async () => {
    await penstock?.[Symbol.asyncDispose]()
    rmSync(dataDir, { recursive: true, force: true })
  })

  test('the demo has run: successes, failures, a timeout, a chain', async () => {
    const statuses = await until(async () => {
      const { items } = await penstock.json<{
        items: readonly { job: string; status: string; trigger_kind: string }[]
      }>('/api/projects/demo/runs?limit=1000')
      const seen = new Set(items.map(({ job, status }) => `${job} ${status}`))
      return seen.has('count-stock killed') && seen.has('send-letter success') ? seen : undefined
    }, `the demo has run\n${penstock.printed()}`)
    expect([...statuses]).toEqual(
      expect.arrayContaining([
        'register-patient success',
        'register-patient failed',
        'tell-the-district success',
        'welcome success',
        'send-letter success',
        'red-list success',
        'count-stock success',
        'count-stock killed',
      ]),
    )
  })

  test('what it prints works as printed: a curl that posts a message, and a curl that asks SQL for its run', async () => {
    const shell = async (command: string) => (await promisify(execFile)('bash', ['-c', command], { cwd: root })).stdout
    const commands = penstock.printed().match(/^ *curl .*$/gm) ?? []
    const posting = commands.find((line) => line.includes('/inbox/')) ?? ''
    const { message_id } = JSON.parse(await shell(posting)) as { message_id: string }
    expect(message_id).toMatch(/^[0-9a-f-]{36}$/)

    const asking = commands.find((line) => line.includes('SELECT')) ?? ''
    expect(await shell(asking)).toContain('register-patient')
    const run = await until(async () => {
      const { items } = await penstock.json<{ items: readonly { status: string }[] }>(
        `/api/projects/demo/runs?message_id=${message_id}`,
      )
      return items.length > 0 ? items : undefined
    }, 'the run of the posted message is found by the API')
    expect(run.map(({ status }) => status)).toContain('success')
  })

  test("the README's commands work as printed, on this instance", async () => {
    const readme = readFileSync(join(root, 'README.md'), 'utf8')
    const commands = [...readme.matchAll(/^```\n(curl [\s\S]*?)^```$/gm)].flatMap(([, block = '']) =>
      block.trim().split(/\n\n/),
    )
    expect(commands.length).toBeGreaterThanOrEqual(4)
    for (const command of commands) {
      const here = command
        .replaceAll('http://127.0.0.1:4000', penstock.url)
        .replaceAll('.penstock/', `${penstock.dataDir}/`)
        .replaceAll(/\bcurl /g, 'curl --fail-with-body -sS ')
      const { stdout } = await promisify(execFile)('bash', ['-c', here], { cwd: root })
      expect(stdout, command).not.toBe('')
    }
  })

  test('the people may read by SQL and write nothing', async () => {
    expect((await penstock.sql('SELECT count() FROM penstock.runs')).status).toBe(200)
    expect((await penstock.sql('DROP VIEW penstock.runs')).ok).toBe(false)
  })

  test('a second one on the same directory, or on a taken port, says so in one sentence and ends', async () => {
    const fails = async (env: Record<string, string>) => {
      const failed = (await promisify(execFile)('bin/penstock', ['up'], {
        cwd: root,
        env: { ...machine, ...env },
      }).then(
        () => ({ code: 0, stderr: '' }),
        (error: unknown) => error,
      )) as { code: number; stderr: string }
      expect(failed.code).toBeGreaterThan(0)
      return failed.stderr.trim()
    }
    const inUse = await fails({ DATA_DIR: dataDir, PORT: String(await freePort()) })
    expect(inUse).toContain(dataDir)
    expect(inUse.split('\n')).toHaveLength(1)

    const taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    const { port } = taken.address() as { port: number }
    const other = mkdtempSync(join(tmpdir(), 'penstock-e2e-'))
    const portInUse = await fails({ DATA_DIR: other, PORT: String(port) })
    taken.close()
    rmSync(other, { recursive: true, force: true })
    expect(portInUse).toContain(String(port))
    expect(portInUse.split('\n')).toHaveLength(1)

    expect(await fails({ PORT: 'many', KAFKA_REPLICATION: '-1', DATA_DIR: other })).toMatch(
      /PORT[\s\S]*KAFKA_REPLICATION/,
    )
  })

  test('killed, it starts again beside its own survivors; stopped, it leaves nothing running; nothing is lost', async () => {
    const messages = async (of: Penstock) =>
      (await of.json<{ items: readonly { id: string; status: string }[] }>('/api/projects/demo/messages?limit=1000'))
        .items
    const send = (of: Penstock, count: number) =>
      Promise.all(
        Array.from({ length: count }, async (_, at) => {
          const answer = await fetch(`${of.url}/inbox/${demoSource}`, {
            method: 'POST',
            headers: { 'content-type': 'application/json' },
            body: JSON.stringify({
              formID: 'patient_registration_v7',
              name: `Sample ${at}`,
              dob: '2001-01-01',
              medications: [],
            }),
          })
          return answer.ok ? ((await answer.json()) as { message_id: string }).message_id : undefined
        }),
      )
    const allRan = async (of: Penstock, ids: readonly (string | undefined)[]) => {
      await until(async () => {
        const status = new Map((await messages(of)).map(({ id, status }) => [id, status]))
        return ids.every((id) => id === undefined || status.get(id) === 'success')
      }, 'every accepted message has run')
      const { items } = await of.json<{ items: readonly { message_id: string; job: string }[] }>(
        '/api/projects/demo/runs?limit=1000',
      )
      const accepted = new Set(ids)
      const runs = items
        .filter(({ message_id }) => accepted.has(message_id))
        .map(({ message_id, job }) => `${message_id} ${job}`)
      expect(runs.length).toBe(new Set(runs).size)
    }

    const before = await send(penstock, 40)
    expect(before.filter(Boolean)).toHaveLength(40)
    const pid = Number(readFileSync(join(dataDir, 'lock'), 'utf8').match(/\d+/)?.[0])
    process.kill(pid, 'SIGKILL')
    await penstock.stop('SIGKILL')

    penstock = await start()
    await allRan(penstock, before)
    const after = await send(penstock, 40)
    expect(await penstock.stop('SIGTERM')).toBe(0)
    expect(processesOf(dataDir)).toEqual([])

    penstock = await start()
    await allRan(penstock, [...before, ...after])
    expect(penstock.printed()).not.toContain(readFileSync(join(dataDir, 'admin-token'), 'utf8').trim())
    expect(existsSync(join(dataDir, 'sql-password'))).toBe(true)
  })

  test('the broker and the store are started again when they die, and nothing that was accepted is lost', async () => {
    for (const name of ['broker', 'store']) {
      const victim = processesOf(dataDir).find((line) =>
        line.includes(name === 'broker' ? 'kafka.Kafka' : 'store-child'),
      )
      process.kill(Number(victim?.split(' ')[0]), 'SIGKILL')
      await until(
        async () => (await fetch(`${penstock.url}/readyz`)).status === 503,
        `readiness tells that the ${name} is gone`,
      )
      await until(async () => (await fetch(`${penstock.url}/readyz`)).status === 200, `the ${name} is back`)
      const answer = await until(async () => {
        const sent = await fetch(`${penstock.url}/inbox/${demoSource}`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ formID: 'visit_v2', triage: [{ level: 'red' }] }),
        })
        return sent.status === 202 ? ((await sent.json()) as { message_id: string }) : undefined
      }, 'messages are accepted again')
      await until(async () => {
        const { items } = await penstock.json<{ items: readonly { status: string }[] }>(
          `/api/projects/demo/runs?message_id=${answer.message_id}`,
        )
        return items[0]?.status === 'success'
      }, 'the path works again')
    }
  })
})
