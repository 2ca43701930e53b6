/** How long and how often a bench measures. `short` is a first look of seconds, not for figures in docs. */
export type Conditions = Readonly<{ short: boolean; warmUpSeconds: number; seconds: number; rounds: number }>

/** A bench by its name in the targets; `run` starts all that it needs, measures, and leaves nothing behind. */
export type Bench = Readonly<{ id: string; run: (conditions: Conditions) => Promise<Result> }>

/**
 * What one bench found, and under what conditions. The keys of `cells` are read by people, and by `targets.ts` and `--compare`, which look
 * for the same words. `notes` are facts beside the figures: which process used how much, what lost.
 */
export type Result = Readonly<{
  id: string
  conditions: string
  cells: Readonly<Record<string, Cell>>
  notes?: Readonly<Record<string, string>>
}>

/** A median with the least and the greatest of its rounds; the unit as one reads it: `ms`, `/s`, `/CPU-s`, `GB`, `×` for a ratio. */
export type Cell = Readonly<{ value: number; unit: string; spread: readonly [number, number] }>

/** The cell of one figure a round: for rates, ratios, and percentiles that were taken within a round. */
export const cellOf = (rounds: readonly number[], unit: string): Cell => ({
  value: median(rounds),
  unit,
  spread: [Math.min(...rounds), Math.max(...rounds)],
})

/** Measures one round after another. */
export const inRounds = async <T>(rounds: number, measure: () => Promise<T>): Promise<readonly T[]> => {
  const measured: T[] = []
  for (let round = 0; round < rounds; round++) measured.push(await measure())
  return measured
}

/** Nearest rank. */
export const percentile = (values: readonly number[], p: number): number => {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil((p / 100) * sorted.length) - 1)] ?? Number.NaN
}

export const median = (values: readonly number[]): number => percentile(values, 50)
