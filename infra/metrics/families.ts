/** The cells of one metric, one for each set of label values. */
export type Family<Cell> = Readonly<{
  /** Its cell, made when these labels come for the first time. A look-up a label: nothing is allocated, so it may be done for every message. */
  at(labels: Readonly<Record<string, string>>): Cell
  /** Every cell with its labels as text: `project="p",job="j"`. */
  all(): readonly (readonly [labels: string, cell: Cell])[]
}>

export const openFamily = <Cell>(names: readonly string[], make: () => Cell): Family<Cell> => {
  const cells: (readonly [string, Cell])[] = []
  const root: Node<Cell> = { cell: undefined, next: new Map() }

  const fill = (node: Node<Cell>, labels: Readonly<Record<string, string>>): Cell => {
    node.cell = make()
    cells.push([labelText(names, labels), node.cell])
    return node.cell
  }

  return {
    at(labels) {
      let node = root
      for (const name of names) {
        const value = labels[name] ?? ''
        let next = node.next.get(value)
        if (!next) {
          next = { cell: undefined, next: new Map() }
          node.next.set(value, next)
        }
        node = next
      }
      return node.cell ?? fill(node, labels)
    },
    all: () => cells,
  }
}

type Node<Cell> = { cell: Cell | undefined; readonly next: Map<string, Node<Cell>> }

/** Labels as both text formats write them. One without a value is the same as none, and is left out. */
export const labelText = (names: readonly string[], labels: Readonly<Record<string, string | number>>): string =>
  names
    .filter((name) => labels[name] !== undefined && labels[name] !== '')
    .map((name) => `${name}="${escaped(String(labels[name]))}"`)
    .join(',')

const escaped = (value: string): string =>
  value.toWellFormed().replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"')
