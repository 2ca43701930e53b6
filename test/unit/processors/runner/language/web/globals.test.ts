import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Blob, File } from '../../../../../../processors/runner/language/web/blob.ts'
import { Buffer as OwnBuffer } from '../../../../../../processors/runner/language/web/buffer.ts'
import { atob, btoa, TextEncoder } from '../../../../../../processors/runner/language/web/encoding.ts'
import { FormData, multipart } from '../../../../../../processors/runner/language/web/form-data.ts'
import { webGlobals } from '../../../../../../processors/runner/language/web/globals.ts'
import { Headers } from '../../../../../../processors/runner/language/web/headers.ts'
import { cryptoOf } from '../../../../../../processors/runner/language/web/random.ts'
import { structuredClone } from '../../../../../../processors/runner/language/web/structured-clone.ts'
import { TextDecoder } from '../../../../../../processors/runner/language/web/text-decoder.ts'
import { URL, URLSearchParams } from '../../../../../../processors/runner/language/web/url.ts'
import { runHost } from '../../../../../fixtures/run-host.ts'

// Node's own are the oracle: what a job gets must do the same.
const node = globalThis

/** What a function gives, or that it throws. */
const outcome = (act: () => unknown): unknown => {
  try {
    return act()
  } catch {
    return 'throws'
  }
}

describe('text and bytes', () => {
  const bytes = fc.uint8Array({ maxLength: 40 })
  const nearlyUtf8 = fc
    .array(
      fc.oneof(
        fc.string({ unit: 'binary' }).map((text) => [...Buffer.from(text)]),
        fc.array(fc.integer({ min: 0x7e, max: 0xff }), { maxLength: 4 }),
      ),
    )
    .map((parts) => Uint8Array.from(parts.flat()))

  test.each(['utf-8', 'utf-16le', 'utf-16be', 'latin1', 'ascii'])(
    '%s is read as Node reads it, and what is broken, too',
    (label) => {
      fc.assert(
        fc.property(fc.oneof(bytes, nearlyUtf8), fc.boolean(), (input, fatal) => {
          const read = (Decoder: typeof node.TextDecoder | typeof TextDecoder) =>
            outcome(() => new Decoder(label, { fatal }).decode(input))
          expect(read(TextDecoder)).toEqual(read(node.TextDecoder))
        }),
      )
    },
  )

  test.each(['eda080', 'e08080', 'f08080bf', 'f4908080', 'c080', 'efbfbe', 'efbbbf41', 'f09f98', 'e2c3a4'])(
    'the edges of UTF-8 are where Node has them: %s',
    (hex) => {
      const input = new Uint8Array(Buffer.from(hex, 'hex'))
      expect(new TextDecoder().decode(input)).toBe(new node.TextDecoder().decode(input))
    },
  )

  test('a text that comes in pieces is read as if it came whole', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('utf-8', 'utf-16le'),
        nearlyUtf8,
        fc.array(fc.nat(60), { maxLength: 4 }),
        (label, input, cuts) => {
          const places = [...cuts.sort((a, b) => a - b), input.length]
          const read = (decoder: InstanceType<typeof node.TextDecoder> | TextDecoder) =>
            places
              .map((end, at) =>
                decoder.decode(input.slice(places[at - 1] ?? 0, end), { stream: at < places.length - 1 }),
              )
              .join('')
          expect(read(new TextDecoder(label))).toBe(read(new node.TextDecoder(label)))
        },
      ),
    )
  })

  test('an encoding that nobody knows is an error that names those that we know', () => {
    expect(() => new TextDecoder('koi8-r')).toThrow('utf-8, utf-16le, utf-16be and latin1, not "koi8-r"')
  })

  test('text becomes UTF-8 as in Node, half characters included', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 0xffff })), (units) => {
        const text = String.fromCharCode(...units)
        expect([...new TextEncoder().encode(text)]).toEqual([...new node.TextEncoder().encode(text)])
        const [own, theirs] = [new Uint8Array(9), new Uint8Array(9)]
        expect(new TextEncoder().encodeInto(text, own)).toEqual(new node.TextEncoder().encodeInto(text, theirs))
        expect(own).toEqual(theirs)
      }),
    )
  })

  test('atob and btoa do what Node does, refusals included', () => {
    const texts = fc.oneof(
      fc.string(),
      fc.string({ unit: 'binary' }),
      fc.base64String(),
      fc.stringMatching(/^[A-Za-z0-9+/= \n]*$/),
    )
    fc.assert(
      fc.property(texts, (text) => {
        expect(outcome(() => atob(text))).toBe(outcome(() => node.atob(text)))
        expect(outcome(() => btoa(text))).toBe(outcome(() => node.btoa(text)))
      }),
    )
  })

  test('Buffer writes and reads every encoding that Node has, base64url too', () => {
    const encodings = ['utf8', 'latin1', 'ascii', 'base64', 'base64url', 'hex', 'utf16le'] as const
    fc.assert(
      fc.property(bytes, fc.string({ unit: 'grapheme' }), fc.constantFrom(...encodings), (input, text, encoding) => {
        const written = Buffer.from(input).toString(encoding)
        expect(OwnBuffer.from(input).toString(encoding as never)).toBe(written)
        expect([...OwnBuffer.from(written, encoding as never)]).toEqual([...Buffer.from(written, encoding)])
        expect([...OwnBuffer.from(text)]).toEqual([...Buffer.from(text)])
      }),
    )
    expect(OwnBuffer.isEncoding('base64url')).toBe(true)
    expect(OwnBuffer.concat([OwnBuffer.from('a'), OwnBuffer.from('b')]).toJSON()).toEqual({
      type: 'Buffer',
      data: [97, 98],
    })
  })
})

