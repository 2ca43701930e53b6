/** A way out that a job might try: what it brings together in `found`, and how the run has to end. */
export type Payload = Readonly<{ name: string; code: string; end: string }>

const ending =
  (end: string) =>
  (payloads: Readonly<Record<string, string>>): readonly Payload[] =>
    Object.entries(payloads).map(([name, body]) => ({ name, code: inJob(body), end }))

const inJob = (body: string): string => `${prologue}fn(async state => {
if (state.calm) return calm();
${body}
})`

/**
 * `look(…)`: says which of the values, or of what they are made by, is of another realm. A function that makes code, a prototype that is not
 * this realm's, a name of Node's: any of them is a way out.
 */
const prologue = `
const reached = []
const own = new Set([Object.prototype, Function.prototype, null])
const look = (...values) => {
  const seen = new Set()
  const visit = (value, depth) => {
    if (depth > 6 || seen.has(value) || value === null || (typeof value !== 'object' && typeof value !== 'function')) return
    seen.add(value)
    try {
      let root = value
      while (Object.getPrototypeOf(root) !== null) root = Object.getPrototypeOf(root)
      if (root !== Object.prototype && Object.hasOwn(root, 'hasOwnProperty')) reached.push('prototype')
      for (const name of ['process', 'require', 'mainModule', 'binding', 'ivm', 'Isolate', 'applySync', 'derefInto', 'deref'])
        if (typeof value[name] === 'function' || typeof value[name] === 'object') reached.push(name)
      if (typeof value === 'function') {
        let made
        try { made = value('return globalThis')() } catch {}
        if (made !== undefined && made !== null && typeof made === 'object' && 'Object' in made) reached.push('code from text')
      }
    } catch {}
    for (const next of [() => value.constructor, () => value.prototype, () => Object.getPrototypeOf(value), () => value.cause, () => value.caller]) {
      try { visit(next(), depth + 1) } catch {}
    }
  }
  for (const value of values) visit(value, 0)
  return { reached }
}
const calm = () => [
  Reflect.ownKeys(globalThis).map(String).sort(), Reflect.ownKeys(Object.prototype).map(String), Reflect.ownKeys(Array.prototype).length,
  ({}).polluted, [].polluted, typeof process, JSON.stringify({ a: [1] }), String(new Error('a')), [3, 1].sort(), new URL('http://a/b').href,
]
const thrownBy = async action => { try { return await action() } catch (error) { return error } }
`

