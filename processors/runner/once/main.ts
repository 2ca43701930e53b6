import { writeFileSync } from 'node:fs'
import { npmAdaptorsIn } from '../../../infra/adaptors/npm.ts'
import { readOwnConfig } from '../../../infra/config.ts'
import { StartProblem } from '../../../infra/start-problem.ts'
import packageJson from '../../../package.json' with { type: 'json' }
import type { Adaptor } from '../../../topology/project/adaptors.ts'
import type { LogLine } from '../../../topology/words/run.ts'
import { oneAdaptor } from '../adaptors/upstream/find.ts'
import { inputIn, jobIn, UsageProblem, type Wanted, wantedIn } from './arguments.ts'
import { watchFiles } from './changes.ts'
import { type JobOnce, openWorkbench, type Ran, type Workbench } from './run-once.ts'
import { endText, logText, stateText, wholeText } from './told.ts'

const usage = `Usage: penstock run [options] job.js

  Runs a job in the sandbox in which a server would run it. The log goes to standard error, the final state to standard output.

  -s, --state FILE        the initial state, as JSON; - is standard input (default: {})
  -a, --adaptor NAME      what the job is written against (default: common)
  -c, --credential FILE   what the job sees as state.configuration: a JSON object. What is secret in it comes out as ***
  -o, --output FILE       where the final state goes instead; it is empty when the run leaves none
      --json              prints all that is known of the run instead of the state: status, error, log, calls, final_state
  -w, --watch             runs again when one of the files changes
  -t, --timeout TIME      how long the job may take (100s; at most 20m)
  -m, --memory MB         how much memory it may have (128)
      --test-mode         its HTTP calls are told and answered 200, and none is made
  -h, --help              this

  It is your machine, so the job may call servers on it and in its private network, too. A project's own jobs may call
  only what the project allows (egress).

  Exit code, of the run: 0 success, 1 failed or crashed, 2 over its time, 4 killed for what it made, 134 out of memory.
  What is wrong with these arguments or files is said in a sentence, with exit code 2, and nothing is run.
`

/** All that a run needs, as the files are now; the file of its final state is empty then. */
const taskIn = async (wanted: Wanted) => {
  const task = { job: jobIn(wanted), ...inputIn(wanted), onLines: wanted.json ? () => {} : printLog }
  if (wanted.output !== null) write(wanted.output, '') // before the job has effects
  return { ...task, job: { ...task.job, ...(await adaptorNamed(wanted.adaptor)) } }
}

const adaptorNamed = async (name: Adaptor): Promise<Pick<JobOnce, 'adaptor' | 'bundle'>> => {
  const found = await oneAdaptor(name, () => npmAdaptorsIn(readOwnConfig().DATA_DIR))
  if ('problem' in found) throw new UsageProblem(found.problem)
  return found
}

const write = (file: string, text: string): void => {
  try {
    writeFileSync(file, text)
  } catch (error) {
    throw new UsageProblem(`${file} cannot be written: ${(error as Error).message}`)
  }
}

const printLog = (lines: readonly LogLine[]): void => {
  process.stderr.write(logText(lines))
}

const tell = (ran: Ran, { json, output, file, code }: Wanted & Readonly<{ code: string }>): void => {
  const made = json ? wholeText(ran) : stateText(ran.outcome)
  if (output === null) process.stdout.write(made)
  else write(output, made)
  if (!json) process.stderr.write(endText(ran, { file, code }))
}

/** Runs the job each time a file changes, until the process is ended. What is still running then is cut off. */
const runAgainAndAgain = async (bench: Workbench, wanted: Wanted): Promise<never> => {
  using changes = watchFiles([wanted.file, wanted.state, wanted.credential].filter((file) => file !== null))
  for (;;) {
    const cut = new AbortController()
    const run = async (): Promise<void> => {
      const task = await taskIn(wanted)
      tell(await bench.run(task, cut.signal), { ...wanted, code: task.job.code })
    }
    const running = run().catch((error: unknown) => {
      if (!cut.signal.aborted) fail(error)
    })
    await changes.next()
    cut.abort()
    await running
    process.stderr.write('\n')
  }
}

/** Says what is wrong with what was asked for; anything else is thrown. */
const fail = (error: unknown): number => {
  if (!(error instanceof UsageProblem || error instanceof StartProblem)) throw error
  process.stderr.write(`penstock: ${error.message}\n`)
  return 2
}

const main = async (args: readonly string[]): Promise<number> => {
  const wanted = wantedIn(args)
  if (wanted.help) {
    process.stdout.write(usage)
    return 0
  }
  const task = wanted.watch ? undefined : await taskIn(wanted)
  await using bench = await openWorkbench(packageJson)
  if (!task) return await runAgainAndAgain(bench, wanted)
  const ran = await bench.run(task, new AbortController().signal)
  tell(ran, { ...wanted, code: task.job.code })
  return ran.outcome.exitCode ?? 0
}

for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {}) // whoever read it has what he wanted
process.exitCode = await main(process.argv.slice(2)).catch(fail)
