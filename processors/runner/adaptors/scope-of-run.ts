import type { Adaptor } from '../../../topology/project/adaptors.ts'
import type { RunHost } from '../language/host.ts'
import { ofRun } from '../language/of-run.ts'
import { NotRunnable } from '../sandbox/realm/failure.ts'
import type { ScopeMaker } from '../sandbox/realm/runs.ts'
import { makersOf } from './makers.ts'
import { type Bundle, everything, worldOf } from './upstream/world.ts'

/**
 * What a run has in scope. Of a built-in adaptor it is made when the job takes it. An upstream one has state of its own, so the whole of it is
 * evaluated anew for each run, in a world that is this run's.
 */
export const scopeOfRun: ScopeMaker = (adaptor, bundle) => {
  if (bundle === undefined) {
    const makers = { ...ofRun, ...makersOf(adaptor) }
    return (host) => ({ take: (name) => makers[name]?.(host) })
  }
  return (host) => {
    const { adaptor: all } = evaluated(bundle, { adaptor, host })
    const exports = isNamed(all) ? all : ((all['default'] ?? all) as typeof all)
    const { execute } = exports
    return {
      take: (name) =>
        name === everything ? exports : Object.hasOwn(exports, name) ? exports[name] : ofRun[name]?.(host),
      ...(typeof execute === 'function' && { execute: execute as never }),
    }
  }
}

const evaluated = (
  bundle: Bundle,
  { adaptor, host }: Readonly<{ adaptor: Adaptor; host: RunHost }>,
): ReturnType<Bundle> => {
  try {
    return bundle(worldOf(host), host.http, host.sql)
  } catch (error) {
    const details = error instanceof Error ? { name: error.name, message: error.message } : { message: String(error) }
    const why = `${adaptor} cannot be loaded (${Object.values(details).join(': ')})`
    throw Object.assign(new NotRunnable('ImportError', why), { details })
  }
}

/** Older packages export one object, by default. */
const isNamed = (exports: object): boolean => Object.keys(exports).some((name) => name !== 'default')
