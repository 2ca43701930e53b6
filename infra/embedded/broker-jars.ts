import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Tools } from '../config.ts'
import { StartProblem } from '../start-problem.ts'
import { killWithChildren } from './child.ts'
import { findMaven } from './java.ts'
import { takeLock } from './lock.ts'

export const kafkaVersion = '4.3.1'

export type JarOptions = Readonly<{
  /** Shared by all instances of this clone; what is in it can be thrown away at any time. */
  cacheDir: string
  tools: Tools
  /** Told what goes on, one short sentence at a time. */
  onProgress: (text: string) => void
}>

/** Kafka's jars, in the order of the class path; fetched from Maven Central when they are not in the cache. Several may ask at once. */
export async function brokerJars(options: JarOptions): Promise<readonly string[]> {
  const dir = join(options.cacheDir, `kafka-${kafkaVersion}`)
  if (jarsIn(dir).length === 0) await fetchOnce(dir, options)
  return jarsIn(dir)
}

/** One fetches, the others wait for it. The directory appears when it is whole. */
const fetchOnce = async (dir: string, options: JarOptions): Promise<void> => {
  mkdirSync(options.cacheDir, { recursive: true })
  for (let told = false; ; told = true) {
    const lock = takeLock(`${dir}.lock`)
    if (lock.kind === 'held') {
      using _lock = lock
      if (jarsIn(dir).length > 0) return
      const unfinished = `${dir}.new`
      rmSync(unfinished, { recursive: true, force: true })
      await copyDependencies(unfinished, options)
      renameSync(unfinished, dir)
      return
    }
    if (!told) options.onProgress(`Kafka ${kafkaVersion} is being fetched by process ${lock.by.pid}, waiting`)
    await sleep(200)
  }
}

const copyDependencies = async (to: string, { tools, onProgress }: JarOptions): Promise<void> => {
  const command = findMaven(tools)
  onProgress(`Kafka ${kafkaVersion} is fetched from Maven Central (44 MB, once)`)
  const pom = fileURLToPath(new URL('kafka/pom.xml', import.meta.url))
  const goal = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies'
  const args = ['-B', '-C', '-f', pom, goal, `-DoutputDirectory=${to}`, '-DincludeScope=runtime']
  const maven = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  killWithChildren(maven)
  const complaints: string[] = []
  let fetched = 0
  for (const stream of [maven.stdout, maven.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      if (/Downloaded from .*\.jar\b/.test(line)) {
        if (++fetched % 10 === 0) onProgress(`Kafka ${kafkaVersion}: ${fetched} files fetched`)
      } else if (/ERROR/.test(line)) complaints.push(stripCodes(line).replace(/^\[ERROR\]\s*/, ''))
    })
  }
  const [code] = (await once(maven, 'close')) as [number | null]
  if (code === 0 && jarsIn(to).length > 0) return
  throw new StartProblem(
    `Kafka ${kafkaVersion} could not be fetched from Maven Central (${complaints[0]?.slice(0, 300) ?? `mvn ended with ${code}`}): check the network and Maven's settings, then start again.`,
  )
}

const jarsIn = (dir: string): readonly string[] => {
  try {
    const names = readdirSync(dir).filter((name) => name.endsWith('.jar'))
    return names.sort().map((name) => join(dir, name))
  } catch {
    return []
  }
}

const stripCodes = (line: string): string =>
  line.replaceAll(new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, 'g'), '')