describe('URLs', () => {
  const cases = [
    'https://user:pass@Example.com:443/a/../b?x=1&x=2#h',
    'http://[::1]:80/',
    'http://127.1/',
    '/path',
    'ftp://a/b',
  ]
    .concat([
      'https://bücher.example/ä?ö=ü',
      'http://a b/',
      'https://%41.example',
      'mailto:a@b',
      'data:text/plain,x',
      'http://0x7f.1',
    ])
    .concat([
      'https://xn--bcher-kva.example',
      'https://faß.example',
      'HTTPS://A\\b',
      '',
      'https://',
      'https://a:99999',
      ' https://a\t/b ',
    ])

  test.each(cases)('%j is read as Node reads it', (text) => {
    for (const base of [undefined, 'https://base.example/dir/file?q']) {
      const read = (Kind: typeof URL | typeof node.URL) =>
        outcome(() => {
          const { href, origin, host, pathname, search, hash, username, password, port } = new Kind(text, base)
          return { href, origin, host, pathname, search, hash, username, password, port }
        })
      expect(read(URL)).toEqual(read(node.URL))
    }
  })

  test('any text after a host is read as Node reads it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const [own, theirs] = [URL, node.URL].map((Kind) => outcome(() => new Kind(`https://h.example/${text}`).href))
        expect(own).toBe(theirs)
      }),
    )
  })

  test('search parameters are read, changed and written as in Node', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.string(), fc.string())), fc.string(), (pairs, text) => {
        const act = (Kind: typeof URLSearchParams | typeof node.URLSearchParams) => {
          const params = new Kind(pairs)
          params.append('a b', text)
          params.sort()
          return [String(params), String(new Kind(text)), params.size, params.getAll('a b')]
        }
        expect(act(URLSearchParams)).toEqual(act(node.URLSearchParams))
      }),
    )
  })
})

