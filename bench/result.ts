/** What one bench found: a table of cells, and under what conditions. */
export type Result = Readonly<{ id: string; conditions: string; cells: Readonly<Record<string, number | string>> }>

/** Nearest rank. */
export const percentile = (values: readonly number[], p: number): number => {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil((p / 100) * sorted.length) - 1)] ?? Number.NaN
}

export const median = (values: readonly number[]): number => percentile(values, 50)
