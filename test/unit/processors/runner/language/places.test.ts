import { createContext, Script } from 'node:vm'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { deferred, deferredName } from '../../../../../processors/runner/language/deferred.ts'
import { placesIn, userPlace } from '../../../../../processors/runner/language/positions.ts'
import { placeAt } from '../../../../../processors/runner/language/problem.ts'
import { compiled, scopeWith } from '../../../../fixtures/compiled-job.ts'

/** Each fails at `oops` when its job is loaded, made or done. */
const failing = fc.constantFrom(
  'fn(s => oops())',
  'each($.rows, fn(s => s), oops())',
  'fn(state => [$, $.a?.b, oops()])',
  'fn(s => s), fn(s => s); post($.a, { b: $.c, d: () => oops() })',
  'post({ a: $.b, c: [$.d, $.e] }).then(s => oops())',
  '(post($.b)).then(s => s).catch((e, state) => $.a).then(s => { oops() })',
  'each([1], post($.a).then(s => s).then(s => oops()))',
  'const own = post($.a).then(s => oops()); fn(own)',
  'fn(state => { const { $: a } = { $ }; return oops() })',
)
const harmless = fc.constantFrom(
  'fn(s => s)',
  'post("é" + $.a)',
  'import { each as e } from "@openfn/language-common"',
  'const z = 1',
)
const separator = fc.constantFrom('\n', ';', ' ; ', '\n\n\t', ';/* ü */ ', '\r\n', '\u2028')

test('whatever is thrown in a job is told at the place where the user wrote it', async () => {
  const before = fc.array(fc.tuple(harmless, separator), { maxLength: 5 })
  await fc.assert(
    fc.asyncProperty(before, failing, separator, async (parts, statement, end) => {
      const start = parts.map(([text, after], at) => named(text, at) + after).join('')
      const code = `${start};${statement}${end}fn(s => s)`
      const { line, column } = placeAt(code, code.indexOf('oops'))
      expect(await thrownAt(code)).toEqual({ line, column })
    }),
  )
})

test('places are told for every offset, whatever ends the lines', () => {
  const text = fc
    .array(fc.constantFrom('a', ' ', '\n', '\r\n', '\r', '\u2028'), { maxLength: 12 })
    .map((all) => all.join(''))
  fc.assert(
    fc.property(text, (code) => {
      const place = placesIn(code)
      for (let offset = 0; offset <= code.length; offset++) {
        if (code[offset - 1] === '\r' && code[offset] === '\n') continue // within the end of a line
        const { line, column } = placeAt(code, offset)
        expect(place(offset)).toEqual({ line, column })
      }
    }),
  )
})

/** No name is declared twice. */
const named = (text: string, at: number): string =>
  text.replace('const z', `const z${at}`).replace('each as e', `each as e${at}`)

/** Does the job with operations that do all that they are given, and reads the place of what it throws. */
const thrownAt = async (code: string): Promise<unknown> => {
  const { script, inserts, uses } = compiled(code, scopeWith('post', 'oops'))
  const all = (...given: unknown[]): unknown => {
    return async (state: unknown) => {
      for (const one of given) await finished(one, state)
    }
  }
  const oops = (): never => {
    throw new Error('oops')
  }
  const given: Readonly<Record<string, unknown>> = { post: all, oops, [deferredName]: deferred }
  const context = createContext({ fn: all, each: all })
  const thunks: (() => unknown)[] = []
  try {
    const job = new Script(script, { filename: 'job.js', lineOffset: -1 }).runInContext(context)
    await job((_: number, thunk: () => unknown) => thunks.push(thunk), ...uses.map((name) => given[name]))
    for (const thunk of thunks) await finished(thunk(), {})
  } catch (error) {
    const frame = /\bjob\.js:(\d+):(\d+)/.exec(String((error as Error).stack))
    return frame && userPlace(inserts, { line: Number(frame[1]), column: Number(frame[2]) })
  }
  return undefined
}

/** Calls what can be called, and what is in it. */
const finished = async (value: unknown, state: unknown): Promise<void> => {
  if (typeof value === 'function') return finished(await value(state), state)
  if (typeof value === 'object' && value !== null) for (const one of Object.values(value)) await finished(one, state)
}
