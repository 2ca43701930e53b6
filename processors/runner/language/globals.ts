import { ofRunNames, ofRunOperationNames, webGlobalNames } from './names.ts'

/** ECMAScript's own globals that a job sees. All others are taken away (`semantics.md` 7). */
export const standardGlobals: readonly string[] = [
  ...['globalThis', 'undefined', 'NaN', 'Infinity', 'parseInt', 'parseFloat', 'isNaN', 'isFinite'],
  ...['encodeURI', 'encodeURIComponent', 'decodeURI', 'decodeURIComponent', 'escape', 'unescape'],
  ...[
    'Object',
    'Function',
    'Array',
    'String',
    'Number',
    'Boolean',
    'Symbol',
    'BigInt',
    'Math',
    'JSON',
    'Date',
    'RegExp',
  ],
  ...['Error', 'AggregateError', 'EvalError', 'RangeError', 'ReferenceError', 'SyntaxError', 'TypeError', 'URIError'],
  ...['Map', 'Set', 'WeakMap', 'WeakSet', 'Promise', 'Proxy', 'Reflect', 'Iterator', 'Intl'],
  ...[
    'ArrayBuffer',
    'DataView',
    'Int8Array',
    'Uint8Array',
    'Uint8ClampedArray',
    'Int16Array',
    'Uint16Array',
    'Int32Array',
  ],
  ...['Uint32Array', 'Float16Array', 'Float32Array', 'Float64Array', 'BigInt64Array', 'BigUint64Array'],
]

/** Names that are there although no job declares them. `global` is what `globalThis` was called in OpenFn v1. */
export const globalNames: ReadonlySet<string> = new Set([
  ...standardGlobals,
  ...webGlobalNames,
  ...ofRunNames.filter((name) => name !== 'util' && !ofRunOperationNames.includes(name)),
  'global',
])
