/** Whatever is called gives something that may be called again: the cases know what they do. */
type Call = (...args: readonly unknown[]) => Call

/** What both packages offer: functions by name, and objects of functions. */
export type Common = Readonly<
  Record<
    | 'alterState'
    | 'arrayToString'
    | 'as'
    | 'asData'
    | 'assert'
    | 'chunk'
    | 'combine'
    | 'composeNextState'
    | 'cursor'
    | 'dataPath'
    | 'dataValue'
    | 'debug'
    | 'each'
    | 'execute'
    | 'field'
    | 'fields'
    | 'fn'
    | 'fnIf'
    | 'group'
    | 'humanProper'
    | 'index'
    | 'join'
    | 'jsonValue'
    | 'lastReferenceValue'
    | 'log'
    | 'map'
    | 'merge'
    | 'parseCsv'
    | 'referencePath'
    | 'scrubEmojis'
    | 'source'
    | 'sourceValue'
    | 'splitKeys'
    | 'toArray'
    | 'validate',
    Call
  > & {
    beta: Readonly<Record<'each', Call>>
    dateFns: Readonly<Record<'parse' | 'format', Call>>
    util: Readonly<
      Record<
        | 'assertRelativeUrl'
        | 'decode'
        | 'encode'
        | 'encodeFormBody'
        | 'expandReferences'
        | 'logResponse'
        | 'makeBasicAuthHeader'
        | 'normalizeOauthConfig'
        | 'parseDate'
        | 'parseUrl'
        | 'throwError'
        | 'uuid',
        Call
      >
    >
  }
>

/** One call, made through upstream's package and through ours; `differs` is its row in processors/runner/language/differences.md. */
export type Case = Readonly<{ says: string; call: (common: Common) => unknown; differs?: string }>

export type State = Record<string, unknown>

/** A state with something of everything. */
export const state = (): State => ({
  data: {
    name: 'Ada',
    zero: 0,
    none: null,
    no: false,
    empty: '',
    list: [
      { id: 1, tags: ['a'] },
      { id: 2, tags: ['b', 'c'] },
    ],
    numbers: [1, 2, 3],
    'meta-data': { 'x y': 1 },
    '*meta-instance-id*': 'uuid:1',
    'gps:Latitude': 5,
    '-type': 'T',
    '@xmlns': 'ns',
    '#type': 'h',
    'a.b': 'dotted',
    "it's": 'quoted',
    größe: 7,
    deep: { er: { est: [{ x: { y: 'z' } }] } },
    csv: 'a,b\n1,2\n3,4\n',
    schema: { type: 'object', required: ['name'], properties: { name: { type: 'string' } } },
  },
  references: [{ id: 'first', n: 1 }, { id: 'second' }],
  configuration: { user: 'u' },
  index: 3,
  cursor: 'c',
})

/** A case for each text. */
export const all = (names: readonly string[], cases: (name: string) => Case): readonly Case[] => names.map(cases)

/** An operation that counts. */
export const plus =
  (n: number) =>
  (given: unknown): State => ({ ...(given as State), n: Number((given as State)['n'] ?? 0) + n })
/** The same, with a promise. */
export const later =
  (n: number) =>
  async (given: unknown): Promise<State> =>
    plus(n)(given)
/** An operation that notes what it was given. */
export const note = (given: unknown): State => {
  const { seen = [], data, index } = given as { seen?: unknown[]; data: unknown; index: unknown }
  return { ...(given as State), seen: [...seen, [data, index]] }
}
/** What stands at a key of the state. */
export const at =
  (key: string) =>
  (given: unknown): unknown =>
    (given as State)[key]
/** What stands at `data.name`. */
export const name = (given: unknown): unknown => ((given as State)['data'] as State)['name']

/** The `data` of what an operation gave. */
export const dataOf = async (given: unknown): Promise<unknown> => ((await given) as State)['data']
