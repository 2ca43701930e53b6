import { expect, test } from 'vitest'
import { parseDocument } from '../../../../topology/project/document.ts'
import { writeYaml } from '../../../../topology/project/write-yaml.ts'

const read = (text: string, format: 'json' | 'yaml') => {
  const parsed = parseDocument(text, format)
  return 'document' in parsed ? parsed.document.value : expect.fail(JSON.stringify(parsed))
}

test.each([
  '{"big":9007199254740993,"small":0.10000000000000000555,"huge":1e400,"minus":-1.50,"one":1,"zero":-0}',
  '{"texts":["yes","1","null","true","0x1f",".inf","~",""," a ","- b","a: b","#c","\\u2028","é",".5","2026-11-22","!tag","&a","*b","=","<<"]}',
  '{"code":"fn(state => {\\n  return state\\n})\\n","trailing":"a \\n\\n b\\n\\n","tabs":"\\ta\\n\\tb","cr":"a\\r\\nb"}',
  '{"<<":1,"__proto__":{"a":[]},"":{},"1":null,"null":[[],{}],"rawJSON":"1"}',
])('what is written as YAML is read as the same: %s', (json) => {
  const value = read(json, 'json')
  expect(JSON.stringify(read(writeYaml(value), 'yaml'))).toBe(JSON.stringify(value))
})

test('code stands in lines, and what comes twice is written twice', () => {
  const filter = { a: 1 }
  expect(writeYaml({ expression: 'fn(a)\nfn(b)\n', one: filter, two: filter })).toBe(
    'expression: |\n  fn(a)\n  fn(b)\none:\n  a: 1\ntwo:\n  a: 1\n',
  )
})
