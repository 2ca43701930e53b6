import { expect, test } from 'vitest'
import { cookiesOf } from '../../../../../../processors/runner/language/http/cookies.ts'
import { URL } from '../../../../../../processors/runner/language/web/url.ts'
import { runHost } from '../../../../../fixtures/run-host.ts'

const from = 'https://app.example.org/a/login'

test.each([
  ['n=v', 'https://app.example.org/a/other', true],
  ['n=v', 'https://app.example.org/a', true],
  ['n=v', 'https://app.example.org/ab', false],
  ['n=v; Path=/', 'https://app.example.org/b', true],
  ['n=v', 'https://sub.app.example.org/a/', false],
  ['n=v; Path=/; Domain=.example.org', 'https://sub.example.org/', true],
  ['n=v; Path=/; Domain=example.org', 'https://badexample.org/', false],
  ['n=v; Path=/; Domain=elsewhere.org', 'https://elsewhere.org/', false],
  ['n=v; Path=/; Domain=org', 'https://other.org/', false],
  ['n=v; Path=/; Secure', 'http://app.example.org/', false],
  ['n=v; Path=/; Secure', 'https://app.example.org/', true],
  ['n=v; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT', 'https://app.example.org/', false],
  ['=v', 'https://app.example.org/a/', false],
])('the cookie %j goes to %s: %s', (line, to, goes) => {
  const cookies = cookiesOf(runHost())
  cookies.keep(new URL(from), [line])
  expect(cookies.headerFor(new URL(to))).toBe(goes ? 'n=v' : null)
})

test('a newer cookie of the same name and place takes the place of the older', () => {
  const cookies = cookiesOf(runHost())
  cookies.keep(new URL(from), ['n=1; Path=/', 'n=2; Path=/a', 'n=3; Path=/'])
  expect(cookies.headerFor(new URL(from))).toBe('n=2; n=3')
})
