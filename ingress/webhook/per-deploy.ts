import type { Deployed } from '../../topology/project/catalogue.ts'

/** Derives something of a project once a deploy, not once a request. What was derived goes when the deploy is no longer in force. */
export const perDeploy = <T>(derive: (deployed: Deployed) => T): ((deployed: Deployed) => T) => {
  const known = new WeakMap<Deployed, { value: T }>()
  return (deployed) => {
    const found = known.get(deployed) ?? { value: derive(deployed) }
    known.set(deployed, found)
    return found.value
  }
}
