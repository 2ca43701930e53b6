import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { freePorts, isFree, needPort } from '../../../../infra/embedded/ports.ts'
import { StartProblem } from '../../../../infra/start-problem.ts'

test('free ports are different, none that somebody listens on, and free unless another program was faster', async () => {
  const taken = await takenPort()
  const ports = await freePorts(5)
  expect(new Set([taken, ...ports]).size).toBe(6)
  expect(await Promise.all(ports.map((port) => isFree(port)))).toContain(true)
})

test('a port that somebody listens on is not free', async () => {
  expect(await isFree(await takenPort())).toBe(false)
})

test('a wanted port that is taken is told in one sentence that names the setting', async () => {
  const port = await takenPort()
  const wanted = needPort('KAFKA_PORT', { port })
  await expect(wanted).rejects.toThrow(StartProblem)
  await expect(wanted).rejects.toThrow(
    `Port ${port} is in use by another program: choose another one with KAFKA_PORT=<port>.`,
  )
})

test('an address that is not of this machine is told as such', async () => {
  await expect(needPort('PORT', { port: 4711, host: '192.0.2.1' })).rejects.toThrow(/^Port 4711 cannot be opened \(/)
})

const takenPort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}
