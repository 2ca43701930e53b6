// `ses` looks for a console while it loads, and an isolate has none. Jobs never see this one: each run has its own.
const silent = (): void => {}
const names = [
  'debug',
  'log',
  'info',
  'warn',
  'error',
  'trace',
  'group',
  'groupCollapsed',
  'groupEnd',
  'assert',
  'time',
]
Object.assign(globalThis, { console: Object.fromEntries(names.map((name) => [name, silent])) })
