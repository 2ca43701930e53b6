import type { Deployed } from '../../topology/project/catalogue.ts'

/** Derives something of a project once a deploy, not once a request. What was derived goes when the deploy is no longer in force. */
export const perDeploy = <T>(derive: (deployed: Deployed) => T): ((deployed: Deployed) => T) => {
  const known = new WeakMap<Deployed, { value: T }>()
  return (deployed) => {
    const found = known.get(deployed)
    if (found !== undefined) return found.value
    const value = derive(deployed)
    known.set(deployed, { value })
    return value
  }
}
