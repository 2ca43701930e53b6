/** What stands in for a module of Node that no job has: whatever is taken of it can be passed around, and says why when it is called. */
export const absent = (module: string): object => {
  const part = (name: string): unknown =>
    class {
      constructor() {
        throw failed(name)
      }
    }
  const failed = (name: string): Error => {
    const error = new Error(
      `${module}.${name} is not available in a job: ${reasons[module] ?? 'there is no Node here'}`,
    )
    return Object.assign(error, { code: 'NOT_IN_A_JOB' })
  }
  const callable = (name: string): unknown =>
    new Proxy(part(name) as () => void, {
      apply: () => {
        throw failed(name)
      },
    })
  // As the prototype of the module it outlives the copying of a bundler's imports.
  const parts = new Proxy(Object.create(null), {
    get: (_, name) => (typeof name === 'string' && !plain.has(name) ? callable(name) : undefined),
  })
  return Object.create(parts, { constants: { value: {} } })
}

const plain: ReadonlySet<string> = new Set(['__esModule', 'default', 'then', 'constants', 'toString', 'valueOf'])

const reasons: Readonly<Record<string, string>> = {
  fs: 'it has no files',
  'fs/promises': 'it has no files',
  net: 'it has HTTP and no sockets',
  tls: 'it has HTTP and no sockets',
  dgram: 'it has HTTP and no sockets',
  http2: 'it has HTTP/1.1 by fetch',
  dns: 'names are looked up for it',
  child_process: 'it starts no processes',
  worker_threads: 'it has no threads',
  vm: 'no code in it may make code of text',
  http: 'it asks and does not answer',
  zlib: 'it packs and unpacks nothing',
}
