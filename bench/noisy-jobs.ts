/** Jobs that one message a second makes a nuisance, by kind. */
export const nuisances = {
  loop: 'fn(() => { for (;;); })',
  leak: 'fn(() => { const kept = []; for (;;) kept.push({ kept: [1, 2, 3] }) })',
  'leak of buffers': 'fn(() => { const kept = []; for (;;) kept.push(new Uint8Array(20_000_000).fill(1)) })',
  'log of 10 MB': `fn((state) => { const line = 'x'.repeat(1_000); for (let n = 0; n < 10_000; n++) console.log(line); return state })`,
} as const

export type Nuisance = keyof typeof nuisances
export const kinds = Object.keys(nuisances) as readonly Nuisance[]

/** So many jobs that behave. */
export const wellBehaved = 50

/** The name of the nuisance of a kind in a round: one that was never seen before, or the sandbox would know it already. */
export const nuisanceOf = (kind: Nuisance, round: number): string =>
  `${kind.toLowerCase().replaceAll(' ', '-')}-${round}`

/** The project: a message `{ to }` is for the job of that name. */
export const noisyProject = (rounds: number) => {
  const good = Array.from({ length: wellBehaved }, (_, n) => [`good-${n}`, { ...job, expression: increment }] as const)
  const bad = Array.from({ length: rounds }, (_, round) =>
    kinds.map((kind) => {
      const name = nuisanceOf(kind, round)
      return [name, { ...job, timeout: '2s', expression: `// ${name}\n${nuisances[kind]}` }] as const
    }),
  ).flat()
  const jobs = Object.fromEntries([...good, ...bad].map(([name, one]) => [name, { ...one, trigger: name }]))
  const triggers = Object.fromEntries(
    Object.keys(jobs).map((name) => [name, { type: 'message', filter: { to: name } }]),
  )
  return { name: 'bench', sources: { inbox: { type: 'webhook', id: source } }, triggers, jobs }
}

const job = { concurrency: 10, order: 'none' } as const
const increment = 'fn((state) => ({ n: state.data.n + 1 }))'

export const source = '018f2b1c-0000-7000-8000-00000000be09'
