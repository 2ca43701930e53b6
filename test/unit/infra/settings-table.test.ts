import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { settingsTable } from '../../../infra/config.ts'

test('the table of settings in the documentation is that of the code', () => {
  const documented = readFileSync(new URL('../../../infra/README.md', import.meta.url), 'utf8')
    .split('\n')
    .filter((line) => /^\| `[A-Z]/.test(line))
  const rows = settingsTable.map(
    (setting) =>
      `| \`${setting.name}\`${setting.file ? ' (`…_FILE`)' : ''} | ${setting.default} | ${setting.meaning} |`,
  )
  expect(documented).toEqual(rows)
})
