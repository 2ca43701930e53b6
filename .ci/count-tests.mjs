// Says which tests of vitest's JSON reports failed and why, then adds the reports up in its last line: a log that is read
// from its end shows at once what to mend. A report that is missing or empty is a failure.
import { readFileSync } from 'node:fs'
import { relative } from 'node:path'
import { stripVTControlCharacters } from 'node:util'

/** Lines of an error that are shown. */
const SHOWN = 12

function told(place, messages) {
  const lines = stripVTControlCharacters(messages.join('\n')).split('\n')
  const ours = lines.filter((line) => !line.includes('/node_modules/')).slice(0, SHOWN)
  console.log([`\nfailed: ${place}`, ...ours].join('\n    '))
}

function failuresOf(file) {
  const path = relative('.', file.name)
  const failures = file.assertionResults.filter((test) => test.status === 'failed')
  for (const test of failures) told(`${path} > ${test.fullName}`, test.failureMessages)
  if (file.status === 'failed' && failures.length === 0) told(path, [file.message])
}

let passed = 0
let failed = 0
for (const path of process.argv.slice(2)) {
  try {
    const report = JSON.parse(readFileSync(path, 'utf8'))
    report.testResults.forEach(failuresOf)
    passed += report.numPassedTests
    failed += report.numFailedTests + (report.success || report.numFailedTests > 0 ? 0 : 1)
  } catch (error) {
    console.error(`no test report: ${error.message}`)
    failed += 1
  }
}
console.log(`${passed} passed, ${failed} failed`)
process.exit(failed === 0 && passed > 0 ? 0 : 1)
