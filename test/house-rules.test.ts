import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, relative, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'

const root = resolve(import.meta.dirname, '..')
const rooms = ['topology', 'ingress', 'processors', 'sinks', 'console', 'infra', 'bin', 'bench', 'test']

/** All TypeScript that git tracks or would track: its text, the same without comments, and what it imports. */
const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*.ts', '*.mjs'], {
  cwd: root,
  encoding: 'utf8',
})
  .split('\n')
  .filter((path) => path !== '')
  .map((path) => {
    const text = readFileSync(resolve(root, path), 'utf8')
    return {
      path,
      text,
      code: text.replace(/\/\*[\s\S]*?\*\/|(?<!:)\/\/.*$/gm, ''),
      room: path.split('/')[0] ?? '',
      imports: importsOf(path, text),
    }
  })
const source = files.filter(({ room }) => room !== 'test' && room !== 'bench' && rooms.includes(room))

function importsOf(path: string, text: string): readonly string[] {
  const named = [
    ...text.matchAll(
      /(?:^|\n)\s*(?:import|export)\b[^'"\n;]*?(?:[^'"\n]*\n)*?[^'"\n]*?from '([^']+)'|import\(\s*'([^']+)'\s*\)/g,
    ),
  ]
  return named.map((match) => {
    const target = match[1] ?? match[2] ?? ''
    return target.startsWith('.') ? relative(root, resolve(root, dirname(path), target)) : target
  })
}

const isDoor = (path: string): boolean =>
  path.endsWith('/main.ts') || path === 'infra/up.ts' || path === 'infra/provision.ts'
const broken = (rule: (file: (typeof source)[number]) => readonly string[]): readonly string[] =>
  source.flatMap((file) => rule(file).map((what) => `${file.path}: ${what}`))

