import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type MetricSpec, metrics } from '../../../../topology/metrics.ts'

const root = resolve(import.meta.dirname, '../../../..')
const all = Object.entries<MetricSpec>(metrics)

describe('the list of metrics', () => {
  test('holds no name that nothing sets', () => {
    const code = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*.ts'], {
      cwd: root,
      encoding: 'utf8',
    })
      .split('\n')
      .filter(
        (path) => /^(topology|ingress|processors|sinks|console|infra)\//.test(path) && path !== 'topology/metrics.ts',
      )
      .map((path) => readFileSync(resolve(root, path), 'utf8'))
      .join('\n')
    const set = new Set([...code.matchAll(/\.(?:add|observe|ask)\(\s*'(penstock_\w+)'/g)].map(([, name]) => name))
    expect(all.map(([name]) => name).filter((name) => !set.has(name))).toEqual([])
  })

  test.each(all)("%s is named by Prometheus' conventions", (name, { type, help, labels, buckets }) => {
    expect(name).toMatch(/^penstock_[a-z]+(_[a-z]+)*$/)
    expect(name.endsWith('_total')).toBe(type === 'counter')
    expect(name).not.toMatch(/_(ms|milliseconds|minutes|hours|days|kb|mb|kilobytes|megabytes|percent)(_|$)/)
    if (type === 'histogram') expect(name).toMatch(/_(seconds|bytes|rows)$/)
    expect(help).toMatch(/^[A-Z].*[^.]$/)
    for (const label of labels) expect(label).toMatch(/^(?!le$)[a-z]+$/)
    for (const label of labels) expect(label).not.toMatch(/id$|^(message|run|key|trace|user|path|url)$/) // without a bound
    expect(buckets ?? []).toEqual([...new Set(buckets)].sort((a, b) => a - b))
  })

  test('is the table of the documentation', () => {
    const documented = readFileSync(resolve(root, 'infra/metrics/README.md'), 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('| `'))
    const rows = all.map(
      ([name, { type, help, labels }]) =>
        `| \`${name}\` | ${type} | ${labels.map((label) => `\`${label}\``).join(' ')} | ${help} |`,
    )
    expect(documented).toEqual(rows)
  })
})
