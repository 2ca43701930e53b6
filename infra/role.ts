import type { Stop } from '../topology/flow/stop.ts'
import { type Config, readConfig } from './config.ts'
import { killChildren } from './embedded/child.ts'
import { type HouseLogger, openLog } from './log.ts'
import { StartProblem } from './start-problem.ts'

/** What a role is given to work with. */
export type House = Readonly<{ config: Config; logger: HouseLogger; stop: Stop }>

/**
 * Runs a role to its end, and then the process ends: the only place that hears signals and sets the exit code. The first SIGINT or
 * SIGTERM aborts `stop.reading`; after DRAIN_SECONDS, or at the second signal, `stop.working` aborts; 3 s later (`up`: 5) whatever is left, children
 * too, is killed. Exit code 0 after a stop that was asked for, 1 when the role could not start, broke, or had to be killed.
 */
export async function runRole(name: string, run: (house: House) => Promise<void>): Promise<never> {
  const config = configOrExit()
  const logger = openLog({ level: config.LOG_LEVEL }).child({ role: name })
  const alone = name !== 'up'
  const door = openDoor(logger, {
    drainMs: (config.DRAIN_SECONDS ?? (alone ? 25 : 5)) * 1_000,
    lastResortMs: alone ? 3_000 : 5_000, // `up` has servers to stop
  })
  try {
    await run({ config, logger, stop: door.stop })
  } catch (error) {
    if (error instanceof StartProblem && !door.stop.reading.aborted) exitWith(error)
    if (!door.isOurReason(error)) {
      logger.error({ error }, `${name} broke`)
      process.exitCode = 1
    }
  }
  killChildren()
  process.exit()
}

/** npm hands Ctrl-C on to us, and the terminal sends it too: that is one wish, not two. */
const echoMs = 500

type Patience = Readonly<{ drainMs: number; lastResortMs: number }>

const openDoor = (logger: HouseLogger, { drainMs, lastResortMs }: Patience) => {
  const [reading, working] = [new AbortController(), new AbortController()]
  let askedAt: number | undefined

  const dropAll = (reason: Error): void => {
    if (working.signal.aborted) return
    working.abort(reason)
    setTimeout(() => {
      logger.error({}, 'Ended by force: something did not end when it was told to')
      killChildren()
      process.exit(1)
    }, lastResortMs)
  }
  const onSignal = (signal: NodeJS.Signals): void => {
    const reason = new Stopped(`received ${signal}`)
    if (askedAt === undefined) {
      askedAt = performance.now()
      logger.info({}, `Stopping (${signal}); once more to drop what is in hand`)
      reading.abort(reason)
      setTimeout(dropAll, drainMs, reason)
    } else if (performance.now() - askedAt > echoMs) dropAll(reason)
  }
  const onBug = (error: unknown): void => {
    logger.error({ error }, 'Unexpected: stopping at once')
    process.exitCode = 1
    const reason = new Stopped('a bug')
    reading.abort(reason)
    dropAll(reason)
  }
  setInterval(() => {}, 2 ** 30) // a role ends when its run does, not when Node finds nothing left to wait for
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal).on('SIGHUP', onSignal)
  process.on('uncaughtException', onBug).on('unhandledRejection', onBug)
  return {
    stop: { reading: reading.signal, working: working.signal } satisfies Stop,
    isOurReason: (error: unknown): boolean =>
      reading.signal.aborted &&
      (error instanceof Stopped ||
        error instanceof StartProblem ||
        (error instanceof Error && error.name === 'AbortError')),
  }
}

class Stopped extends Error {
  override readonly name = 'Stopped'
}

const configOrExit = (): Config => {
  try {
    return readConfig()
  } catch (error) {
    return exitWith(error)
  }
}

/** What a person can mend is told without a stack. */
const exitWith = (error: unknown): never => {
  console.error(error instanceof StartProblem ? error.message : error)
  killChildren()
  process.exit(1)
}
