import type { RunHost } from '../../language/host.ts'
import { webOfRun } from '../../language/web/of-run.ts'

/** What an adaptor's bundle is given anew for each run; `adaptor` are the exports that it gives back. */
export type Bundle = (
  world: object,
  http: RunHost['http'],
  sql: RunHost['sql'],
) => Readonly<{ adaptor: Readonly<Record<string, unknown>> }>

/** The name under which all that an adaptor exports can be taken; no job can speak it. */
export const everything = '.adaptor'

/**
 * The global object of one evaluation of an adaptor: what the realm has, what the web and Node have beside it, and the run's own way out. It
 * belongs to the run, so an adaptor may write to it, and no other run sees that.
 */
export const worldOf = (host: RunHost): object => {
  const { console, setTimeout, setInterval, clearTimer } = host
  const of = (make: ((host: RunHost) => unknown) | undefined): unknown => make?.(host)
  const world = Object.create(null) as Record<PropertyKey, unknown>
  for (const name of Reflect.ownKeys(globalThis)) world[name] = Reflect.get(globalThis, name)
  return Object.assign(world, {
    ...{ globalThis: world, global: world, self: world, console, Function: withoutCode, eval: withoutCode },
    ...{ fetch: of(webOfRun['fetch']), AbortSignal: of(webOfRun['AbortSignal']), crypto: of(webOfRun['crypto']) },
    ...{ setTimeout: timer(setTimeout), setInterval: timer(setInterval) },
    setImmediate: (action: unknown, ...args: unknown[]) => setTimeout(action, 0, ...args),
    ...{ clearTimeout: clearTimer, clearInterval: clearTimer, clearImmediate: clearTimer },
    performance: { now: () => Date.now(), timeOrigin: 0 },
    process: processOf(host),
    ReadableStream: absentStream,
  })
}

/** Node's timers have methods; an adaptor that calls them wants nothing that a run does not do by itself. */
const timer =
  (start: RunHost['setTimeout']) =>
  (action: unknown, ms?: unknown, ...args: unknown[]) => {
    const id = start(action, ms, ...args)
    const handle = { ref: () => handle, unref: () => handle, hasRef: () => true, [Symbol.toPrimitive]: () => id }
    return handle
  }

const processOf = ({ setTimeout }: RunHost): object => ({
  ...{ env: {}, argv: [], execArgv: [], pid: 1, platform: 'linux', arch: 'x64', version: 'v24.0.0', browser: true },
  ...{ versions: { node: '24.0.0' }, release: { name: 'node' }, title: 'penstock', exitCode: undefined },
  ...{ cwd: () => '/', uptime: () => 0, memoryUsage: () => ({ rss: 0, heapTotal: 0, heapUsed: 0, external: 0 }) },
  ...{ on: nothing, once: nothing, off: nothing, emit: nothing, removeListener: nothing, emitWarning: nothing },
  hrtime: Object.assign(() => [Math.floor(Date.now() / 1_000), (Date.now() % 1_000) * 1_000_000], {
    bigint: () => BigInt(Date.now()) * 1_000_000n,
  }),
  nextTick: (action: (...args: unknown[]) => void, ...args: unknown[]) => {
    void Promise.resolve().then(() => {
      try {
        action(...args)
      } catch (error) {
        setTimeout(() => {
          throw error
        }, 0) // as an error of the run: nobody waits for this promise
      }
    })
  },
  exit: () => {
    throw new Error('An adaptor cannot end the process: throw an error instead')
  },
})

const nothing = (): void => {}

/** There are no streams of the web here: nothing is one. */
class absentStream {
  constructor() {
    throw new TypeError('There is no ReadableStream in a job')
  }
}

/** `Function`, but for what makes code of text. */
function withoutCode(): never {
  throw new TypeError('This adaptor makes code of text (eval, new Function), and no code in a job may')
}
withoutCode.prototype = Function.prototype