describe('house rules', () => {
  test('every room imports only what it may', () => {
    const may: Record<string, (target: string) => boolean> = {
      topology: (to) => to.startsWith('topology/'),
      ingress: (to) => to.startsWith('topology/') || to.startsWith('ingress/'),
      processors: (to) => to.startsWith('topology/') || to.startsWith('processors/'),
      sinks: (to) => to.startsWith('topology/') || to.startsWith('sinks/'),
      console: (to) => to.startsWith('topology/') || to.startsWith('console/') || /^sinks\/[^/]+\/read\//.test(to),
      infra: (to) => to.startsWith('topology/') || to.startsWith('infra/') || to === 'package.json',
      bin: (to) => to.startsWith('bin/'),
    }
    expect(
      broken(({ path, room, imports }) =>
        isDoor(path) ? [] : imports.filter((to) => rooms.includes(to.split('/')[0] ?? '') && !may[room]?.(to)),
      ),
    ).toEqual([])
  })

  test('rooms beside each other do not know each other', () => {
    expect(
      broken(({ path, imports }) => {
        const [room, part] = path.split('/')
        if (isDoor(path) || (room !== 'ingress' && room !== 'processors' && room !== 'sinks')) return []
        return imports.filter((to) => to.startsWith(`${room}/`) && to.split('/')[1] !== part)
      }),
    ).toEqual([])
  })

  test('nobody imports a door', () => {
    expect(broken(({ imports }) => imports.filter(isDoor))).toEqual([])
  })

  test('each library has one owner', () => {
    const owners: Record<string, RegExp> = {
      '@platformatic/kafka': /^infra\/kafka\//,
      '@clickhouse/client': /^infra\/clickhouse\//,
      chdb: /^infra\/embedded\//,
      fastify: /^infra\/http\//,
      'prom-client': /^infra\/metrics\//,
      pino: /^infra\/log\.ts$/,
      'pino-pretty': /^infra\/log\.ts$/,
      'isolated-vm': /^processors\/runner\/sandbox\//,
      '@noble/hashes': /^processors\/runner\/(sandbox\/realm|adaptors\/upstream)\//,
      ses: /^processors\/runner\//,
      esbuild: /^processors\/runner\//,
      undici: /^processors\/runner\/egress\//,
      pg: /^processors\/runner\/egress\/postgresql\//,
      acorn: /^processors\/runner\/language\//,
      yaml: /^topology\/project\//,
      typebox: /^(topology|console|ingress\/webhook|infra\/http)\//,
      'fastest-levenshtein': /^(topology\/project|processors\/runner\/language)\//,
      'date-fns': /^processors\/runner\/language\/functions\//,
      'jsonpath-plus': /^(ingress\/webhook|topology|processors\/runner\/language)\//,
      buffer: /^processors\/runner\/language\/web\//,
      'whatwg-url-minimum': /^processors\/runner\/language\/web\//,
    }
    expect(
      broken(({ path, imports }) =>
        imports.filter((to) => {
          if (to.startsWith('node:') || rooms.includes(to.split('/')[0] ?? '') || to === 'package.json') return false
          const name = to.startsWith('@') ? to.split('/').slice(0, 2).join('/') : (to.split('/')[0] ?? '')
          return !owners[name]?.test(path)
        }),
      ),
    ).toEqual([])
  })

  test('the environment is read in one place', () => {
    expect(
      broken(({ path, text, room }) =>
        room === 'bin' || path === 'infra/config.ts'
          ? []
          : [...text.matchAll(/process\.env/g)].map(() => 'process.env'),
      ),
    ).toEqual([])
  })

  test('topic names are spelled in topology/topics.ts only', () => {
    const spelled = /['"`](penstock\.)?(dead-letters|definitions|intake\.\$|job\.\$)['"`{]/g
    expect(
      broken(({ path, code }) =>
        path === 'topology/topics.ts' ? [] : [...code.matchAll(spelled)].map(([found]) => found),
      ),
    ).toEqual([])
  })

  test('table names are spelled in sinks/ only', () => {
    const sql = /\b(FROM|INTO|TABLE|VIEW) (messages|matches|runs|logs|dead_letters)\b/g
    expect(
      broken(({ code, room }) => (room === 'sinks' ? [] : [...code.matchAll(sql)].map(([found]) => found))),
    ).toEqual([])
  })

  test('no file is a bag, none is too long, none has a default export', () => {
    const bags = /^(utils?|common|helpers?|lib|misc|shared|managers?|interfaces?|types|index)\.ts$/
    expect(
      broken(({ path, text }) => [
        ...(bags.test(path.split('/').at(-1) ?? '') ? ['is named like a bag'] : []),
        ...(text.split('\n').length > 301 ? [`has ${text.split('\n').length} lines`] : []),
        ...(/^export default\b/m.test(text) ? ['has a default export'] : []),
      ]),
    ).toEqual([])
  })

  test('nothing is left undone and no type is given up', () => {
    const undone = /\b(TODO|FIXME|XXX|HACK)\b|@ts-(ignore|nocheck|expect-error)/g
    const givenUp = /\bas any\b|: any\b|\bdebugger\b/g
    expect(
      broken(({ text, code }) => [...text.matchAll(undone), ...code.matchAll(givenUp)].map(([found]) => found)),
    ).toEqual([])
  })

  test('no test is skipped or left alone', () => {
    const left = /\b(test|it|describe)\.(skip|only|todo)\b/g
    const found = files
      .filter(({ room, path }) => room === 'test' && !path.endsWith('house-rules.test.ts'))
      .flatMap(({ path, text }) => [...text.matchAll(left)].map(([sign]) => `${path}: ${sign}`))
    expect(found).toEqual([])
  })

  test('every link within the documentation leads somewhere', () => {
    const documents = execFileSync('git', ['ls-files', '*.md'], { cwd: root, encoding: 'utf8' }).trim().split('\n')
    const dead = documents.flatMap((path) =>
      [...readFileSync(resolve(root, path), 'utf8').matchAll(/\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)/g)]
        .map(([, target = '']) => target)
        .filter((target) => !existsSync(resolve(root, dirname(path), target)))
        .map((target) => `${path}: ${target}`),
    )
    expect(dead).toEqual([])
  })

  test('every dependency is pinned', () => {
    const { dependencies, devDependencies } = JSON.parse(readFileSync(resolve(root, 'package.json'), 'utf8')) as Record<
      string,
      Record<string, string>
    >
    const loose = Object.entries({ ...dependencies, ...devDependencies }).filter(([, version]) => !/^\d/.test(version))
    expect(loose).toEqual([])
  })
})