/** Each stands for a hole that some sandbox had. */
export const payloads: readonly Payload[] = [
  ...ending('success 0')({
    'constructors of all globals': `return look(...Object.getOwnPropertyNames(globalThis).map(name => globalThis[name]))`,
    'constructors of what is made for the run': `return look(console, console.log, setTimeout, setInterval, clearTimeout, util, util.get, http, http.get, get, post, fetch, crypto, crypto.randomUUID, cursor, validate, log, AbortSignal, state)`,
    'constructors of what operations give': `return look(fn(x => x), each([1], fn(x => x)), field('a', 1), merge('$', {}), cursor('now'), validate(), http.options().json(), get('/'), group([], 'a')({}))`,
    'constructors of functions of all kinds': `return look(async () => {}, function* () {}, async function* () {}, class {}, (() => {}).bind(), Proxy.revocable({}, {}).revoke, Promise.withResolvers().resolve)`,
    'constructors of iterators': `return look([].values(), new Map().entries(), ''[Symbol.iterator](), 'a'.matchAll(/a/g), Iterator.from({ next() {} }), (function* () {})(), (async function* () {})(), new URLSearchParams('a').entries())`,
    'errors of the language': `return look(await thrownBy(() => null.a), await thrownBy(() => nothing), await thrownBy(() => new Array(-1)), await thrownBy(() => decodeURI('%')), await thrownBy(() => 1n + 1), await thrownBy(() => JSON.parse('{')), await thrownBy(() => new RegExp('(')))`,
    'errors of our functions': `return look(await thrownBy(() => parseXML('<')(state)), await thrownBy(() => each(1)), await thrownBy(() => new URL('')), await thrownBy(() => atob('é')), await thrownBy(() => structuredClone(fn)), await thrownBy(() => Buffer.alloc(1).readBigInt64LE(0)), await thrownBy(() => parseCsv('a"b')(state)), await thrownBy(() => validate({ $ref: '#/a' }, 1)(state)), await thrownBy(() => jsonValue({}, '$[?(')), await thrownBy(() => dateFns.format(1)), await thrownBy(() => http.get('x')(state)))`,
    'errors of the egress': `return look(await thrownBy(() => http.get('http://fails/')(state)), await thrownBy(() => fetch('http://fails/')), await thrownBy(() => util.get('http://fails/')))`,
    'errors of a stack overflow': `const deep = () => { try { return deep() } catch (error) { return error } }; return look(deep(), deep().constructor, await thrownBy(function again() { return fetch('http://a/', { body: again(), method: 'POST' }) }))`,
    'errors of a stack overflow within our functions': `const found = []; const down = n => { try { down(n + 1) } catch (error) { found.push(error) } ; if (found.length < 40) { try { JSON.stringify(parseXML('<a><b/></a>')(state)); console.log(n); new URL('http://a/'); setTimeout(down, 1e6) } catch (error) { found.push(error) } } }; down(0); return look(...found)`,
    'answers of a server and all that they hold': `const answer = await fetch('http://a/'); const { data, response } = await http.get('http://a/')(state); return look(answer, answer.headers, data, response, response.headers, answer.clone(), await answer.json())`,
    'promises of the host': `const asked = fetch('http://a/'); return look(asked, asked.then, asked.constructor, Object.getPrototypeOf(asked), await asked)`,
    'a promise with a species of its own': `class Odd extends Promise { static get [Symbol.species]() { return function (run) { run(value => look(value), error => look(error)) } } }; const odd = Odd.resolve(fetch('http://a/')); odd.then(x => x); await odd; return look(odd)`,
    'a then that is called by whoever waits': `const found = []; const thenable = { then(resolve, reject) { found.push(resolve, reject, this, new Error('where').stack); resolve(1) } }; await thenable; await fn(() => thenable)(state); await each([1], () => thenable)({}); await execute(() => thenable)(state); return look(...found)`,
    'a then that gives itself, lazily': `let calls = 0; const thenable = { get then() { return calls++ < 30 ? resolve => resolve(thenable) : undefined } }; await thenable; return look(thenable)`,
    'a proxy that sees everything handed to the host': `const found = []; const spy = new Proxy(function () {}, new Proxy({}, { get: (_, trap) => (...args) => { found.push(...args); return Reflect[trap](...args) } })); await thrownBy(() => fetch(spy)); await thrownBy(() => http.post('http://a/', spy, spy)(state)); await thrownBy(() => http.get('http://a/', { headers: spy, query: spy })(state)); console.log(spy); await thrownBy(() => setTimeout(spy, spy, spy)); return look(...found)`,
    'a proxy as url, method, headers and body': `const found = []; const odd = text => new Proxy({ toString: () => text }, { get: (target, key) => { found.push(key); return Reflect.get(target, key) }, has: (...args) => { found.push(...args); return true } }); await thrownBy(() => fetch(odd('http://a/'), { method: odd('POST'), headers: odd('a'), body: odd('b') })); await thrownBy(() => request(odd('GET'), odd('http://a/'))(state)); return look(...found)`,
    'an address that changes when it is read again': `let read = 0; const shifty = { toString: () => (read++ ? 'http://169.254.169.254/' : 'http://a/') }; await thrownBy(() => fetch(shifty)); await thrownBy(() => http.get(shifty)(state)); return look(shifty)`,
    'a method that is an object': `await thrownBy(() => fetch('http://a/', { method: { toString: () => 'ODD', toJSON: () => ({ toJSON: 1 }) } })); return look()`,
    'a request whose fields are changed afterwards': `const asks = new Request('http://a/'); asks.url = 'file:///etc/passwd'; asks.method = { toJSON: () => 'x\\ny' }; await thrownBy(() => fetch(asks)); return look(asks)`,
    'a body that no request was given': `const Body = Object.getPrototypeOf(Request); const made = Reflect.construct(Body, [{ data: { buffer: [1, 2], byteOffset: 0, byteLength: 1e9 }, type: {} }], Request); await thrownBy(() => fetch(new Request(made, { method: 'POST' }))); await thrownBy(() => fetch(made, { method: 'PUT' })); return look(made)`,
    'a redirect that is a thousand, and half of one': `for (const maxRedirections of [1e3, 1.5, Infinity]) await thrownBy(() => http.get('http://a/', { maxRedirections })(state)); return look()`,
    'a toJSON on everything that leaves': `const odd = { toJSON: (...args) => { look(...args); return { status: 'success', state: process } } }; await thrownBy(() => http.post('http://a/', odd)(state)); console.log(odd); return look(odd)`,
    'a getter while an answer is copied': `const found = []; const odd = { get a() { found.push(this, new Error('here').stack); return 1 } }; await thrownBy(() => http.post('http://a/', odd)(state)); structuredClone(odd); expandReferences(odd)(state); composeNextState(odd, 1); return look(...found)`,
    'keys named like prototypes in an answer': `const { data } = await http.get('http://a/')(state); const merged = { ...data }; Object.assign({}, data); return { ...look(data, merged), polluted: ({}).polluted ?? null, of: Object.keys(data) }`,
    'headers named like prototypes in an answer': `const { response } = await http.get('http://a/')(state); const answer = await fetch('http://a/'); return { ...look(response.headers, answer.headers), polluted: ({}).polluted ?? null, own: Object.hasOwn(response.headers, '__proto__') }`,
    'keys named like prototypes in fields': `const made = [fields(field('__proto__', { polluted: 1 })), fields(field('constructor', { prototype: { polluted: 1 } })), merge([{ __proto__: null }], JSON.parse('{"__proto__":{"polluted":1}}'))(state), join([{}], '$.data', '__proto__')({ data: { polluted: 1 } })]; return { ...look(...made), polluted: ({}).polluted ?? null }`,
    'keys named like prototypes in lists': `const made = [group([{ a: '__proto__', polluted: 1 }], 'a')({}), splitKeys(JSON.parse('{"__proto__":{"polluted":1},"b":1}'), ['__proto__']), composeNextState(JSON.parse('{"__proto__":{"polluted":1}}'), 1), await as('__proto__', () => ({ data: { polluted: 1 } }))({})]; return { ...look(...made), polluted: ({}).polluted ?? null }`,
    'keys named like prototypes in references': `const made = [expandReferences(JSON.parse('{"__proto__":{"polluted":1},"a":{"constructor":{"prototype":{"polluted":2}}}}'))({}), cursor('x', { key: '__proto__' })({}), await validate({ type: 'object' }, () => 1)(JSON.parse('{"__proto__":{"validationErrors":[1]}}'))]; return { ...look(...made), polluted: ({}).polluted ?? null }`,
    'keys named like prototypes in XML and CSV': `const made = [parseXML('<__proto__ polluted="1"><constructor><prototype/></constructor></__proto__>')({}), parseXML('<a __proto__="1"><__proto__>2</__proto__></a>')({}), (await parseCsv('__proto__,constructor\\n1,2')({})).data]; return { ...look(...made), polluted: ({}).polluted ?? null, keys: Object.keys(made[2][0]) }`,
    'keys named like prototypes in options': `const odd = JSON.parse('{"__proto__":{"headers":{"a":"1"}},"headers":{"__proto__":"2","constructor":"3"},"query":{"__proto__":"4"},"errors":{"__proto__":"5"}}'); await thrownBy(() => http.get('http://a/', odd)(state)); await thrownBy(() => get('http://a/', odd)(state)); await thrownBy(() => http.post('http://a/', {}, { contentType: '__proto__' })(state)); await thrownBy(() => http.post('http://a/', {}, { contentType: 'constructor' })(state)); return { ...look(odd), polluted: ({}).polluted ?? null }`,
    'keys named like prototypes in addresses and forms': `const url = new URL('http://a/?__proto__=1&constructor=2'); const form = new FormData(); form.append('__proto__', '1'); await thrownBy(() => http.get(url.href)(state)); await thrownBy(() => http.post('http://a/', JSON.parse('{"__proto__":"1"}'), { contentType: 'form' })(state)); const { query } = util.parseUrl(url.href); return { ...look(query, form), polluted: ({}).polluted ?? null, kept: Object.keys(query) }`,
    'keys named like prototypes in the state': `return JSON.parse('{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"reached":[]}')`,
    'keys named like prototypes in JSON Schemas': `const odd = JSON.parse('{"properties":{"__proto__":{"type":"string"},"constructor":{"type":"number"}},"required":["__proto__","toString"],"$defs":{"__proto__":{"$anchor":"a"}},"format":"constructor","dependentSchemas":{"__proto__":false}}'); const made = await validate(odd, () => JSON.parse('{"__proto__":1}'))({}); return { ...look(made, ...made.validationErrors), polluted: ({}).polluted ?? null }`,
    'names of prototypes where words are looked up': `const found = []; for (const word of ['__proto__', 'constructor', '__defineGetter__', 'valueOf', 'toString', 'hasOwnProperty']) for (const use of [() => new DOMException('', word).code, () => new TextDecoder(word), () => Buffer.from('a', word), () => Buffer.from('a').toString(word), () => http.get('http://a/', { parseAs: word })(state), () => http.post('http://a/', 'x', { contentType: word })(state), () => dateFns.format(new Date(0), word), () => util.parseDate(word), () => parseCsv('a\\n1', { columns: [word], delimiter: word })({}), () => validate({ type: word, format: word, [word]: 1 }, () => 'a')({}), () => request(word, 'http://a/')(state), () => new Response('', { headers: { [word]: word } }), () => cursor(word, { key: word })({}), () => jsonValue({}, '$.' + word), () => crypto[word], () => new Headers([[word, word]]).get(word)]) found.push(await thrownBy(use)); if (new DOMException('', 'constructor').code !== 0) reached.push('code'); return { ...look(...found.filter(value => value !== null && typeof value === 'object')), polluted: ({}).polluted ?? null }`,
    'expressions within JSONPath': `const found = []; for (const path of ['$[?(@.constructor)]', '$[?(@.constructor.constructor("return process")())]', '$..[?(@root.constructor)]', '$[?(this)]', '$[?(globalThis)]', '$[?(process)]', '$[(@.constructor)]', '$[?(@["__pro"+"to__"]["x"]=1)]', '$[?(@.at.constructor("return 1")())]', '$[?([]["filter"]["constructor"]("return process")())]', '$[?(\`\${1}\`)]', '$[?(_$_v.constructor)]', '$[?(@parentProperty.constructor.constructor)]', '$[?((x=[].at,x.constructor("return process")()))]', '$.a[?(@.call)]~', '$^^', '\`$', '$[?(@.b.apply(@, ["a"]))]']) found.push(await thrownBy(() => jsonValue({ a: [{ b: fn }], c: 'x' }, path))); return look(...found.filter(value => typeof value === 'object'))`,
    'locales that dateFns calls': `const found = []; const spy = new Proxy({}, { get: (_, key) => (...args) => { found.push(...args); return 'x' } }); const locale = { localize: spy, formatLong: spy, match: spy, options: spy, code: 'x' }; for (const use of [() => dateFns.format(new Date(0), 'PPPPpppp EEEE MMMM do BBBB', { locale }), () => dateFns.parse('x', 'PPPP', new Date(0), { locale }), () => dateFns.parse('Monday', 'EEEE', new Date(0), { locale, in: (...args) => { found.push(...args); return new Date(0) } })]) await thrownBy(use); return look(...found)`,
    'dates that dateFns is asked to make': `const found = []; class Odd extends Date { [Symbol.for('constructDateFrom')](...args) { found.push(this, ...args); return new Odd(0) } setFullYear(...args) { found.push(this, ...args); return 1 } valueOf() { return 0 } }; dateFns.addDays(new Odd(0), 1); dateFns.parse('2020', 'yyyy', new Odd(0)); dateFns.differenceInDays({ [Symbol.toPrimitive]: (...args) => (found.push(...args), 1) }, new Odd(0)); return look(...found)`,
    'Symbol.toPrimitive on everything that is made text': `const found = []; const odd = { [Symbol.toPrimitive](hint) { found.push(hint, this); return 'http://a/' } }; await thrownBy(() => fetch(odd)); new URL(odd); new Headers({ a: odd }); new Blob([odd]); Buffer.from(odd); new URLSearchParams(odd); await thrownBy(() => http.get(odd)(state)); arrayToString([odd]); humanProper(odd); console.log(odd, [odd]); await thrownBy(() => parseCsv(odd)({})); return look(...found)`,
    'async iterators that are read by our functions': `const found = []; const odd = { [Symbol.asyncIterator]() { return { next: (...args) => { found.push(args, this); return Promise.resolve({ get done() { found.push(new Error('x').stack); return true }, value: 1 }) }, return: (...args) => { found.push(...args) } } } }; await thrownBy(() => parseCsv(odd)({})); await thrownBy(async () => { for await (const x of odd) break }); return look(...found)`,
    'an async generator that is delegated to': `const found = []; async function* g() { yield* { [Symbol.asyncIterator]: () => ({ next: v => ({ then(resolve) { found.push(resolve, v); resolve({ done: true }) } }), get return() { found.push(this) } }) } }; for await (const x of g()) ; const it = g(); await it.next(); await it.return({ then(resolve) { found.push(resolve); resolve(1) } }); return look(...found)`,
    'iterators that are read by our functions': `const found = []; const odd = { [Symbol.iterator]() { return { next(...args) { found.push(this, ...args); return { done: true } }, return(...args) { found.push(...args); return {} } } } }; new Headers(odd); new URLSearchParams(odd); new Blob(odd); fields(); each(odd, fn(s => s))({}); merge(odd, {})({}); AbortSignal.any(odd); return look(...found)`,
    'the species of arrays and buffers': `class Odd extends Array { static get [Symbol.species]() { return function (...args) { look(this, ...args); return {} } } }; const odd = Odd.from([1, 2, 3]); await thrownBy(() => chunk(odd, 1)); await thrownBy(() => toArray(odd)); await thrownBy(() => each(odd, fn(s => s))({})); class Bytes extends Uint8Array { static get [Symbol.species]() { return Array } }; await thrownBy(() => Buffer.from(new Bytes(2))); await thrownBy(() => new Blob([new Bytes(2)]).bytes()); await thrownBy(() => new TextDecoder().decode(new Bytes(2))); return look(odd)`,
    'causes of errors': `const host = await thrownBy(() => http.get('http://fails/')(state)); const found = []; for (let at = host; at; at = at.cause) found.push(at); const aggregate = await Promise.any([fetch('http://fails/')]).catch(error => error); return look(...found, aggregate, aggregate.errors, ...aggregate.errors)`,
    'stacks with functions in them': `Reflect.set(Error, 'prepareStackTrace', (_, sites) => sites); const found = [new Error('a').stack]; class Odd extends Error { static prepareStackTrace(error, sites) { found.push(error, sites, ...sites.map(site => site.getFunction?.()), ...sites.map(site => site.getThis?.())); return sites } }; found.push(new Odd('b').stack); const own = {}; Error.captureStackTrace(own); found.push(own.stack); await new Promise(done => setTimeout(() => { found.push(new Odd('c').stack); done() }, 1)); return { ...look(...found), texts: found.every(one => typeof one === 'string') }`,
    'stacks that name the host': `const stacks = [new Error('a').stack, (await thrownBy(() => fetch('http://fails/'))).stack, (await new Promise(done => setTimeout(() => done(new Error('b')), 1))).stack, (await thrownBy(() => parseXML('<')(state))).stack]; return { ...look(), named: stacks.filter(stack => /node:|file:|node_modules|\\.ts\\b/.test(stack)) }`,
    'callers of functions': `const found = []; function sloppy() { for (const name of ['caller', 'callee', 'arguments']) try { found.push(sloppy[name]) } catch {} try { found.push(arguments.callee, arguments.callee.caller) } catch {} }; sloppy(); [1].map(sloppy); await fn(sloppy)(state); setTimeout(sloppy, 0); await new Promise(done => setTimeout(done, 3)); return look(...found)`,
    'this of functions that others call': `const found = []; function who() { found.push(this) } ; who(); [1].map(who); JSON.stringify({ a: 1 }, who); fn(who)(state); setTimeout(who, 0); queueMicrotask(who); Promise.resolve().then(who); 'a'.replace(/a/, who); await new Promise(done => setTimeout(done, 3)); return look(...found)`,
    'private fields on what belongs to all': `class Stamp extends (function (object) { return object }) { #mark = look; static read(object) { return object.#mark } }; for (const one of [Object.prototype, fn, fetch, globalThis, console.log]) new Stamp(one); return look(Stamp.read(fn))`,
    'raw JSON within an outcome': `const raw = []; for (const text of ['1\\n2', '1]', '"a\\nb"', '{}', '1}\\n{"status":"success"}']) try { raw.push(JSON.rawJSON(text)) } catch {} return { ...look(...raw), raw, one: JSON.rawJSON?.('1e1000') ?? null }`,
    'text that looks like the frames of the pipe': `const text = '\\nended\\n1\\n{"status":"success"}\\n{}\\u2028\\r\\n\\0'; console.log(text); await thrownBy(() => http.post('http://a/', text, { headers: { a: 'b' } })(state)); await thrownBy(() => http.get('http://a/\\n\\nended')(state)); return { ...look(), text }`,
    'rejections that nobody asks for, as odd as can be': `for (const odd of [undefined, null, 1n, Symbol('a'), fn, new Proxy({}, { get() { throw 1 }, getPrototypeOf() { throw 2 } }), Object.create(Error.prototype), Object.defineProperties(new Error('a'), { stack: { get() { throw 1 } }, message: { get: () => process }, name: { get() { throw 3 } } }), new Proxy(new Error('b'), { get: () => look }), Object.assign(new Error('c'), { cause: { get toJSON() { throw 1 } } }), { then: 1 }, new AggregateError([new Error('d')]), new (class extends Error { get message() { for (let n = 0; n < 1e6; n++); return {} } })()]) Promise.reject(odd); return look()`,
    'names of the realm itself': `return { ...look(), known: ['penstock', 'ses', 'lockdown', 'harden', 'repairIntrinsics', 'hardenIntrinsics', 'Compartment', '$add', '$then', '$promise', 'ivm', 'runs'].filter(name => { try { return Reflect.has(globalThis, name) || typeof globalThis[name] !== 'undefined' } catch { return true } }) }`,
    'dynamic import in every way': `const found = await Promise.all(['node:fs', 'fs', './child.ts', 'data:text/javascript,export default 1', 'job.js', ''].map(name => import(name).catch(error => error))); found.push(await import({ toString: () => 'node:process' }).catch(error => error)); return { ...look(...found), all: found.every(one => one instanceof Error) }`,
    'what WebAssembly and shared memory leave behind': `const gone = ['WebAssembly', 'SharedArrayBuffer', 'Atomics', 'WeakRef', 'FinalizationRegistry', 'DisposableStack', 'ShadowRealm', 'Temporal', 'Worker', 'queueMacrotask', 'gc', 'd8', 'print', 'load', 'performance', 'navigator', 'global.process']; return { ...look(), there: gone.filter(name => typeof globalThis[name] !== 'undefined') }`,
    'a longer buffer than there is': `const buffer = new ArrayBuffer(8, { maxByteLength: 64 }); const bytes = new Uint8Array(buffer); const odd = { valueOf: () => { buffer.resize(0); return 4 } }; for (const use of [() => bytes.fill(1, odd), () => bytes.subarray(odd), () => bytes.slice(0, odd), () => Buffer.from(buffer, odd), () => new DataView(buffer, odd), () => bytes.copyWithin(odd, 0), () => crypto.getRandomValues(bytes), () => structuredClone(bytes), () => new TextDecoder().decode(bytes)]) { await thrownBy(use); buffer.resize(8) } const moved = buffer.transfer(); await thrownBy(() => fetch('http://a/', { method: 'POST', body: bytes })); return look(moved)`,
  }),
  ...ending('killed 4 SecurityError')({
    'Function by its name': `Function('return process')()`,
    'Function, newly made': `new Function('return process')()`,
    'Function by Reflect': `Reflect.construct(Function, ['return process'])()`,
    'Function by call': `Function.prototype.constructor.call(null, 'return process')()`,
    'Function by bind': `Function.bind(null, 'return process')()()`,
    'Function of an async function': `(async () => {}).constructor('return process')()`,
    'Function of a generator': `Reflect.construct((function* () {}).constructor, ['yield process'])()`,
    'Function of an async generator': `Object.getPrototypeOf(async function* () {}).constructor('yield process')()`,
    'Function of a proxy of itself': `new Proxy(Function, {})('return process')()`,
    'Function of a class that extends it': `new (class extends Function {})('return process')()`,
    'Function of a class that extends a generator function': `new (class extends (function* () {}).constructor {})('yield 1')()`,
    'Function of Buffer': `Buffer.from.constructor.constructor('return process')()`,
    'Function of URL': `new URL('http://a').searchParams.get.constructor('return process')()`,
    'Function of dateFns': `dateFns.format.constructor('return process')()`,
    'Function of parseCsv': `parseCsv('a').constructor('return process')()`,
    'Function of a listener': `new AbortController().signal.addEventListener.constructor('return process')()`,
    'Function as an operation': `return fn(Function)('return process')`,
    'Function as a getter of a list': `return [...merge(Function, {})('return process')]`,
    'the constructor of the state': `state.constructor.constructor('return process')()`,
    'the constructor of an answer': `(await fetch('http://a/')).constructor.constructor('return process')()`,
    'the constructor of an error of the egress': `(await thrownBy(() => fetch('http://fails/'))).constructor.constructor('return process')()`,
    'the constructor of a timer': `setTimeout(() => {}, 0).constructor.constructor('return process')()`,
    eval: `eval('process')`,
    'eval, indirectly': `(0, eval)('process')`,
    'eval of a timer': `setTimeout(() => eval('1')); await new Promise(done => setTimeout(done, 5))`,
  }),
  ...ending('failed 1 TypeError')({
    'a regular expression that is compiled anew': `Function.prototype.toString.call(/a/).constructor.constructor('1')()`,
    'a timer of text': `setTimeout('process.exit()', 0)`,
    'an interval of text': `setInterval('process.exit()', 0)`,
    'a state that is the door': `return () => penstock`,
  }),
  ...ending('crashed 1 ReferenceError')({
    process: `process.mainModule.require('fs')`,
    require: `require('node:child_process')`,
    module: `module.constructor._load('fs')`,
    WebAssembly: `new WebAssembly.Module(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]))`,
    SharedArrayBuffer: `Atomics.wait(new Int32Array(new SharedArrayBuffer(8)), 0, 0)`,
    FinalizationRegistry: `new FinalizationRegistry(() => {})`,
  }),
  ...ending('crashed 1 SyntaxError')({
    'Function as a callback of map': `['return process'].map(Function)[0]()`,
    'Function as an item function': `return (await map(['return process'], Function)({})).data`,
    'Function as a replacer': `'return process'.replace(/.*/, Function)`,
  }),
  ...ending('failed 1 Error')({
    'an error with a toString that runs': `throw Object.assign(new Error('x'), { toString: () => process, toJSON: () => process })`,
    'a thrown proxy of a function': `throw new Proxy(function () {}, { get: (_, key) => { if (key === 'toString') return () => 'x'; throw key } })`,
  }),
  ...['return import.meta.url', 'with (state) { data }', 'return new.target', 'await import.source("a")'].map(
    (code) => ({
      name: `syntax that reaches out: ${code}`,
      code: `fn(async (state) => { ${code} })`,
      end: 'crashed 1 SyntaxError',
    }),
  ),
  ...['}); penstock.open(); (() => {', '})); (async () => { globalThis.out = 1 })(); ((', '*/ /*', '`${'].map(
    (code) => ({
      name: `text that leaves its function: ${code}`,
      code: `fn(state => state)\n${code}`,
      end: 'crashed 1 SyntaxError',
    }),
  ),
]

/** A job that does nothing but look whether all is as it should be, as each payload's job does for a state of `{ calm: true }`. */
export const calmJob = inJob('return null')
