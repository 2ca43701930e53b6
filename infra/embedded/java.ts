import { execFile } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import type { Tools } from '../config.ts'
import { StartProblem } from '../start-problem.ts'

/** A Java that the broker runs on. `banner` is what it says of itself: equal banners mean the same Java. */
export type Java = Readonly<{ command: string; version: number; banner: string }>

/** The first Java ≥ 17, JAVA_HOME before PATH. Throws a StartProblem with the remedy when there is none. */
export async function findJava(tools: Tools): Promise<Java> {
  const found: Java[] = []
  for (const command of programs('java', tools)) {
    const java = await askJava(command)
    if (java && java.version >= leastJava) return java
    if (java) found.push(java)
  }
  const instead = found.map(({ command, version }) => `Java ${version} at ${command}`).join(', ') || 'none'
  throw new StartProblem(
    `The built-in Kafka needs Java ${leastJava} or newer, and there is ${instead}: install one (Debian, Ubuntu: apt-get install openjdk-17-jre-headless; macOS: brew install openjdk@17), or point JAVA_HOME to one, or use your own Kafka with KAFKA_BROKERS=<host>:<port>.`,
  )
}

/** Where Maven is. Throws a StartProblem with the remedy when it is not there. */
export function findMaven(tools: Tools): string {
  const [command] = programs('mvn', { path: tools.path })
  if (command) return command
  throw new StartProblem(
    'The built-in Kafka is fetched with Maven the first time, and there is no mvn: install it (Debian, Ubuntu: apt-get install maven; macOS: brew install maven), or use your own Kafka with KAFKA_BROKERS=<host>:<port>.',
  )
}

const leastJava = 17

const programs = (name: string, { javaHome, path }: Tools): readonly string[] => {
  const dirs = [
    ...(javaHome ? [join(javaHome, 'bin')] : []),
    ...(path ?? '').split(delimiter).filter((dir) => dir !== ''),
  ]
  return dirs.map((dir) => join(dir, name)).filter(isProgram)
}

const isProgram = (file: string): boolean => {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** Undefined for a `java` that does not run, as the one that macOS has when there is none. */
const askJava = async (command: string): Promise<Java | undefined> => {
  try {
    const { stderr } = await promisify(execFile)(command, ['-version'], { timeout: 20_000 })
    const version = /version "(?:1\.)?(\d+)/.exec(stderr)?.[1]
    return version === undefined ? undefined : { command, version: Number(version), banner: stderr }
  } catch {
    return undefined
  }
}
