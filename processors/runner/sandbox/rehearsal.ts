import { compileJob } from '../language/compile.ts'
import { openJobHost } from './job-host.ts'
import type { JobToRun } from './messages.ts'
import type { JobToLoad, Realm } from './realm-host.ts'

/** Takes a run that nobody waits for through the whole process, so that V8 has compiled what the first one will need. */
export const rehearse = async (make: (memoryMb: number) => Promise<Realm>): Promise<void> => {
  const compiled = compileJob(job.code)
  if (compiled.kind === 'problem') throw new Error(compiled.message)
  const realm = make(job.memoryMb).then(async (made) => {
    await made.load(compiled, job)
    return made
  })
  await realm
  const ended = Promise.withResolvers<string>()
  const host = openJobHost({ job, realm, send: ended.resolve, onLeave: () => {}, onStuck: () => {} })
  host.add({ run: 0, timeoutMs: 60_000, state: '{"data":{},"references":[]}' })
  await ended.promise
  host.dispose()
}

const job: JobToRun & JobToLoad = {
  code: `const parts = []
fn(({ data, ...state }) => {
  for (const [name, value] of Object.entries(data ?? {})) parts.push(\`\${name}: \${value}\`)
  return { ...state, data: { parts, first: parts[0] || null } }
})
fn(async (state) => state)`,
  adaptor: 'common',
  bundle: null,
  memoryMb: 128,
  console: true,
  logLimitBytes: 1_000,
}
