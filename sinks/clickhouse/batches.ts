/**
 * A batch closes at `count` items or `weight`, or `withinMs` after its first item, whatever is first. One that has `many` items by then goes on
 * until `manyWithinMs`.
 */
export type BatchLimits<T> = Readonly<{
  count: number
  weight: number
  weightOf: (item: T) => number
  withinMs: number
  many: number
  manyWithinMs: number
}>

/** Groups a pull source. An item that waits for no batch is not pulled: that is the back-pressure. */
export async function* batches<T>(items: AsyncIterable<T>, limits: BatchLimits<T>): AsyncGenerator<readonly T[]> {
  const source = items[Symbol.asyncIterator]()
  let pending: Promise<IteratorResult<T>> | undefined
  const pull = (): Promise<IteratorResult<T>> => {
    pending ??= source.next()
    return pending
  }
  try {
    for (;;) {
      const first = await pull()
      pending = undefined
      if (first.done) return
      const batch = [first.value]
      let weight = limits.weightOf(first.value)
      let ended = false
      using timers = new DisposableStack()
      let deadline = timers.use(after(limits.withinMs))
      let goesOn = true
      while (batch.length < limits.count && weight < limits.weight) {
        const next = await Promise.race([pull(), deadline.passed])
        if (next === 'passed') {
          if (!goesOn || batch.length < limits.many) break // the pull stays pending and opens the next batch
          goesOn = false
          deadline = timers.use(after(limits.manyWithinMs - limits.withinMs))
          continue
        }
        pending = undefined
        if (next.done) {
          ended = true
          break
        }
        batch.push(next.value)
        weight += limits.weightOf(next.value)
      }
      yield batch
      if (ended) return
    }
  } finally {
    pending?.catch(() => {}) // nobody waits for it any more
    await source.return?.()
  }
}

const after = (ms: number): Disposable & { readonly passed: Promise<'passed'> } => {
  const { promise, resolve } = Promise.withResolvers<'passed'>()
  const timer = setTimeout(resolve, ms, 'passed')
  return { passed: promise, [Symbol.dispose]: () => clearTimeout(timer) }
}
