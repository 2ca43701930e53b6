// Makes node_modules what package-lock.json says, when it is not. Runs on any Node from 20 on, with nothing installed.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { takeTurn } from './turn.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))

const stopWith = (sentence) => {
  console.error(sentence)
  process.exit(1)
}

const read = (path) => {
  try {
    return readFileSync(join(root, path), 'utf8')
  } catch {
    return ''
  }
}

/** Lies there while npm is at work. What an interrupted npm leaves it takes for whole the next time, so it must be begun anew then. */
const mark = join(root, '.cache', 'installing')

/** npm writes down what it has installed when it is done: true when that is what the lock says, and is there. */
const isInstalled = () => {
  const installed = read('node_modules/.package-lock.json')
  if (installed === '' || existsSync(mark)) return false
  const have = JSON.parse(installed).packages
  const isHere = ([path, wanted]) =>
    have[path]
      ? have[path].version === wanted.version &&
        have[path].integrity === wanted.integrity &&
        existsSync(join(root, path, 'package.json'))
      : wanted.optional === true // of another platform
  const { '': _root, ...wanted } = JSON.parse(read('package-lock.json')).packages
  return Object.entries(wanted).every(isHere)
}

/** The Node that everything runs on comes with an install script, which npm can be set not to run. */
const hasNode = () => spawnSync(join(root, 'node_modules/.bin/node'), ['--version']).status === 0

/**
 * `npm ci` refuses a lock that lacks an optional package of some other platform, as ours may: not every registry has them all. What the
 * lock names is installed as it says here too.
 */
const install = () => {
  const began = Date.now()
  console.error('Installing packages (about 800 MB, once)')
  if (existsSync(mark)) rmSync(join(root, 'node_modules'), { recursive: true, force: true })
  writeFileSync(mark, '')
  const { status, error } = spawnSync('npm', ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  })
  if (error) stopWith(`npm could not be started (${error.code}): install npm, then start again.`)
  if (status !== 0) stopWith('The packages could not be installed: see what npm says above, mend it, and start again.')
  if (!hasNode()) {
    stopWith(
      'npm has not run the install scripts of packages: allow them (npm config delete ignore-scripts), remove node_modules, and start again.',
    )
  }
  rmSync(mark)
  console.error(`Packages installed in ${Math.round((Date.now() - began) / 1000)} s`)
}

const [major] = process.versions.node.split('.').map(Number)
if (major < 20)
  stopWith(
    `Penstock needs Node 20 or newer to begin with, and this is ${process.version}: install a newer one (https://nodejs.org).`,
  )
if (!isInstalled()) {
  mkdirSync(join(root, '.cache'), { recursive: true })
  const giveBack = takeTurn(join(root, '.cache', 'install.lock'), (holder) =>
    console.error(`Packages are being installed by process ${holder.split(' ')[0]}, waiting`),
  )
  try {
    if (!isInstalled()) install()
  } finally {
    giveBack()
  }
}
