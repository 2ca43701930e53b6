import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { constants, setPriority } from 'node:os'
import { basename, delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { killWithChildren } from './child.ts'
import type { Java } from './java.ts'
import { takeLock } from './lock.ts'

/**
 * Java's archive of loaded classes (AppCDS): with it a broker starts in half the time. It is for one Java and one place of the jars only,
 * so both are in its name.
 */
export type ClassArchive = Readonly<{
  /** Options of a JVM that uses the archive, and refuses to start if it cannot; or of one that writes down what belongs into it. */
  flags: readonly string[]
  /**
   * Makes the archive if there is none, from what a broker has loaded until now: 7 s of CPU time, in the background, behind everything
   * else. Never rejects: without it the broker works as well. Aborting leaves nothing running.
   */
  make(signal: AbortSignal): Promise<void>
  /** Throws it away: it may be damaged. */
  drop(): void
}>

export type ArchiveOptions = Readonly<{ cacheDir: string; java: Java; jars: readonly string[]; scratch: string }>

export function classArchive({ cacheDir, java, jars, scratch }: ArchiveOptions): ClassArchive {
  const key = createHash('sha256')
    .update([realpathSync(java.command), java.banner, ...jars].join('\n'))
    .digest('hex')
    .slice(0, 12)
  const file = join(cacheDir, `broker-${key}.jsa`)
  const loaded = join(scratch, 'classes')
  const used = existsSync(file)
  return {
    flags: used
      ? [`-XX:SharedArchiveFile=${file}`, '-XX:+VerifySharedSpaces', '-Xshare:on', ...quiet]
      : [`-XX:DumpLoadedClassList=${loaded}`],
    async make(signal) {
      if (used) return
      const lock = takeLock(`${file}.lock`)
      if (lock.kind === 'taken') return
      using _lock = lock
      try {
        await dump({ java, jars, classes: wholeLines(loaded), to: `${file}.new` }, signal)
        replaceOthers(file)
      } catch {
        rmSync(`${file}.new`, { force: true })
      }
    },
    drop: () => rmSync(file, { force: true }),
  }
}

type Dump = Readonly<{ java: Java; jars: readonly string[]; classes: string; to: string }>

const dump = async ({ java, jars, classes, to }: Dump, signal: AbortSignal): Promise<void> => {
  const what = [`-XX:SharedClassListFile=${classes}`, `-XX:SharedArchiveFile=${to}`, '-cp', jars.join(delimiter)]
  const args = ['-Xshare:dump', '-Xmx256m', '-XX:+UseSerialGC', ...quiet, ...what]
  const options = { signal, killSignal: 'SIGKILL', maxBuffer: Number.POSITIVE_INFINITY } as const
  const ended = promisify(execFile)(java.command, args, options)
  killWithChildren(ended.child)
  if (ended.child.pid) setPriority(ended.child.pid, constants.priority.PRIORITY_LOW)
  await ended
}

/** Java tells at length which classes it leaves out. */
const quiet = ['-Xlog:cds=off', '-Xlog:cds+dynamic=off', '-Xlog:class+path=off']

/** The broker goes on writing the list: its last line may be half a line. */
const wholeLines = (file: string): string => {
  const text = readFileSync(file, 'utf8')
  writeFileSync(`${file}.whole`, text.slice(0, text.lastIndexOf('\n') + 1))
  return `${file}.whole`
}

/** The file appears when it is whole; those of other Javas, whole or half, go: they are big. */
const replaceOthers = (file: string): void => {
  const dir = join(file, '..')
  for (const name of readdirSync(dir)) {
    if (/^broker-\w+\.jsa/.test(name) && !name.startsWith(basename(file))) rmSync(join(dir, name), { force: true })
  }
  renameSync(`${file}.new`, file)
}
