/** An array that is taken from the front without moving what is behind. */
export type Queue<T> = {
  readonly length: number
  /** The one that `shift` would take. */
  first(): T | undefined
  push(item: T): void
  shift(): T | undefined
  /** Puts items back to the front, in their order. */
  putBack(items: readonly T[]): void
}

export const openQueue = <T>(): Queue<T> => {
  let items: (T | undefined)[] = []
  let head = 0
  return {
    get length() {
      return items.length - head
    },
    first: () => items[head],
    push: (item) => void items.push(item),
    shift() {
      const item = items[head]
      items[head++] = undefined
      if (head >= items.length) {
        items = []
        head = 0
      }
      return item
    },
    putBack(back) {
      items = [...back, ...items.slice(head)]
      head = 0
    },
  }
}
