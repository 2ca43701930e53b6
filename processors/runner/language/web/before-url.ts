import { atob } from './encoding.ts'

// The library for URLs unpacks its tables with `atob` while it loads, and an isolate has none.
globalThis.atob ??= atob