describe('headers and forms', () => {
  test('Headers keep order, join and refuse as Node does', () => {
    const name = fc.oneof(fc.constantFrom('A', 'a', 'b', 'Set-Cookie', 'content-type'), fc.string({ maxLength: 3 }))
    fc.assert(
      fc.property(fc.array(fc.tuple(name, fc.string({ unit: 'binary', maxLength: 5 }))), (pairs) => {
        const act = (Kind: typeof Headers | typeof node.Headers) =>
          outcome(() => {
            const headers = new Kind(pairs)
            headers.delete('b')
            return [[...headers], headers.get('a'), headers.has('A'), headers.getSetCookie()]
          })
        expect(act(Headers)).toEqual(act(node.Headers))
      }),
    )
  })

  test('a form is written so that Node reads the same fields and files', async () => {
    const form = new FormData()
    form.append('name', 'Zoë "Z"')
    form.append('----penstock-form-0', 'takes the first boundary: ----penstock-form-0')
    form.append('file', new Blob([new Uint8Array([0, 255])], { type: 'image/png' }), 'a"b.png')
    form.set('file2', new File(['text'], 'x.txt'))
    const { bytes, type } = multipart(form)
    const read = await new node.Response(bytes, { headers: { 'content-type': type } }).formData()
    expect(type).toBe('multipart/form-data; boundary=----penstock-form-1')
    expect(read.get('name')).toBe('Zoë "Z"')
    const file = read.get('file') as globalThis.File
    expect([file.name, file.type, ...new Uint8Array(await file.arrayBuffer())]).toEqual([
      'a"b.png',
      'image/png',
      0,
      255,
    ])
    expect(await (read.get('file2') as globalThis.File).text()).toBe('text')
  })

  test('a blob is made of text, bytes and blobs', async () => {
    const blob = new Blob(['ä', new Uint8Array([33]), new Blob(['b'])], { type: 'Text/Plain' })
    expect([blob.size, blob.type, await blob.text(), await blob.slice(2, 3).text()]).toEqual([
      4,
      'text/plain',
      'ä!b',
      '!',
    ])
  })
})

describe('copies and chance', () => {
  test('structuredClone copies data as Node does, cycles and shared parts included', () => {
    fc.assert(
      fc.property(
        fc.anything({ withDate: true, withMap: true, withSet: true, withTypedArray: true, withBigInt: true }),
        (value) => {
          expect(structuredClone(value)).toEqual(node.structuredClone(value))
        },
      ),
    )
    const cycle: Record<string, unknown> = { list: [], error: new RangeError('far', { cause: 1 }), pattern: /a/gi }
    cycle['self'] = cycle
    const copy = structuredClone(cycle)
    expect(copy['self']).toBe(copy)
    expect(copy['list']).not.toBe(cycle['list'])
    expect(copy['error']).toBeInstanceOf(RangeError)
    expect((copy['error'] as Error).cause).toBe(1)
    expect(copy['pattern']).toEqual(/a/gi)
  })

  test.each([[() => 1], [Symbol('s')], [{ deep: [() => 1] }], [Promise.resolve()]])(
    'structuredClone refuses %s',
    (value) => {
      expect(() => structuredClone(value)).toThrow(expect.objectContaining({ name: 'DataCloneError', code: 25 }))
    },
  )

  test('random values and UUIDs come from the run', () => {
    const crypto = cryptoOf(runHost())
    const made = Array.from({ length: 50 }, () => crypto.randomUUID())
    expect(new Set(made).size).toBe(50)
    for (const uuid of made)
      expect(uuid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    expect(crypto.getRandomValues(new Uint32Array(64)).some((value) => value > 255)).toBe(true)
    expect(() => crypto.getRandomValues(new Uint8Array(65_537))).toThrow(
      expect.objectContaining({ name: 'QuotaExceededError' }),
    )
    expect(() => crypto.getRandomValues(new Float64Array(1))).toThrow(TypeError)
  })

  test('queueMicrotask comes before any later promise', async () => {
    const order: string[] = []
    ;(webGlobals['queueMicrotask'] as (action: () => void) => void)(() => order.push('first'))
    await Promise.resolve().then(() => order.push('second'))
    expect(order).toEqual(['first', 'second'])
  })
})
