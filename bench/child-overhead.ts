import { type Compiled, compileJob } from '../processors/runner/language/compile.ts'
import { openJobHost } from '../processors/runner/sandbox/job-host.ts'
import { realmMaker } from '../processors/runner/sandbox/realm-host.ts'
import { realmScript } from '../processors/runner/sandbox/realm-script.ts'
import { event } from './event.ts'
import { percentile } from './result.ts'

// What the sandbox's child does with a run, without the pipe: one run after another, 1 KB in and back. Prints milliseconds.

const code = 'fn(state => ({ ...state, n: state.data.n + 1 }))'
const facts = { code, memoryMb: 128, console: true, logLimitBytes: 1_000_000 }
const compiled = compileJob(code)
if (compiled.kind === 'problem') throw new Error(compiled.message)

const open = async (job: Compiled) => {
  const realm = await realmMaker(await realmScript())(facts.memoryMb)
  await realm.load(job, facts)
  return realm
}

let ended: () => void = () => {}
const host = openJobHost({ job: facts, realm: open(compiled), send: () => ended(), onLeave: () => {} })
const call = (run: number): Promise<void> =>
  new Promise((resolve) => {
    ended = resolve
    host.add({ run, timeoutMs: 10_000, state: JSON.stringify({ data: event, references: [] }) })
  })

const calls = Number(process.argv[2])
const took: number[] = []
for (let run = 0; run < 2 * calls; run++) {
  const begun = performance.now()
  await call(run)
  if (run >= calls) took.push(performance.now() - begun)
}
host.dispose()
console.log(JSON.stringify({ p50: percentile(took, 50), p99: percentile(took, 99) }))
