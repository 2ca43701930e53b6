/**
 * Derives something of a project once a deploy, not once a request or a record: `of` is what a deploy makes anew. What was derived goes when the
 * deploy is no longer in force.
 */
export const perDeploy = <Of extends object, T>(derive: (of: Of) => T): ((of: Of) => T) => {
  const known = new WeakMap<Of, { value: T }>()
  return (of) => {
    const found = known.get(of)
    if (found !== undefined) return found.value
    const value = derive(of)
    known.set(of, { value })
    return value
  }
}
