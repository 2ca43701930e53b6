import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { brokerJars } from '../../../../infra/embedded/broker-jars.ts'
import { findJava, findMaven } from '../../../../infra/embedded/java.ts'
import { StartProblem } from '../../../../infra/start-problem.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'penstock-tools-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

test('without Java one sentence says what is needed and how to get it', async () => {
  const missing = findJava({ path: dir })
  await expect(missing).rejects.toThrow(StartProblem)
  await expect(missing).rejects.toThrow(
    /^The built-in Kafka needs Java 17 or newer, and there is none: install one \(.*\), or .*KAFKA_BROKERS.*\.$/,
  )
})

test.each([
  ['1.8.0_292', 8],
  ['11.0.2', 11],
])('a Java %s is told to be too old', async (version, major) => {
  const java = program('java', `echo 'openjdk version "${version}" 2021-04-20' >&2`)
  await expect(findJava({ path: dir })).rejects.toThrow(`there is Java ${major} at ${java}:`)
})

test('a java that does not run is none', async () => {
  program('java', 'echo "Unable to locate a Java Runtime" >&2; exit 1')
  await expect(findJava({ path: dir })).rejects.toThrow('there is none')
})

test('JAVA_HOME comes before PATH, and one that is too old is passed over', async () => {
  const home = join(dir, 'home')
  mkdirSync(join(home, 'bin'), { recursive: true })
  program('home/bin/java', `echo 'openjdk version "25" 2025-09-16' >&2`)
  program('java', `echo 'openjdk version "17.0.15" 2025-04-15' >&2`)
  expect(await findJava({ path: dir, javaHome: home })).toMatchObject({ version: 25 })
  program('home/bin/java', `echo 'openjdk version "11.0.2" 2019-01-15' >&2`)
  expect(await findJava({ path: dir, javaHome: home })).toMatchObject({ version: 17, command: join(dir, 'java') })
})

test('without Maven one sentence says what is needed and how to get it', () => {
  expect(() => findMaven({ path: dir })).toThrow(StartProblem)
  expect(() => findMaven({ path: dir })).toThrow(
    /^The built-in Kafka is fetched with Maven the first time, and there is no mvn: install it \(.*\), or .*KAFKA_BROKERS.*\.$/,
  )
})

test('jars that are in the cache need no Maven', async () => {
  const cacheDir = join(dir, 'cache')
  mkdirSync(join(cacheDir, 'kafka-4.3.1'), { recursive: true })
  writeFileSync(join(cacheDir, 'kafka-4.3.1', 'kafka.jar'), '')
  const jars = await brokerJars({ cacheDir, tools: { path: dir }, onProgress: () => {} })
  expect(jars).toEqual([join(cacheDir, 'kafka-4.3.1', 'kafka.jar')])
})

test('a fetch that fails is told in one sentence and leaves nothing that looks fetched', async () => {
  program('mvn', fetching(dir, `echo '[ERROR] Could not transfer artifact: no route'; exit 1`))
  await expect(fetch()).rejects.toThrow(
    /^Kafka 4\.3\.1 could not be fetched from Maven Central \(Could not transfer artifact: no route\): check .*\.$/,
  )
  program('mvn', fetching(dir, 'exit 0'))
  expect(await fetch()).toHaveLength(1)
})

test('two that need the jars at once fetch them once', async () => {
  program('mvn', fetching(dir, 'exit 0'))
  const [first, second] = await Promise.all([fetch(), fetch()])
  expect(first).toEqual(second)
  expect(readFileSync(join(dir, 'fetches'), 'utf8')).toBe('fetch\n')
  expect(existsSync(join(dir, 'cache', 'kafka-4.3.1.lock'))).toBe(false)
})

test('progress is told every ten files', async () => {
  const line = '[INFO] Downloaded from central: a/b.jar (3 kB at 1 MB/s)'
  program('mvn', fetching(dir, `for i in 1 2 3 4 5 6 7 8 9 10 11; do echo '${line}'; done`))
  const told: string[] = []
  await brokerJars({ cacheDir: join(dir, 'cache'), tools, onProgress: (text) => told.push(text) })
  expect(told).toEqual(['Kafka 4.3.1 is fetched from Maven Central (44 MB, once)', 'Kafka 4.3.1: 10 files fetched'])
})

const tools = {
  get path() {
    return `${dir}:/usr/bin:/bin`
  },
}

const fetch = () => brokerJars({ cacheDir: join(dir, 'cache'), tools, onProgress: () => {} })

/** An mvn that puts one jar where it is told to, and then ends as it is told to. */
const fetching = (place: string, end: string): string => `
echo fetch >> ${place}/fetches
for arg; do case $arg in -DoutputDirectory=*) out=\${arg#*=} ;; esac; done
mkdir -p "$out"; echo jar > "$out/kafka.jar"
${end}`

const program = (name: string, script: string): string => {
  const file = join(dir, name)
  writeFileSync(file, `#!/bin/sh\n${script}\n`, { mode: 0o755 })
  return file
}
