import { createHash } from 'node:crypto'
import { copyFileSync, existsSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Java } from './java.ts'

/**
 * Java's archive of loaded classes (AppCDS): a broker that starts from it needs a third of the CPU time. The first broker writes it when it
 * stops; it is for one Java and one place of the jars only, so both are in its name.
 */
export type ClassArchive = Readonly<{
  /** Options of a JVM that uses the archive, and refuses to start if it cannot; or of one that will write it when it ends. */
  flags: readonly string[]
  /** True when there is one to use. */
  used: boolean
  /** Puts into the cache what the broker wrote when it ended; a half written one (the broker was killed) is not kept. */
  keep(endedWell: boolean): void
  /** Throws it away: it may be damaged. */
  drop(): void
}>

export function classArchive(
  options: Readonly<{ cacheDir: string; java: Java; jars: readonly string[]; scratch: string }>,
): ClassArchive {
  const { cacheDir, java, jars, scratch } = options
  const key = createHash('sha256')
    .update([java.command, java.banner, ...jars].join('\n'))
    .digest('hex')
    .slice(0, 12)
  const file = join(cacheDir, `broker-${key}.jsa`)
  const written = join(scratch, 'broker.jsa')
  const used = existsSync(file)
  return {
    used,
    flags: used
      ? [`-XX:SharedArchiveFile=${file}`, '-XX:+VerifySharedSpaces', '-Xshare:on', ...quiet]
      : [`-XX:ArchiveClassesAtExit=${written}`, ...quiet],
    keep(endedWell) {
      if (used || !existsSync(written)) return
      if (endedWell && !existsSync(file)) publish(written, file)
      rmSync(written, { force: true })
    },
    drop: () => rmSync(file, { force: true }),
  }
}

/** Java tells at length which classes it leaves out, and why it ignores an archive; it works either way. */
const quiet = ['-Xlog:cds=off', '-Xlog:cds+dynamic=off', '-Xlog:class+path=off']

/** Others may be reading the cache: the file appears whole. Archives of other Javas are older than this one, and big. */
const publish = (from: string, to: string): void => {
  const cacheDir = join(to, '..')
  const whole = `${to}.${process.pid}.new`
  copyFileSync(from, whole)
  for (const name of readdirSync(cacheDir))
    if (/^broker-\w+\.jsa$/.test(name)) rmSync(join(cacheDir, name), { force: true })
  renameSync(whole, to)
}
