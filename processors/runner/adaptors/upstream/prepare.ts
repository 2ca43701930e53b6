import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { type AdaptorBundle, NoAdaptor, type UpstreamAdaptor } from '../../../../topology/project/adaptors.ts'

/**
 * Makes a bundle of an installed adaptor, and loads it once, in a process of its own that has no environment and lives a minute at most: all of
 * the package is somebody else's. Throws `NoAdaptor` when it does not become one.
 */
export const prepare = (adaptor: UpstreamAdaptor, dir: string): Promise<AdaptorBundle> => asked([adaptor, dir])

/** Loads a bundle that there is, and gives it back with the names that it has for jobs. Throws `NoAdaptor` when it cannot be loaded. */
export const check = (adaptor: UpstreamAdaptor, code: string): Promise<AdaptorBundle> => asked([adaptor], code)

const asked = (args: readonly string[], code = ''): Promise<AdaptorBundle> =>
  new Promise((resolve, reject) => {
    const refuse = (why: string): void => reject(new NoAdaptor(`${args[0]} is no adaptor for jobs: ${why}`))
    const options = { env: {}, cwd: '/', timeout: prepareMs, killSignal: 'SIGKILL', maxBuffer: 100_000_000 } as const
    const child = execFile(process.execPath, ['--no-node-snapshot', file, ...args], options, (error, stdout) => {
      if (error?.killed) return refuse(`it was not loaded within ${prepareMs / 1_000} s.`)
      if (error)
        return refuse(`the process that loaded it ended (${error.signal ?? error.code}), maybe for lack of memory.`)
      const told = JSON.parse(stdout) as AdaptorBundle | Readonly<{ problem: string }>
      if ('problem' in told) return refuse(told.problem)
      resolve(told)
    })
    child.stdin?.on('error', () => {}) // it has ended, which is told above
    child.stdin?.end(code)
  })

const prepareMs = 60_000

const file = fileURLToPath(new URL('prepare-child.ts', import.meta.url))
