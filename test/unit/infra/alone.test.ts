import { once } from 'node:events'
import { createServer } from 'node:net'
import { describe, expect, test } from 'vitest'
import { freePort, type Program, startProgram, until } from '../../fixtures/penstock.ts'

describe('A role by itself', { timeout: 60_000, concurrent: true }, () => {
  test.each([
    ['filter', {}, ['KAFKA_BROKERS'], ['CLICKHOUSE_URL', 'ADMIN_TOKEN']],
    ['sink', {}, ['KAFKA_BROKERS', 'CLICKHOUSE_URL'], ['ADMIN_TOKEN']],
    ['console', { CLICKHOUSE_URL: 'http://127.0.0.1:1' }, ['KAFKA_BROKERS', 'ADMIN_TOKEN'], ['CLICKHOUSE_URL']],
  ] as const)('%s says in one sentence all that it needs and nobody has set', async (role, env, needed, others) => {
    await using program = start(role, env)
    expect(await program.ended()).toBe(1)
    expect(program.printed().trim().split('\n')).toHaveLength(1)
    for (const name of needed) expect(program.printed()).toContain(name)
    for (const name of others) expect(program.printed()).not.toContain(name)
  })

  test('settings that are no settings end it, all of them named', async () => {
    await using program = start('follow', { KAFKA_BROKERS: 'nowhere', DRAIN_SECONDS: 'long' })
    expect(await program.ended()).toBe(1)
    expect(program.printed()).toMatch(/KAFKA_BROKERS[\s\S]*DRAIN_SECONDS/)
  })

  test.each([
    ['runner', 'METRICS_PORT'],
    ['ingress', 'PORT'],
  ] as const)('%s names the setting when a port is taken, also while there is no Kafka', async (role, setting) => {
    await using other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const { port } = other.address() as Readonly<{ port: number }>
    const free = { PORT: String(await freePort()), METRICS_PORT: String(await freePort()) }
    await using program = start(role, { ...nobody, ...free, [setting]: String(port) })
    expect(await program.ended()).toBe(1)
    expect(program.printed().trim().split('\n')).toHaveLength(1)
    expect(program.printed()).toContain(String(port))
    expect(program.printed()).toMatch(new RegExp(`\\b${setting}\\b`))
  })

  test('it waits for Kafka, alive and not ready, says so, and ends when it is told to', async () => {
    const metricsPort = await freePort()
    await using program = start('filter', { ...nobody, METRICS_PORT: String(metricsPort) })
    const ask = (path: string) => fetch(`http://127.0.0.1:${metricsPort}${path}`)
    const told = await until(
      async () => {
        const answer = await ask('/readyz').catch(() => undefined)
        const text = await answer?.text()
        return text?.includes('ECONNREFUSED') ? { status: answer?.status, text } : undefined
      },
      () => `it says why it is not ready\n${program.printed()}`,
    )
    expect(told.status).toBe(503)
    expect(JSON.parse(told.text)).toEqual({
      status: 'not ready',
      not_ready: { start: expect.stringContaining('127.0.0.1:1') },
    })
    expect((await ask('/livez')).status).toBe(200)
    await until(() => program.printed().includes('Trying again'), 'the log says so, too')
    expect(await program.stop()).toBe(0)
  })
})

const nobody = { KAFKA_BROKERS: '127.0.0.1:1' }

const start = (role: string, env: Readonly<Record<string, string>>): Program & AsyncDisposable => {
  const program = startProgram(['bin/penstock', role], env)
  return { ...program, [Symbol.asyncDispose]: async () => void (await program.stop('SIGKILL')) }
}
