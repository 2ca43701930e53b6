import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { framesOver } from '../../../../../processors/runner/sandbox/frames.ts'
import {
  callsText,
  parseFromChild,
  parseToChild,
  toChildText,
} from '../../../../../processors/runner/sandbox/messages.ts'

test('texts come out as they went in, whatever they hold', async () => {
  await using pipe = await openPipe()
  const sent = ['', 'a', '\n\0é患\u{1f600}', 'x'.repeat(300_000), ...Array.from({ length: 500 }, (_, n) => String(n))]
  const got: string[] = []
  const all = Promise.withResolvers<void>()
  framesOver(pipe.right, {
    onText: (text) => {
      if (got.push(text) === sent.length) all.resolve()
    },
    onEnd: all.reject,
    maxBytes: 1_000_000,
  })
  const { send } = framesOver(pipe.left, { onText: () => {}, onEnd: () => {}, maxBytes: 1 })
  for (const text of sent) send(text)
  await all.promise
  expect(got).toEqual(sent)
})

test('a frame that is too large ends the pipe with an error', async () => {
  await using pipe = await openPipe()
  const ended = Promise.withResolvers<Error | undefined>()
  framesOver(pipe.right, { onText: () => {}, onEnd: ended.resolve, maxBytes: 10 })
  framesOver(pipe.left, { onText: () => {}, onEnd: () => {}, maxBytes: 10 }).send('x'.repeat(11))
  expect((await ended.promise)?.message).toBe('a frame of 11 bytes; 10 are allowed')
})

test('messages to a child are read as they were written', () => {
  const number = fc.nat()
  const message = fc.oneof(
    fc.record({ kind: fc.constant('realm' as const), script: fc.string() }),
    fc.record({ kind: fc.constant('adaptor' as const), bundle: fc.json() }),
    fc.record({ kind: fc.constant('job' as const), job: number, facts: fc.string() }),
    fc.record({ kind: fc.constant('run' as const), run: number, job: number, timeoutMs: number, state: fc.json() }),
    fc.record({ kind: fc.constant('answer' as const), run: number, call: number, text: fc.json() }),
    fc.record({ kind: fc.constant('cut' as const), run: number }),
  )
  fc.assert(
    fc.property(message, (one) => {
      expect(parseToChild(toChildText(one))).toEqual(one)
    }),
  )
})

test('calls of runs are read as they were written', () => {
  expect(parseFromChild(callsText(['7', '1', '{"url":"a"}', '7', '2', '{}']))).toEqual({
    kind: 'calls',
    calls: [
      { run: 7, call: 1, text: '{"url":"a"}' },
      { run: 7, call: 2, text: '{}' },
    ],
  })
})

test('what is no message is refused', () => {
  expect(() => parseToChild('else\n1')).toThrow('a message of unknown kind: else')
  expect(() => parseFromChild('')).toThrow('a message of unknown kind')
  expect(() => parseFromChild('ended\n1\nno json\n')).toThrow(SyntaxError)
})

const openPipe = async (): Promise<AsyncDisposable & { left: Socket; right: Socket }> => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const left = connect((server.address() as { port: number }).port, '127.0.0.1')
  const [right] = (await once(server, 'connection')) as [Socket]
  return {
    left,
    right,
    [Symbol.asyncDispose]: async () => {
      left.destroy()
      right.destroy()
      server.close()
    },
  }
}
