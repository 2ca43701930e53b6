import type { OfRun } from '../host.ts'
import { abortSignalOf } from './abort.ts'
import { fetchOf } from './fetch.ts'
import { cryptoOf } from './random.ts'

/** The part of the web's globals that needs something of its run: the network, a clock, chance. */
export const webOfRun: OfRun = { fetch: fetchOf, AbortSignal: abortSignalOf, crypto: cryptoOf }
