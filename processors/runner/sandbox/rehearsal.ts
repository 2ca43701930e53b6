import { compileJob } from '../language/compile.ts'
import { openJobHost } from './job-host.ts'
import type { JobToLoad, Realm } from './realm-host.ts'

/** Takes a run that nobody waits for through the whole process, so that V8 has compiled what the first one will need. */
export const rehearse = async (make: (memoryMb: number) => Promise<Realm>): Promise<void> => {
  const compiled = compileJob(code)
  if (compiled.kind === 'problem') throw new Error(compiled.message)
  const realm = make(memoryMb).then(async (made) => {
    await made.load(compiled, job)
    return made
  })
  await realm
  const ended = Promise.withResolvers<string>()
  const host = openJobHost({ memoryMb, realm, send: ended.resolve, onLeave: () => {}, onStuck: () => {} })
  host.add({ run: 0, timeoutMs: 60_000, state: '{"data":{},"references":[]}' })
  await ended.promise
  host.dispose()
}

const job: JobToLoad = { adaptor: 'common', bundle: null, console: true, logLimitBytes: 1_000 }
const memoryMb = 128

const code = `const parts = []
fn(({ data, ...state }) => {
  for (const [name, value] of Object.entries(data ?? {})) parts.push(\`\${name}: \${value}\`)
  return { ...state, data: { parts, first: parts[0] || null } }
})
fn(async (state) => state)`
