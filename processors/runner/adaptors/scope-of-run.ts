import { ofRun } from '../language/of-run.ts'
import type { ScopeMaker } from '../sandbox/realm/runs.ts'
import { makersOf } from './makers.ts'
import { everything, worldOf } from './upstream/world.ts'

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
    const { adaptor: all } = bundle(worldOf(host), host.http)
    const exports = isNamed(all) ? all : ((all['default'] ?? all) as typeof all)
    const { execute } = exports
    return {
      take: (name) =>
        name === everything ? exports : Object.hasOwn(exports, name) ? exports[name] : ofRun[name]?.(host),
      ...(typeof execute === 'function' && { execute: execute as never }),
    }
  }
}

/** Older packages export one object, by default. */
const isNamed = (exports: object): boolean => Object.keys(exports).some((name) => name !== 'default')
