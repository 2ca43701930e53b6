/**
 * A job that walks through everything that it can reach by properties and prototypes, from the globals, from what is made for its run, and from
 * what these give when they are used. `{ kind: 'look' }`: gives a digest of all that, and of how many objects it is. `{ kind: 'do', deeds }`:
 * does each mutation (by number) to each object (by its place in the walk). `names`: what is made for its run.
 */
export const walkOfRealm = (names: readonly string[]): string => `
const made = () => ({ ${names.join(', ')} })
const thrownBy = action => { try { return action() } catch (error) { return error } }
const used = () => [
  new AbortController(), AbortSignal.abort(1), new Headers({ a: 1 }).entries(), new URL('http://a/b?c'),
  new URLSearchParams('a=1').entries(), new FormData().entries(), new Request('http://a'), new Response('a'), new Blob(['a']),
  new File(['a'], 'b'), new TextDecoder(), new TextEncoder(), new DOMException('a', 'b'), Buffer.from('a'), Buffer.from('a').entries(),
  thrownBy(() => parseXML('<')({})), thrownBy(() => Buffer.alloc(1).readBigInt64LE(0)), thrownBy(() => Buffer.alloc(9).readBigInt64LE(9)),
  thrownBy(() => jsonValue({ a: [1] }, '$.a[?(')), thrownBy(() => util.throwError('a')), thrownBy(() => null.a), thrownBy(() => structuredClone(fn)),
  http.options({ a: 1 }), http.options().json(), get('/a'), http.get('/a'), each([1], fn(s => s)), field('a', 1), cursor('a'), validate(),
  cursor('x')({}), group([{ a: 1 }], 'a')({}), splitKeys({ a: 1 }, ['a']), composeNextState({}, 1), util.parseUrl('http://a'), chunk([1], 1),
  jsonValue({ a: [1] }, '$.a'), source('$.a')({ a: 1 }), parseXML('<a b="c"/>')({}), combine(fn(s => s)), map('$.a'), dateFns.parseISO('2020'),
  function* () {}, async () => {}, async function* () {}, (function* () {})(), (async function* () {})(), (() => {}).bind(), /a/g, (x => x)\`a\`,
  [].values(), ''[Symbol.iterator](), new Map().keys(), new Set().keys(), 'a'.matchAll(/a/g), [].values().map(x => x), Iterator.from({ next() {} }),
  (function () { return arguments })(), Promise.withResolvers().resolve, Proxy.revocable({}, {}).revoke, new Uint8Array(1).values(),
  new Intl.Segmenter().segment('a'), new Intl.Segmenter().segment('a')[Symbol.iterator](), new Intl.NumberFormat().format, new Intl.Collator().compare,
  new Intl.DurationFormat(), new Intl.Locale('en'), class {}, Symbol.iterator, 1n, 'a', 1, true, new Error('a'), new AggregateError([]),
]

const walk = () => {
  const seen = new Map()
  const visit = value => {
    if ((typeof value !== 'object' || value === null) && typeof value !== 'function') return
    if (seen.has(value)) return
    seen.set(value, seen.size)
    for (const key of Reflect.ownKeys(value)) {
      const { value: own, get, set } = Object.getOwnPropertyDescriptor(value, key)
      for (const next of [own, get, set]) visit(next)
    }
    visit(Object.getPrototypeOf(value))
  }
  visit(globalThis)
  for (const value of Object.values(made())) visit(value)
  for (const value of used()) visit(Object(value))
  return seen
}

const digestOf = seen => {
  let digest = 0
  const add = text => { for (let at = 0; at < text.length; at++) digest = (Math.imul(digest, 31) + text.charCodeAt(at)) | 0 }
  const name = value => seen.has(value) ? '#' + seen.get(value) : typeof value + ':' + String(value)
  for (const value of seen.keys()) {
    add([typeof value, Object.isExtensible(value), name(Object.getPrototypeOf(value)), value instanceof Map || value instanceof Set ? 'size' : ''].join())
    for (const key of Reflect.ownKeys(value)) {
      if (key === 'stack' || key === 'lastModified') continue
      const { value: own, get, set, writable, configurable } = Object.getOwnPropertyDescriptor(value, key)
      add([String(key), name(own), name(get), name(set), writable, configurable].join())
    }
  }
  return String(digest)
}

class Stamp extends (function (object) { return object }) { #mark = 1 }
const trace = () => 'trace'
const natives = [
  ...['push', 'fill', 'sort', 'reverse', 'pop', 'unshift', 'copyWithin'].map(name => value => Array.prototype[name].call(value, trace)),
  ...[Map, WeakMap].map(kind => value => kind.prototype.set.call(value, value, trace)), ...[Set, WeakSet].map(kind => value => kind.prototype.add.call(value, value)),
  value => Date.prototype.setTime.call(value, 1), value => Uint8Array.prototype.fill.call(value, 7), value => { value.lastIndex = 3 },
  value => URLSearchParams.prototype.append.call(value, 'trace', 1), value => Headers.prototype.append.call(value, 'trace', 1),
  value => value.next?.(), value => value.throw?.(1), value => value.abort?.('trace'), value => Error.captureStackTrace(value),
]
const mutate = [
  value => { value.trace = 1 },
  value => { Object.defineProperty(value, 'trace', { value: 1 }) },
  value => { Object.defineProperty(value, Symbol.iterator, { value: trace }) },
  value => { Object.setPrototypeOf(value, { trace: 1 }) },
  value => { value.__proto__ = null },
  value => { for (const key of Reflect.ownKeys(value)) Reflect.deleteProperty(value, key) },
  value => { for (const key of Reflect.ownKeys(value)) Reflect.set(value, key, trace) },
  value => { for (const key of Reflect.ownKeys(value)) Reflect.defineProperty(value, key, { get: trace, configurable: true }) },
  value => { for (const key of Reflect.ownKeys(value)) Reflect.defineProperty(value, key, { value: trace }) },
  value => { for (const { set } of Object.values(Object.getOwnPropertyDescriptors(value))) for (const self of [value, value.prototype, globalThis]) attempt(() => set?.call(self, trace)) },
  value => { for (const native of natives) attempt(() => native(value)) },
  value => { Object.assign(value, { trace: 1, constructor: trace, toString: trace }) },
  value => { new Stamp(value) },
  value => { value.call(value) },
  value => { value.call(globalThis, 'trace', trace) },
  value => { value.call(Object.prototype, trace, 'trace') },
  value => { value.call(Array.prototype, 0, trace) },
  value => { value(Object.prototype, 'trace', { value: 1 }) },
  value => { value(Object.prototype, { trace: 1 }) },
  value => { new value('trace', trace) },
  value => { new value(trace) },
  value => { Object.prototype.__defineGetter__.call(value, 'trace', trace) },
]
const attempt = action => { try { action()?.catch?.(() => {}) } catch {} }

fn(state => {
  const seen = walk()
  if (state.kind === 'look') return { digest: digestOf(seen), paths: seen.size }
  const all = [...seen.keys()]
  for (const { path, mutation } of state.deeds) attempt(() => mutate[mutation](all[path]))
  return {}
})`

/** How many kinds of mutations it knows. */
export const mutations = 22
