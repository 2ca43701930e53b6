import { expect, test } from 'vitest'
import { asked } from '../../../../../processors/runner/sandbox/asked.ts'

const { signal } = new AbortController()
const note = (): void => {}
const answer = asked(async ({ text }) => {
  const { url } = JSON.parse(text) as { url: string }
  if (url === 'http://broken/') throw new SyntaxError('a bug')
  return JSON.stringify({ status: 200, url })
})

test('a call that is JSON is answered, and what is thrown for it is thrown on', async () => {
  expect(await answer({ number: 1, note, text: '{"url":"http://a/"}' }, signal)).toBe(
    '{"status":200,"url":"http://a/"}',
  )
  await expect(answer({ number: 2, note, text: '{"url":"http://broken/"}' }, signal)).rejects.toThrow('a bug')
})

test.each(['', 'Bearer s3cret', '{"url":"http://a/?token=s3cret'])(
  'a call that is none is refused without a word of it: %j',
  async (text) => {
    const told = await answer({ number: 1, note, text }, signal)
    expect(JSON.parse(told)).toEqual({
      error: { code: 'INVALID_CALL', message: 'A request must leave its realm as JSON' },
    })
  },
)
